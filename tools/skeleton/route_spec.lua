local routes = require "services.SERVICE.gadgets"

describe("services.SERVICE.gadgets", function()
  it("asks who calls", function()
    assert.are.equal("user", routes["/gadgets"].GET[2].scheme)
  end)
end)
