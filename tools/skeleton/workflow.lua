-- workflows/gadget.lua: what it does, and what starts it.
--
-- Each step is recorded: after a crash it is not run again, so whatever acts on the outside belongs into one.

local M = {}

function M.run(flow, input)
  local first = flow:step("first", input, function()
    return { seen = input.subject }
  end)
  return first
end

return M
