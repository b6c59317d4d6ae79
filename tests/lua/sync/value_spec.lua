local value = require "sync.value"

describe("sync.value", function()
  it("keeps numbers that JSON cannot carry out of trees", function()
    assert.has_error(function() value.float(0 / 0) end)
    assert.has_error(function() value.vector3(1, math.huge, 0) end)
    assert.has_error(function() value.placed(0, -math.huge, 0) end)
  end)

  it("refuses what is not of the type", function()
    assert.has_error(function() value.string(5) end)
    assert.has_error(function() value.string(("x"):rep(200001)) end)
    assert.has_error(function() value.bool("true") end)
    assert.has_error(function() value.int(1.5) end)
    assert.has_error(function() value.int(2147483648) end)
    assert.has_error(function() value.enum(-1) end)
  end)

  it("turns about the vertical axis so that the front looks where the angle says", function()
    -- The front of a part is -Z; turned by 90 degrees it looks along -X.
    local o = value.placed(0, 0, 0, 90).CFrame.orientation
    assert.near(-1, -o[1][3], 1e-12)
    assert.near(0, -o[3][3], 1e-12)
  end)

  it("compares by content, in both directions", function()
    assert.is_true(value.equal(value.rgb(1, 2, 3), value.rgb(1, 2, 3)))
    assert.is_false(value.equal(value.rgb(1, 2, 3), value.rgb(1, 2, 4)))
    assert.is_false(value.equal({ a = 1 }, { a = 1, b = 2 }))
    assert.is_false(value.equal({ a = 1, b = 2 }, { a = 1 }))
    assert.is_false(value.equal({ a = 1 }, 1))
  end)
end)
