-- model/family.lua: who is whose parent. Links are made with a code (model/user.lua); a parent ends the own, an admin
-- any of the school's children.

local access = require "model.access"
local audit = require "model.audit"
local db = require "model.db"
local page = require "model.page"
local user = require "model.user"

local M = {}

--- The parents of somebody whom the viewer may see.
function M.parents(viewer, child_id, pages)
  local child, err = user.find(viewer, child_id)
  if not child then return nil, err end
  return page.list(db.education, {
    select = "select p.id, p.name, p.login, l.created_at as linked_at from parent_links l"
      .. " join users p on p.id = l.parent_id",
    where = { { "l.child_id = ?::uuid", child_id }, access.sees_parent(viewer, "l") },
    columns = { id = { "l.parent_id", "uuid" }, name = { "p.name", "text" } },
    unique = "id",
    direction = "asc",
  }, pages)
end

--- Ends a link.
function M.unlink(by, parent_id, child_id)
  return db.education:transaction(function(tx)
    local gone, err = tx:one({ "delete from parent_links l using users u where u.id = l.child_id"
      .. " and l.parent_id = ?::uuid and l.child_id = ?::uuid and", parent_id, child_id },
      by.id == parent_id and "true" or access.manages_user(by, "u"), "returning l.child_id, u.school_id")
    if not gone then return nil, err end
    local recorded, failure = audit.record(tx, by, "parent.unlink", { kind = "user", id = child_id,
      school_id = gone.school_id, detail = { parent_id = parent_id } })
    return recorded and gone, failure
  end)
end

return M
