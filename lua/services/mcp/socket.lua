-- services/mcp/socket.lua: our own transport over WebSocket, as the TypeScript SDK's client speaks it: subprotocol
-- "mcp", one message of JSON-RPC in each text frame. The connection is the session; it goes on over a reload, because
-- its state is plain data.

local errors = require "web.errors"
local json = require "host.json"
local jsonrpc = require "services.mcp.jsonrpc"
local protocol = require "services.mcp.protocol"

local M = {}

local function offers_mcp(header)
  for name in (header or ""):gmatch("[^,%s]+") do
    if name == "mcp" then return true end
  end
  return false
end

--- GET /ws and the upgrade of GET /mcp.
function M.open(req)
  if (req:header("upgrade") or ""):lower() ~= "websocket" then
    return nil, errors.new("method_not_allowed", "There is no stream here: use POST, or a WebSocket", {
      headers = { allow = "POST, DELETE, OPTIONS" },
    })
  end
  if not offers_mcp(req:header("sec-websocket-protocol")) then
    return nil, errors.new("malformed", "The WebSocket must offer the subprotocol mcp")
  end
  local socket = req.http:websocket {
    handler = "mcp",
    protocols = { "mcp" },
    state = { user = req.user, session = {} },
  }
  -- Sockets in this room are closed when the log-in that they belong to ends (web/live.lua).
  if socket then socket:join("session:" .. req.user.session_id) end
end

--- A message of a client.
function M.message(socket, data, binary)
  if binary then return socket:close(1003, "messages are text") end
  local state = socket.state
  local reply = jsonrpc.answer(data, protocol.takes_batches(state.session), function(message, kind)
    return protocol.handle(state.session, state.user, message, kind)
  end)
  if reply then socket:send(json.encode(reply)) end
end

return M
