-- model/permission.lua: which role may do what: rows, not code. The seed is in migrations/education; an operator
-- changes them with `toolboxd roles`. Every worker keeps the table (web/permission.lua) and hears of changes.

local audit = require "model.audit"
local db = require "model.db"
local watch = require "model.watch"

local M = {}

--- All rows, by role.
---@return { role: string, permission: string, description: string }[]?
---@return table? err
function M.load()
  return db.education:query("select h.role, h.permission, p.description from role_permissions h"
    .. " join permissions p on p.name = h.permission order by h.role, h.permission")
end

local function change(action, role, permission, statement)
  return db.education:transaction(function(tx)
    local count, err = tx:run(statement)
    if not count or count == 0 then return count, err end
    local recorded, failure = audit.record(tx, nil, action, { kind = "role", id = audit.NO_SCHOOL,
      detail = { role = role, permission = permission } })
    return recorded and count, failure
  end)
end

--- Gives a role a permission.
---@return integer? count 0: it had it
---@return table? err invalid: there is no such permission, or no such role
function M.grant(role, permission)
  return change("role.grant", role, permission, { "insert into role_permissions (role, permission) values (?, ?)"
    .. " on conflict do nothing", role, permission })
end

--- Takes a permission from a role.
---@return integer? count 0: it had it not
---@return table? err
function M.revoke(role, permission)
  return change("role.revoke", role, permission, { "delete from role_permissions where role = ? and permission = ?",
    role, permission })
end

--- Calls use(rows) now and whenever they change, on whatever node (model/watch.lua).
---@param use fun(rows: table[])
function M.watch(use)
  watch.rows("permissions", M.load, use)
end

return M
