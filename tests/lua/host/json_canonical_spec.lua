local json = require "host.json"

describe("canonical JSON", function()
  it("is one text for equal values", function()
    local one = { b = 1, a = { d = true, c = "x" }, list = json.array { 2, 1 } }
    local two = json.decode('{ "list": [2, 1], "a": {"c": "x", "d": true}, "b": 1 }')
    assert.are.equal('{"a":{"c":"x","d":true},"b":1,"list":[2,1]}', json.canonical(one))
    assert.are.equal(json.canonical(one), json.canonical(two))
  end)

  it("puts any number of names in order, octet by octet", function()
    local many, names = {}, {}
    for i = 1, 100 do many[("n%d"):format(i * 37 % 101)] = { b = i, a = i } end
    many["n\195\164"], many[""], many["n"] = true, true, true
    json.canonical(many):gsub('"(n?[^"]*)":[{t]', function(name) names[#names + 1] = name end)
    local sorted = { unpack(names) }
    table.sort(sorted)
    assert.are.equal(103, #names)
    assert.are.same(sorted, names)
    assert.are.same(many, json.decode(json.canonical(many)))
  end)

  it("refuses what encode refuses", function()
    assert.error_matches(function() json.canonical { a = { b = 1, [true] = 2 } } end, "other keys at %$%.a")
    assert.error_matches(function() json.canonical { ["\255"] = 1 } end, "not UTF%-8")
    assert.error_matches(function() json.canonical { a = { 1, x = 2 } } end, "other keys")
  end)

  it("keeps empty arrays and objects apart, and null", function()
    assert.are.equal('{"a":[],"n":null,"o":{}}', json.canonical { a = json.array {}, o = {}, n = json.null })
  end)
end)
