-- Strings from the wire to values.

local json = require "host.json"
local negotiate = require "web.negotiate"
local parameters = require "web.parameters"
local paths = require "web.paths"
local schema = require "web.schema"
local url = require "util.url"

describe("util.url", function()
  it("decodes once and refuses what is no escape", function()
    assert.equal("a b/%41", url.decode("a%20b%2F%2541"))
    for _, text in ipairs { "%", "%4", "a%zz", "%%41", "%ff", "%c0%af" } do assert.is_nil(url.decode(text)) end
  end)

  it("collects names that come twice", function()
    assert.same({ a = { "1", "2" }, b = "x y", c = "" }, url.parse("a=1&b=x+y&a=2&c"))
  end)

  it("writes what it reads", function()
    local values = { ["a b"] = "ä&=+", c = "1" }
    assert.same(values, url.parse(url.build(values)))
  end)
end)

describe("web.parameters", function()
  local read = parameters.query {
    n = schema.optional(schema.integer(1, 5)), on = schema.optional(schema.boolean()),
    sort = schema.optional(schema.array(schema.enum { "a", "b" }, 1, 2)), must = schema.text(1, 3),
  }

  it("converts by the schema", function()
    local errors = {}
    local values = read("n=3&on=false&sort=a,b&must=x", errors)
    assert.same({}, errors)
    assert.equal(3, values.n)
    assert.is_false(values.on)
    assert.same({ "a", "b" }, { unpack(values.sort) })
    assert.is_true(json.is_array(values.sort))
  end)

  it("collects errors by parameter", function()
    local errors = {}
    read("n=0x3&on=yes&sort=a,c", errors)
    local told = {}
    for i, err in ipairs(errors) do told[i] = err.parameter .. " " .. err.code end
    assert.same({ "must required", "n type", "on type", "sort enum" }, told)
  end)

  it("reads entity tags (RFC 9110, section 8.8.3)", function()
    assert.equal("*", parameters.entity_tags("*"))
    assert.same({ ['"a"'] = true, ['"b,c"'] = true, ['""'] = true }, parameters.entity_tags('"a", W/"b,c",""'))
    assert.same({ ['"a"'] = true }, parameters.entity_tags('"a", W/"b"', true))
    assert.same({ ['"a"'] = true, ['"b"'] = true }, parameters.entity_tags(' , "a",, "b" ,'))
    for _, text in ipairs { "", " ,", "a", 'W"a"', '/"a"', '"a" "b"', '"a', '*, "a"', '"a", *' } do
      assert.is_nil(parameters.entity_tags(text), text)
    end
  end)
end)

describe("web.negotiate", function()
  it("lets the most specific range decide (RFC 9110, section 12.5.1)", function()
    local json_type = "application/json"
    for _, header in ipairs { "*/*", "application/*", "APPLICATION/JSON;q=0.5", "text/html, */*;q=0.1",
      "application/json, ", ", */*", "", " ," } do
      assert.is_true(negotiate.accepts(header, json_type), header)
    end
    for _, header in ipairs { "text/html", "application/json;q=0, */*", "*/*;q=0" } do
      assert.is_false(negotiate.accepts(header, json_type), header)
    end
    assert.is_true(negotiate.accepts(nil, json_type))
  end)
end)

describe("web.paths", function()
  local tree = paths.new()
  local a, b, c = tree:add("/a/{x}"), tree:add("/a/new"), tree:add("/a/{x}/b/{y}")
  local slash = tree:add("/posts/{id}/")

  it("prefers literal segments", function()
    assert.equal(b, (tree:find("/a/new")))
    local entry, values = tree:find("/a/other")
    assert.equal(a, entry)
    assert.same({ x = "other" }, values)
    entry, values = tree:find("/a/new/b/2")
    assert.equal(c, entry)
    assert.same({ x = "new", y = "2" }, values)
  end)

  it("takes slashes at their word", function()
    assert.equal(slash, (tree:find("/posts/1/")))
    for _, path in ipairs { "/posts/1", "/a/", "/a", "/", "/a//b/2", "/a/1/b" } do assert.is_nil((tree:find(path))) end
  end)
end)
