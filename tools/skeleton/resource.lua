-- services/api/gadgets.lua: what gizmos are for, and who calls it.

local answer = require "web.answer"
local cursor = require "web.cursor"
local gadget = require "model.gadget"
local guard = require "web.guard"
local schema = require "web.schema"
local shapes = require "services.api.shapes"

local optional = schema.optional

local GADGETS = "/api/v1/gadgets"

-- What a caller gives, and may change later.
local fields = { title = shapes.name, description = schema.multiline(0, 2000) }

local New = schema.object { title = fields.title, description = optional(fields.description) }
local Change = schema.partial(New)

local Gadget = schema.named("Gadget", schema.extend(schema.object(fields), {
  id = schema.id(GADGETS), owner_id = schema.id(shapes.USERS),
  created_at = schema.time(), updated_at = schema.time(),
}))

---@param req api.listGadgets
local function list(req)
  return cursor.list(req, function(page) return gadget.list(req.user, page) end)
end

---@param req api.createGadget
local function create(req)
  return gadget.create(req.user, req.body)
end

---@param req api.showGadget
local function show(req)
  return gadget.find(req.user, req.params.gadget_id)
end

---@param req api.changeGadget
local function change(req)
  return gadget.update(req.user, req.params.gadget_id, req.body, req.revision)
end

---@param req api.deleteGadget
local function delete(req)
  return answer.done(gadget.delete(req.user, req.params.gadget_id, req.revision))
end

local role = guard.role
local tags = { "Gadgets" }
local by_id = { gadget_id = schema.id(GADGETS) }

return {
  ["/gadgets"] = {
    GET = { "List one's gizmos", role("teacher", list), out = schema.list(Gadget),
      query = cursor.query { "title" }, id = "listGadgets", tags = tags },
    POST = { "Make a gizmo", role("teacher", create), body = New, out = Gadget, creates = true,
      id = "createGadget", tags = tags },
  },
  ["/gadgets/{gadget_id}"] = {
    GET = { "Show a gizmo", role("teacher", show), params = by_id, out = Gadget,
      id = "showGadget", tags = tags },
    PATCH = { "Change a gizmo", role("teacher", change), params = by_id, body = Change, out = Gadget,
      id = "changeGadget", tags = tags },
    DELETE = { "Delete a gizmo", role("teacher", delete), params = by_id, id = "deleteGadget", tags = tags },
  },
}
