-- What a declaration accepts, what it refuses and how it says so.

local json = require "host.json"
local jsonschema = require "web.jsonschema"
local schema = require "web.schema"
local shape = require "web.shape"
local validate = require "web.validate"

local function refused(declared, value)
  local checked, found = validate.check(declared, value)
  assert.is_nil(checked)
  local list = {}
  for i, err in ipairs(found) do list[i] = err.pointer .. " " .. err.code end
  return table.concat(list, ", ")
end

local function accepts(declared, value)
  local checked, found = validate.check(declared, value)
  assert.is_nil(found)
  return checked
end

describe("web.schema", function()
  local Class = schema.object {
    name = schema.text(1, 20),
    grade = schema.integer(1, 12),
    note = schema.optional(schema.multiline(0, 100)),
    tags = schema.optional(schema.array(schema.text(1, 5), 0, 3)),
  }

  it("takes what fits", function()
    local value = accepts(Class, { name = "Biology", grade = 7 })
    assert.same({ name = "Biology", grade = 7 }, value)
  end)

  it("tells every error of a value at once, with JSON pointers", function()
    assert.equal("#/colour unknown, #/grade range, #/name required, #/tags/1 length", refused(Class, {
      grade = 13, colour = "red", tags = json.array { "ok", "toolong" },
    }))
  end)

  it("escapes pointers (RFC 6901, section 6)", function()
    assert.equal("#/a~1b~0c%25 unknown", refused(schema.object {}, { ["a/b~c%"] = 1 }))
  end)

  it("takes names that are data as lines of text", function()
    local Map = schema.map(schema.integer(), 2)
    accepts(Map, { [("ü"):rep(100)] = 1, [""] = 2 })
    assert.equal("# name", refused(Map, { [("ü"):rep(101)] = 1 }))
    assert.equal("# name", refused(Map, { ["a\194\133"] = 1 }))
    assert.equal("#/a type", refused(Map, { a = "b" }))
    assert.equal("# length", refused(Map, { a = 1, b = 2, c = 3 }))
    assert.equal(100, jsonschema.convert(Map).propertyNames.maxLength)
  end)

  it("tells types apart", function()
    assert.equal("# type", refused(Class, json.array {}))
    assert.equal("# type", refused(schema.array(Class), { a = 1 }))
    assert.equal("# type", refused(schema.integer(1, 5), "3"))
    assert.equal("# type", refused(schema.integer(1, 5), 1.5))
    assert.equal("# type", refused(schema.number(), 0 / 0))
    assert.equal("# type", refused(schema.boolean(), "true"))
    assert.equal("# null", refused(schema.text(0, 5), json.null))
    assert.equal(json.null, accepts(schema.nullable(schema.text(0, 5)), json.null))
  end)

  it("refuses whole numbers that a double cannot tell apart", function()
    assert.equal("# range", refused(schema.integer(), 2 ^ 60))
  end)

  it("bounds how many items an array has", function()
    local Few = schema.array(schema.integer(), 1, 2)
    accepts(Few, json.array { 1, 2 })
    assert.equal("# length", refused(Few, json.array {}))
    assert.equal("# length", refused(Few, json.array { 1, 2, 3 }))
  end)

  it("counts characters, not octets", function()
    assert.equal("äöüäö", accepts(schema.text(5, 5), "äöüäö"))
    assert.equal("# length", refused(schema.text(1, 4), "äöüäö"))
  end)

  it("refuses control characters, but line feed and tab where lines are declared", function()
    for _, text in ipairs { "a\0b", "a\nb", "a\27b", "a\127b", "a\194\133b" } do
      assert.equal("# control_character", refused(schema.text(1, 9), text))
    end
    assert.equal("a\n\tb", accepts(schema.multiline(1, 9), "a\n\tb"))
    assert.equal("a\nb", accepts(schema.multiline(3, 3), "a\r\nb"))
    assert.equal("# control_character", refused(schema.multiline(1, 9), "a\rb"))
    assert.equal("# control_character", refused(schema.any(), { deep = json.array { "a\0" } }))
  end)

  it("knows formats", function()
    local good = {
      [schema.id()] = { "0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b" },
      [schema.date()] = { "2024-02-29", "0001-01-01" },
      [schema.time()] = { "2026-01-31T08:30:00Z", "2026-01-31t08:30:00.123+02:00", "2026-01-31T08:30:00.123456789Z",
        "0001-01-01T00:00:00Z", "0001-01-01T11:00:00+11:00", "9999-12-31T23:59:59.999999Z" },
      [schema.email()] = { "a@b.example", "x.y+z@sub.host-name.org" },
      [schema.url()] = { "https://example.org/a?b=c#d", "http://[::1]:80/" },
    }
    local bad = {
      [schema.id()] = { "0190a1b2c3d47e5f8a9b0c1d2e3f4a5b", "g190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b" },
      [schema.date()] = { "2023-02-29", "2024-13-01", "0000-01-01", "24-01-01" },
      [schema.time()] = { "2026-01-31", "2026-01-31T24:00:00Z", "2026-01-31T08:30:00", "2026-01-31T08:30:60Z",
        "2026-01-31T08:30:00.1234567890Z", "2026-01-31T08:30:00.Z", "2026-01-31T08:30:00+16:00",
        "0001-01-01T10:59:00+11:00", "9999-12-31T23:00:00-01:00", "9999-12-31T23:59:59.9999999Z" },
      [schema.email()] = { "a@b", "@b.example", "a..b@c.example", "a@-b.example", "a b@c.example" },
      [schema.url()] = { "ftp://example.org", "https://user@example.org", "https:///path", "http://a b" },
    }
    for declared, values in pairs(good) do
      for _, value in ipairs(values) do assert.equal(value, accepts(declared, value)) end
    end
    for declared, values in pairs(bad) do
      for _, value in ipairs(values) do assert.matches("^# ", refused(declared, value)) end
    end
  end)

  it("writes ids in lower case", function()
    assert.equal("0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b", accepts(schema.id(), "0190A1B2-C3D4-7E5F-8A9B-0C1D2E3F4A5B"))
  end)

  it("fills defaults in", function()
    local declared = schema.object { limit = schema.optional(schema.integer(1, 100), 20) }
    assert.same({ limit = 20 }, accepts(declared, {}))
  end)

  it("makes the body of a PATCH of an object", function()
    local change = schema.partial(Class)
    assert.same({ grade = 3 }, accepts(change, { grade = 3 }))
    assert.equal("# empty", refused(change, {}))
    assert.equal("#/grade range", refused(change, { grade = 0 }))
  end)

  it("chooses a variant by its tag", function()
    local Answer = schema.variant("kind", {
      choice = schema.object { index = schema.integer(1, 9) },
      text = schema.object { text = schema.text(1, 9) },
    })
    assert.same({ kind = "choice", index = 2 }, accepts(Answer, { kind = "choice", index = 2 }))
    assert.equal("#/index unknown, #/text required", refused(Answer, { kind = "text", index = 2 }))
    assert.equal("#/kind enum", refused(Answer, { kind = "song" }))
    assert.equal("#/kind required", refused(Answer, {}))
  end)

  it("stops listing errors at a hundred", function()
    local many = json.array {}
    for i = 1, 500 do many[i] = "wrong" end
    local _, found = validate.check(schema.array(schema.integer(), 0, 1000), many)
    assert.equal(100, #found)
  end)
end)

describe("web.shape", function()
  local Row = schema.object {
    id = schema.integer(),
    note = schema.nullable(schema.text(0, 9)),
    extra = schema.optional(schema.text(0, 9)),
    list = schema.array(schema.object { n = schema.integer() }),
  }

  it("lets only declared fields out", function()
    local out = shape.compile(Row) { id = 1, password_hash = "secret", list = { { n = 1, m = 2 } } }
    assert.equal(1, out.id)
    assert.equal(json.null, out.note)
    assert.equal(1, out.list[1].n)
    assert.is_nil(out.password_hash)
    assert.is_nil(out.list[1].m)
    assert.is_nil(out.extra)
    assert.is_true(json.is_array(out.list))
  end)

  it("raises when a required field is missing", function()
    assert.error_matches(function() shape.compile(Row) { list = {} } end, "answer lacks field \"id\"")
    assert.error_matches(function() shape.writer(Row) { list = {} } end, "answer lacks field \"id\"")
  end)

  it("writes at once what it would shape", function()
    local Shown = schema.object {
      row = Row, names = schema.map(schema.integer(), 9), rest = schema.any(),
      either = schema.variant("kind", { a = schema.object { x = schema.text(0, 9) }, b = schema.object {} }),
      items = schema.array(schema.nullable(schema.object { n = schema.integer() }), 0, 9),
    }
    local value = {
      row = { id = 1, password_hash = "secret", list = { { n = 1, m = 2 } } }, names = { one = 1 },
      rest = { "a \"quoted\" text", true, 1.5 }, either = { kind = "a", x = "y\n", z = 1 },
      items = { json.null, { n = 2 } },
    }
    assert.are.same(json.decode(json.encode(shape.compile(Shown)(value))), json.decode(shape.writer(Shown)(value)))
    assert.equal('{"id":1,"list":[],"note":null}', shape.writer(Row) { id = 1, list = {} })
    assert.equal("[]", shape.writer(schema.array(Row)) {})
    assert.error_matches(function() shape.writer(Row) { id = 1, list = "x" } end, "in place of a list")
    assert.error_matches(function() shape.writer(Row) { id = "\255", list = {} } end, "not UTF%-8")
  end)
end)
