-- web/permission.lua: what the guard's words mean, and which role may do it. Words are written in routes
-- (web/guard.lua); each stands for a permission; which roles hold it is data, which model/permission.lua keeps up to
-- date in every worker (app.lua joins the two). Until it is there nobody is let in.

local M = {}

-- The one place where a word of a guard becomes a permission.
local words = { student = "learn", teacher = "teach", parent = "accompany", admin = "administer" }

---The permissions that the roles of a guard stand for; any of them suffices.
---@param roles string[]
---@return string[]
function M.of_words(roles)
  local permissions = {}
  for i, role in ipairs(roles) do
    permissions[i] = words[role] or error(("a guard names the unknown role %q"):format(role), 0)
  end
  return permissions
end

-- permission → role → true, made anew at each change: who asks never sees half of one.
local holders

---Counts the changes: what was made of an older table (a document) is outdated.
M.version = 0

---Takes the table.
---@param rows { role: string, permission: string }[]
function M.use(rows)
  local fresh = {}
  for _, row in ipairs(rows) do
    local roles = fresh[row.permission] or {}
    fresh[row.permission] = roles
    roles[row.role] = true
  end
  holders, M.version = fresh, M.version + 1
end

---Whether a role holds a permission; nil if that is not known yet.
---@param role string
---@param permission string
---@return boolean?
function M.holds(role, permission)
  if not holders then return nil end
  local roles = holders[permission]
  return roles ~= nil and roles[role] == true
end

---Whether a role holds one of these permissions; nil if that is not known yet.
---@param role string
---@param permissions string[]
---@return boolean?
function M.may(role, permissions)
  if not holders then return nil end
  for i = 1, #permissions do
    if M.holds(role, permissions[i]) then return true end
  end
  return false
end

---The roles that hold one of these permissions, sorted: for documents.
---@param permissions string[]
---@return string[]
function M.roles(permissions)
  local seen, names = {}, {}
  for _, permission in ipairs(permissions) do
    for role in pairs(holders and holders[permission] or {}) do
      if not seen[role] then names[#names + 1] = role end
      seen[role] = true
    end
  end
  table.sort(names)
  return names
end

return M
