-- web/cors.lua: which pages of other origins may call a service (the CORS protocol of the Fetch standard).
-- Tokens travel in the Authorization header, never in cookies of these services, so credentials stay off.

local M = {}

local EXPOSED = "ETag, Location, Retry-After, RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset,"
  .. " Idempotent-Replayed, Mcp-Session-Id, WWW-Authenticate"
local HEADERS = "Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, Last-Event-ID,"
  .. " Mcp-Session-Id, MCP-Protocol-Version"
local PREFLIGHT_SECONDS = "600"

---@param origins string[]? such as "https://school.example"; "*" for all
---@return fun(http: host.request, status: integer, headers: table?): table? adds what the browser asks for
function M.new(origins)
  local allowed = {}
  for _, origin in ipairs(origins or {}) do allowed[origin] = true end
  local all, none = allowed["*"], next(allowed) == nil

  return function(http, _, headers)
    if none then return headers end
    local origin, out = http:header("origin"), {}
    for name, value in pairs(headers or {}) do out[name] = value end
    -- Caches keep what one origin was told from the others.
    if not all then out.vary = out.vary and out.vary .. ", Origin" or "Origin" end
    if not all and not allowed[origin] then return out end
    out["access-control-allow-origin"] = all and "*" or origin
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
