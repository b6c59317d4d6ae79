local routes = require "services.api.gadgets"

describe("services.api.gadgets", function()
  it("lets nobody but teachers in", function()
    for path, methods in pairs(routes) do
      for method, route in pairs(methods) do
        assert.are.same({ "teach" }, route[2].permissions, method .. " " .. path)
      end
    end
  end)
end)
