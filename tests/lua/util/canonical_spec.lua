local canonical = require "util.canonical"
local json = require "host.json"

describe("canonical JSON", function()
  it("is one text for equal values", function()
    local one = { b = 1, a = { d = true, c = "x" }, list = json.array { 2, 1 } }
    local two = json.decode('{ "list": [2, 1], "a": {"c": "x", "d": true}, "b": 1 }')
    assert.are.equal('{"a":{"c":"x","d":true},"b":1,"list":[2,1]}', canonical.encode(one))
    assert.are.equal(canonical.encode(one), canonical.encode(two))
  end)

  it("keeps empty arrays and objects apart, and null", function()
    assert.are.equal('{"a":[],"n":null,"o":{}}', canonical.encode { a = json.array {}, o = {}, n = json.null })
  end)
end)
