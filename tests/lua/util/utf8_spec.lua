local utf8 = require "util.utf8"

describe("UTF-8", function()
  it("is told from what only looks like it, and counted in characters", function()
    assert.are.equal(4, utf8.length("aé中🙂"))
    for _, octets in ipairs { "\255", "\195", "\192\175", "\237\160\128", "\244\144\128\128", "\226\130" } do
      assert.is_nil(utf8.length(octets))
      assert.is_false(utf8.valid(octets))
    end
  end)

  it("is cut between characters", function()
    assert.are.equal("aé", utf8.cut("aé中", 2))
    assert.are.equal("aé中", utf8.cut("aé中", 3))
  end)

  it("is made a line of whatever octets somebody has sent", function()
    assert.are.equal("é中", utf8.line("é中🙂", 2))
    assert.are.equal("a b c", utf8.line("a\tb\194\133c", 100))
    assert.are.equal("caf? ", utf8.line("caf\233\n", 100))
    assert.are.equal(3, #utf8.line(("\195\195\195\195"):rep(50), 3))
  end)
end)
