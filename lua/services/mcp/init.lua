-- services/mcp/init.lua: the MCP server: AI clients read lessons and progress and have lessons made, with the API's
-- tokens, over Streamable HTTP and WebSocket.

local errors = require "web.errors"
local guard = require "web.guard"
local http = require "services.mcp.http"
local json = require "host.json"
local jsonrpc = require "services.mcp.jsonrpc"
local origin = require "services.mcp.origin"
local router = require "web.router"
local secure = require "web.secure"
local session = require "web.session"
local socket = require "services.mcp.socket"

-- A scheme that looks at Origin before it looks at the token.
local function from_known_pages(scheme)
  return {
    openapi = scheme.openapi,
    check = function(req)
      if not origin.is_allowed(req:header("origin")) then
        return nil, errors.new("forbidden", "This origin may not call the MCP server")
      end
      return scheme.check(req)
    end,
  }
end

-- Failures as JSON-RPC errors without an id, with the status and headers that the API would give.
local function failed(req, err)
  local status, body, headers = errors.answer(err, req.http.id)
  if req.path ~= "/mcp" and req.path ~= "/ws" then return status, body, headers end
  headers["content-type"] = "application/json"
  local code = status == 500 and jsonrpc.INTERNAL or jsonrpc.TRANSPORT
  local title = errors.title(err.code or "internal")
  local detail = status < 500 and err.message or title
  return status, json.encode(jsonrpc.error(nil, code, detail)), headers
end

local upgrade = { "Open a WebSocket", guard.by("socket", socket.open), raw = true }

local routes = {
  ["/mcp"] = {
    POST = {
      "Send a message of the Model Context Protocol", guard.signed_in(http.post), raw = true,
      produces = "application/json",
    },
    GET = upgrade,
    DELETE = { "End a session", guard.signed_in(http.delete), raw = true },
  },
  ["/ws"] = { GET = upgrade },
}

local service = router.new {
  name = "mcp",
  resources = {},
  common = { routes },
  schemes = { user = from_known_pages(session.bearer), socket = from_known_pages(session.socket) },
  headers = secure.data,
  failed = failed,
}

service.sockets = { mcp = { message = socket.message } }

return service
