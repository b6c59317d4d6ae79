-- web/cors.lua: which pages of other origins may call a service (the CORS protocol of the Fetch standard).
-- Tokens travel in the Authorization header, never in cookies of these services, so credentials stay off.

local M = {}

local EXPOSED = "ETag, Location, Retry-After, RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset,"
  .. " Idempotent-Replayed, Mcp-Session-Id, WWW-Authenticate"
local HEADERS = "Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, Mcp-Session-Id,"
  .. " MCP-Protocol-Version"
local PREFLIGHT_SECONDS = "600"

---@param origins string[]? such as "https://school.example"; "*" for all
---@return fun(http: host.request, status: integer, headers: table?): table? adds what the browser asks for
function M.new(origins)
  local allowed = {}
  for _, origin in ipairs(origins or {}) do allowed[origin] = true end

  return function(http, _, headers)
    local origin = http:header("origin")
    if not allowed["*"] and not allowed[origin] then return headers end
    local out = {}
    for name, value in pairs(headers or {}) do out[name] = value end
    out["access-control-allow-origin"] = allowed["*"] and "*" or origin
    if not allowed["*"] then out.vary = out.vary and out.vary .. ", Origin" or "Origin" end
    out["access-control-expose-headers"] = EXPOSED
    if http.method == "OPTIONS" and http:header("access-control-request-method") then
      out["access-control-allow-methods"] = out.allow
      out["access-control-allow-headers"] = HEADERS
      out["access-control-max-age"] = PREFLIGHT_SECONDS
    end
    return out
  end
end

return M
