local age = require "util.age"

describe("ages", function()
  it("are full years", function()
    assert.are.equal(12, age.years("2013-11-29", "2026-11-28"))
    assert.are.equal(13, age.years("2013-11-28", "2026-11-28"))
    assert.are.equal(0, age.years("2026-01-01", "2026-11-28"))
  end)

  it("grow on 1 March for who was born on 29 February", function()
    assert.is_true(age.is_child("2012-02-29", "2025-02-28"))
    assert.is_false(age.is_child("2012-02-29", "2025-03-01"))
  end)

  it("of who is not born yet are a child's", function()
    assert.is_true(age.is_child("2030-01-01", "2026-11-28"))
  end)
end)
