-- services/api/families.lua: who is whose parent. Links are made in users.lua, with a code.

local answer = require "web.answer"
local cursor = require "web.cursor"
local family = require "model.family"
local guard = require "web.guard"
local schema = require "web.schema"
local shapes = require "services.api.shapes"

---@param req api.listParents
local function parents(req)
  return cursor.list(req, function(page) return family.parents(req.user, req.params.user_id, page) end)
end

---@param req api.unlinkParent
local function unlink(req)
  return answer.done(family.unlink(req.user, req.params.parent_id, req.params.user_id))
end

---@param req api.unlinkChild
local function unlink_mine(req)
  return answer.done(family.unlink(req.user, req.user.id, req.params.child_id))
end

local tags = { "People" }
local user = schema.id(shapes.USERS)

return {
  ["/users/{user_id}/parents"] = {
    GET = { "List a student's parents", guard.signed_in(parents), params = { user_id = user },
      query = cursor.query({ "name" }), out = schema.list(shapes.Parent), id = "listParents", tags = tags },
  },
  ["/users/{user_id}/parents/{parent_id}"] = {
    DELETE = { "End the link of a parent to a student", guard.role("admin", unlink),
      params = { user_id = user, parent_id = user }, id = "unlinkParent", tags = tags },
  },
  ["/me/children/{child_id}"] = {
    DELETE = { "End the link to a child", guard.role("parent", unlink_mine), params = { child_id = user },
      id = "unlinkChild", tags = tags },
  },
}
