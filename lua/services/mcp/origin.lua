-- services/mcp/origin.lua: which pages may call the MCP server. A browser names the page's origin; programs name none.
-- The address of this host is not enough: a name of the attacker's may point to it (DNS rebinding).

local settings = require "host.settings"

local M = {}

local LOOPBACK = { localhost = true, ["127.0.0.1"] = true, ["[::1]"] = true }

local function host_of(origin)
  local rest = origin:lower():match("^https?://(.+)$")
  if not rest then return nil end
  return rest:match("^(%[[%x:]+%])") or rest:match("^([^:/]+)")
end

--- Whether a page of this origin may call.
---@param origin string? the header Origin
---@return boolean
function M.is_allowed(origin)
  if not origin then return true end
  local host = host_of(origin)
  if not host then return false end
  if LOOPBACK[host] or host == host_of(settings.public_url) then return true end
  for _, list in ipairs({ settings.origins or {}, settings.ws_origins or {} }) do
    for _, allowed in ipairs(list) do
      if allowed == origin then return true end
    end
  end
  return false
end

return M
