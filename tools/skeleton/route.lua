-- services/SERVICE/gadgets.lua: what this is for, and who calls it.

local guard = require "web.guard"
local schema = require "web.schema"

local Item = schema.object { id = schema.id(), title = schema.text(1, 200) }

-- Takes the input, calls one function of the model, returns a value: value, or nil and err.
local function list(req)
  return { items = {}, limit = req.query.limit }
end

return {
  ["/gadgets"] = {
    GET = { "List my gizmos", guard.signed_in(list), query = { limit = schema.optional(schema.integer(1, 100), 20) },
      out = schema.object { items = schema.array(Item), limit = schema.integer(1, 100) } },
  },
}
