-- web/guard.lua: words around a handler that say who may call it.
--
--   GET  = { "List my courses", signed_in(list) },
--   POST = { "Create a course", role("teacher", create) },
--
-- The same words guard HTTP routes, sockets, event streams and live topics. A handler without one does not load.
-- Whether a caller may touch this very object is asked in the model, in one place for all services. How a caller
-- proves who he is (a scheme: a token, a cookie, a plugin's key) is told to the router by the service.

local errors = require "web.errors"
local permission = require "web.permission"

local M = {}

local Guarded = {}
Guarded.__index = Guarded

---@param value any
---@return boolean
function M.is(value)
  return getmetatable(value) == Guarded
end

local function guard(handler, rule, level)
  local inner = handler
  if M.is(inner) then
    for key, value in pairs(inner) do
      if rule[key] == nil then rule[key] = value end
    end
    inner = inner.handler
  end
  if type(inner) ~= "function" then error("a guard needs a handler function", level + 1) end
  rule.handler = inner
  return setmetatable(rule, Guarded)
end

---Anybody may call it, and nobody is asked who he is.
function M.public(handler)
  return guard(handler, { scheme = false }, 2)
end

---Anybody who has proved who he is by the scheme of the service's users.
function M.signed_in(handler)
  return guard(handler, { scheme = "user" }, 2)
end

---Users who may do what a role stands for (web/permission.lua): with the seeded rows, an admin has a teacher's rights;
---models keep to the own school.
---@param roles string|string[]
---@param handler function|table
function M.role(roles, handler)
  if type(roles) == "string" then roles = { roles } end
  return guard(handler, { scheme = "user", permissions = permission.of_words(roles) }, 2)
end

---Users who hold a permission that no role stands for alone.
---@param name string
---@param handler function|table
function M.may(name, handler)
  return guard(handler, { scheme = "user", permissions = { name } }, 2)
end

---Callers that a scheme of this service knows, such as a Studio plugin or a game server.
---@param scheme string
---@param handler function|table
function M.by(scheme, handler)
  return guard(handler, { scheme = scheme }, 2)
end

---Asks the scheme for the caller and the rule for permission.
---@param rule table a guarded handler
---@param schemes table<string, { check: fun(req: table): table?, host.error? }>
---@param req table
---@return table|false|nil caller false for a public route
---@return host.error? err
function M.admit(rule, schemes, req)
  local name = rule.scheme
  if not name then return false end
  local caller, err = schemes[name].check(req)
  if not caller then return nil, err or errors.new("unauthenticated") end
  local needed = rule.permissions
  if needed then
    local may = permission.may(caller.role, needed)
    if may == nil then return nil, errors.new("unavailable", "Permissions cannot be checked now") end
    if not may then
      return nil, errors.new("forbidden", "This needs the permission " .. table.concat(needed, " or "))
    end
  end
  return caller
end

return M
