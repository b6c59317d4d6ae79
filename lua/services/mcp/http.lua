-- services/mcp/http.lua: the transport Streamable HTTP: POST /mcp carries a message and its answer, DELETE /mcp ends
-- the session. The server has nothing to say unasked, so GET /mcp without an upgrade to WebSocket is 405, as the
-- specification allows.

local errors = require "web.errors"
local json = require "host.json"
local jsonrpc = require "services.mcp.jsonrpc"
local mcp_session = require "model.mcp_session"
local negotiate = require "web.negotiate"
local protocol = require "services.mcp.protocol"

local M = {}

local LIMIT = 1048576

local HEADERS = { ["content-type"] = "application/json", ["cache-control"] = "no-store" }

local function answer(status, message, more)
  local headers = {}
  for name, value in pairs(HEADERS) do headers[name] = value end
  for name, value in pairs(more or {}) do headers[name] = value end
  return status, json.encode(message), headers
end

-- The session that a request belongs to. A dead one is 404: the client begins anew.
local function session_of(req)
  local id = req:header("mcp-session-id")
  if not id then return nil, 400, jsonrpc.error(nil, jsonrpc.TRANSPORT, "Bad Request: Mcp-Session-Id is missing") end
  local row, err = mcp_session.use(req.user, id)
  if row then return { id = row.id, version = row.protocol_version } end
  if err.code ~= "not_found" then return nil, nil, err end
  return nil, 404, jsonrpc.error(nil, jsonrpc.NO_SESSION, "Session not found")
end

local function read_body(req)
  local refusal = negotiate.refuse(req.http, "application/json")
  if refusal then return nil, refusal end
  local text, err = req.http:body(LIMIT)
  if text then return text end
  local known = { too_large = "too_large", timeout = "request_timeout" }
  return nil, known[err.code] and errors.new(known[err.code]) or err
end

-- initialize has no session yet; it opens one.
local function is_initialize(text)
  local message = json.decode(text)
  return type(message) == "table" and message.method == "initialize" and jsonrpc.kind(message) == "request"
end

local function open(req, text)
  local session, about = {}, nil
  local reply = jsonrpc.answer(text, false, function(message, kind)
    about = message.params
    return protocol.handle(session, req.user, message, kind)
  end)
  if not session.version then return answer(200, reply) end
  local row, err = mcp_session.open(req.user, { protocol_version = session.version, client = about.clientInfo })
  if not row then return nil, err end
  return answer(200, reply, { ["mcp-session-id"] = row.id })
end

--- POST /mcp.
function M.post(req)
  local text, err = read_body(req)
  if not text then return nil, err end
  local spoken = req:header("mcp-protocol-version")
  if spoken and not protocol.speaks(spoken) then
    return answer(400, jsonrpc.error(nil, jsonrpc.TRANSPORT, "Bad Request: unsupported protocol version",
      { supported = json.array { unpack(protocol.VERSIONS) } }))
  end

  local starts = is_initialize(text)
  if starts and not req:header("mcp-session-id") then return open(req, text) end
  local session, status, failure = session_of(req)
  if not session then
    if not status then return nil, failure end
    return answer(status, failure)
  end
  local reply, broken = jsonrpc.answer(text, protocol.takes_batches(session), function(message, kind)
    return protocol.handle(session, req.user, message, kind)
  end)
  if not reply then return 202 end
  return answer((broken or starts) and 400 or 200, reply)
end

--- DELETE /mcp.
function M.delete(req)
  local session, status, failure = session_of(req)
  if not session then
    if not status then return nil, failure end
    return answer(status, failure)
  end
  local closed, err = mcp_session.close(req.user, session.id)
  if not closed and err.code ~= "not_found" then return nil, err end
  return 200, "", { ["cache-control"] = "no-store" }
end

return M
