local keys = require "util.keys"

describe("the names in a table", function()
  it("come in order", function()
    assert.are.same({ "a", "b", "c10", "c9" }, keys.sorted { c9 = 1, b = false, a = {}, c10 = 2 })
  end)

  it("are none where there are none", function()
    assert.are.same({}, keys.sorted {})
  end)
end)
