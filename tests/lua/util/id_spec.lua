local id = require "util.id"

describe("names for things", function()
  it("are UUIDs that sort by time", function()
    local last = id.uuid()
    for _ = 1, 100 do
      local next_one = id.uuid()
      assert.is_true(id.is_uuid(next_one))
      assert.is_true(next_one > last)
      last = next_one
    end
    for _, text in ipairs { "", "x", last .. "0", last:gsub("%-", "_"), 7 } do assert.is_false(id.is_uuid(text)) end
  end)

  it("are codes that people read and type without mistakes", function()
    for _ = 1, 200 do
      local code = id.code(8)
      assert.is_truthy(code:find("^[2-9B-Z][2-9B-Z][2-9B-Z][2-9B-Z]%-[2-9B-Z][2-9B-Z][2-9B-Z][2-9B-Z]$"))
      assert.is_nil(code:find("[AEIOUYLS01]"))
      assert.are.equal(code, id.clean_code(" " .. code:lower():gsub("-", " ") .. "\n"))
    end
  end)

  it("are ids and secrets of their forms", function()
    assert.is_truthy(id.object_id():find("^%x+$"))
    assert.are.equal(24, #id.object_id())
    assert.are.equal(#"game_" + 43, #id.secret("game"))
    assert.are.equal(32, #id.digest("x"))
  end)
end)
