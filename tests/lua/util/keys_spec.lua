local keys = require "util.keys"

describe("the names in a table", function()
  it("come in order", function()
    assert.are.same({ "a", "b", "c10", "c9" }, keys.sorted { c9 = 1, b = false, a = {}, c10 = 2 })
  end)

  it("are none where there are none", function()
    assert.are.same({}, keys.sorted {})
  end)

  it("are told from those that are known", function()
    assert.are.same({ "b", "c" }, keys.unknown({ c = 1, a = 1, b = false }, { a = true }))
    assert.are.same({}, keys.unknown({ a = 1 }, { a = true, b = true }))
  end)
end)
