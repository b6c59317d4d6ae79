local origin = require "services.mcp.origin"

describe("services.mcp.origin", function()
  it("lets programs and pages of this machine call", function()
    for _, allowed in ipairs({ "http://localhost:6274", "http://127.0.0.1", "http://[::1]:9876" }) do
      assert.is_true(origin.is_allowed(allowed))
    end
    assert.is_true(origin.is_allowed(nil))
  end)

  it("refuses every other page", function()
    for _, refused in ipairs({ "http://evil.example", "null", "http://localhost.evil.example",
      "http://127.0.0.1.evil.example", "file://", "" }) do
      assert.is_false(origin.is_allowed(refused))
    end
  end)
end)
