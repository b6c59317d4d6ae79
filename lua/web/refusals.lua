-- web/refusals.lua: which errors a route can answer with: those that follow from what it declares, and those it names
-- itself (errors). The document tells them (web/openapi.lua); in tests an answer that is not among them is a mistake.

local errors = require "web.errors"

local M = {}

---@param route table as the router has completed it
---@return table<string, boolean> codes
function M.of(route)
  -- A query that nobody declared is malformed or invalid at any route.
  local codes = { not_acceptable = true, internal = true, unavailable = true, malformed = true, invalid = true }
  local function add(...) for _, code in ipairs { ... } do codes[code] = true end end
  if route.guard.scheme then add("unauthenticated") end
  -- A user may lack the permission, a user's key the scope.
  if route.guard.permissions or route.guard.scheme == "user" then add("forbidden") end
  if route.limit ~= false then add("rate_limited") end
  if next(route.params) then add("not_found") end
  if route.body or route.form then add("media_type", "too_large", "request_timeout", "refused") end
  if route.if_match then add("no_precondition", "stale") end
  if route.method == "DELETE" or (route.tagged and route.method == "GET") then add("stale") end
  if route.creates then add("key_reused", "in_progress") end
  for _, code in ipairs(route.errors or {}) do codes[code] = true end
  return codes
end

---Fails if a route refuses with a status that its document does not have.
---@param route table
---@return fun(err: host.error)
function M.checker(route)
  local statuses = {}
  for code in pairs(M.of(route)) do statuses[errors.status(code) or 0] = true end
  for _, status in ipairs(route.also or {}) do statuses[status] = true end
  return function(err)
    local code = errors.code_of(err)
    if not statuses[errors.status(code) or 500] then
      error(("%s refuses with %q, which it does not declare"):format(route.label, tostring(code)), 0)
    end
  end
end

return M
