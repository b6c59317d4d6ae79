-- host.json: what it reads, refuses and writes, with lua-cjson as the reference where both agree on the rules.

local json = require "host.json"
local cjson = require "cjson"

local function refused(text)
  local value, err = json.decode(text)
  assert.is_nil(value)
  assert.equal("json", err.code)
  return err.message, err.offset
end

local function raises(value, message)
  local ok, err = pcall(json.encode, value)
  assert.is_false(ok)
  assert.is_truthy(err:find(message, 1, true), err)
end

describe("host.json decode", function()
  it("reads every kind of value", function()
    local value = assert(json.decode '{"s":"\\u00e4","n":-1.5e2,"t":true,"f":false,"z":null,"a":[1,[],{}]}')
    assert.equal("ä", value.s)
    assert.equal(-150, value.n)
    assert.is_true(value.t)
    assert.is_false(value.f)
    assert.equal(json.null, value.z)
    assert.same({ 1, {}, {} }, value.a)
  end)

  it("reads what lua-cjson reads", function()
    for _, text in ipairs { "[]", "[1,2,3]", '{"a":{"b":[true,null,"x"]}}', '"plain"', "12", '["\\ud834\\udd1e"]' } do
      assert.same(cjson.decode(text), json.decode(text))
    end
    assert.equal(cjson.null, json.null)
  end)

  it("refuses what is not JSON and says where", function()
    assert.same({ "expected ',' or ']'", 3 }, { refused "[1 2]" })
    assert.same({ "number does not fit", 1 }, { refused "[1e999]" })
    assert.same({ "number does not fit", 0 }, { refused "9007199254740993" })
    assert.same({ "lone surrogate", 1 }, { refused '"\\ud800"' })
    assert.same({ "invalid UTF-8", 1 }, { refused '"\255"' })
    assert.same({ "something behind the value", 1 }, { refused "0x10" })
    refused ""
    refused "nan"
    refused "[1,]"
  end)

  it("refuses equal names, however they are written and however many there are", function()
    assert.same({ "repeated name", 8 }, { refused '{"a":1,"a":2}' })
    refused '{"a":1,"\\u0061":2}'
    refused '[{"x":{"a":null,"b":1,"a":null}}]'
    local names = {}
    for i = 1, 40 do names[i] = ('"n%d":%d'):format(i, i) end
    local object = "{" .. table.concat(names, ",")
    assert.equal(40, assert(json.decode(object .. "}")).n40)
    for _, name in ipairs { "n1", "n16", "n17", "n40" } do
      assert.equal("repeated name", refused(object .. ',"' .. name .. '":0}'))
    end
  end)

  it("takes 64 levels and not one more", function()
    assert(json.decode(("["):rep(64) .. ("]"):rep(64)))
    assert.equal("nested deeper than 64 levels", refused(("["):rep(65) .. ("]"):rep(65)))
  end)

  it("wants a string", function()
    assert.has_error(function() json.decode(12) end)
    assert.has_error(function() json.decode() end)
  end)
end)

describe("host.json encode", function()
  it("keeps arrays arrays and objects objects", function()
    for _, text in ipairs { "[]", "{}", "[[],{}]", '{"a":[]}', "[1,2.5,-3]", '[null,"x"]', '{"k":"\\"\\\\\\n"}' } do
      assert.equal(text, json.encode(assert(json.decode(text))))
    end
  end)

  it("tells arrays by their mark or their keys", function()
    assert.equal("{}", json.encode {})
    assert.equal("[]", json.encode(json.array {}))
    assert.equal('["a","b"]', json.encode { "a", "b" })
    assert.is_true(json.is_array(json.array {}))
    assert.is_true(json.is_array { 1 })
    assert.is_true(json.is_array(json.decode "[]"))
    assert.is_false(json.is_array {})
    assert.is_false(json.is_array { a = 1 })
    assert.is_false(json.is_array "x")
    local marked = {}
    assert.equal(marked, json.array(marked))
    assert.equal(marked, json.array(marked))
    assert.has_error(function() json.array(setmetatable({}, { __index = {} })) end)
  end)

  it("writes an array whose members were set in any order", function()
    local backwards = {}
    for i = 50, 1, -1 do backwards[i] = i end
    local forwards = {}
    for i = 1, 50 do forwards[i] = i end
    assert.equal(json.encode(forwards), json.encode(backwards))
  end)

  it("writes numbers so that they read the same", function()
    for _, number in ipairs { 0, -1, 0.1, 1 / 3, 1e300, 2 ^ 53, 123456.789, 5e-324, 1e15 + 0.5, -0.001 } do
      assert.equal(number, json.decode(json.encode(number)))
    end
    assert.equal("0.1", json.encode(0.1))
    assert.equal("100000", json.encode(1e5))
  end)

  it("refuses what JSON cannot hold and names the path", function()
    raises({ a = { { b = print } } }, "a function at $.a[1].b")
    raises({ 1, 2, 0 / 0 }, "a number that is not finite at $[3]")
    raises(1 / 0, "a number that is not finite at $")
    raises({ x = { 1, nil, 3 } }, "an array with holes at $.x")
    raises({ x = { 1, a = 2 } }, "at $.x")
    raises({ [2] = 1 }, "an array with holes at $")
    raises({ [1.5] = 1 }, "at $")
    raises({ [true] = 1 }, "at $")
    raises(json.array { a = 1 }, "at $")
    raises({ s = "\255" }, "text that is not UTF-8 at $.s")
    raises({ ["\255"] = 1 }, "a name that is not UTF-8")
    raises(nil, "a nil at $")
    raises(coroutine.create(print), "a thread at $")
  end)

  it("refuses a table that contains itself", function()
    local loop = {}
    loop[1] = loop
    raises(loop, "deeper than 64 levels")
  end)

  it("goes on after a failure", function()
    raises({ ("x"):rep(1000), print }, "a function at $[2]")
    assert.equal('["y"]', json.encode { "y" })
  end)

  it("survives texts larger than what it keeps", function()
    local large = {}
    for i = 1, 40000 do large[i] = "member\n" .. i end
    local text = json.encode(large)
    local back = assert(json.decode(text))
    assert.equal(40000, #back)
    assert.equal(large[39999], back[39999])
    assert.equal(text, json.encode(back))
  end)
end)
