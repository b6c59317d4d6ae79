local workflow = require "workflows.gadget"

describe("workflows.gadget", function()
  it("answers what its steps made", function()
    local flow = { step = function(_, _, _, run) return run() end }
    assert.same({ seen = "x" }, workflow.run(flow, { subject = "x" }))
  end)
end)
