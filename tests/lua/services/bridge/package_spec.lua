local package = require "services.bridge.package"
local rbxmx = require "sync.rbxmx"

describe("services.bridge.package", function()
  for _, name in ipairs({ "plugin", "game" }) do
    it("puts every module that " .. name .. " requires below its script", function()
      local root = package.build(name)
      assert.equal("Script", root.class)
      local modules = {}
      for _, child in ipairs(root.children) do
        assert.equal("ModuleScript", child.class)
        modules[child.name] = true
      end
      local required = 0
      for module in root.properties.Source.ProtectedString:gmatch("require%(script%.(%w+)%)") do
        assert.is_true(modules[module], module)
        required = required + 1
      end
      assert.is_true(required >= 4)
      assert.truthy(rbxmx.write({ root }):find("<![CDATA[", 1, true))
    end)
  end
end)
