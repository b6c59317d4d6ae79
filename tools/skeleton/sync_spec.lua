local rule = require "sync.gadget"

describe("sync.gadget", function()
  it("makes a folder of its material and of nothing else", function()
    assert.is_false(rule.applies({ lesson = { id = "1" } }))
    local node = rule.build({ lesson = { id = "1" }, gadget = { title = "A title" } })
    assert.equal("lesson:1/gadget", node.id)
    assert.equal("A title", node.name)
  end)
end)
