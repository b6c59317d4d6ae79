-- services/mcp/protocol.lua: the Model Context Protocol itself, the same over every transport: initialize, ping, tools.
-- Of the revisions with a handshake, the two newest and the one that had batches. A client of the stateless revision
-- (2026-07-28) asks server/discover first, is told that there is no such method, and falls back to the handshake.
--
-- A session is plain data: { version } once initialize has been answered. Transports keep it.

local json = require "host.json"
local jsonrpc = require "services.mcp.jsonrpc"
local tools = require "services.mcp.tools"

local M = {}

--- Newest first.
M.VERSIONS = { "2025-11-25", "2025-06-18", "2025-03-26" }

local spoken = {}
for _, version in ipairs(M.VERSIONS) do spoken[version] = true end

local INSTRUCTIONS = "Lessons, quizzes and progress of the classes that you keep. Find lessons with search_lessons,"
  .. " read one with read_lesson. generate_lesson starts a run of some minutes; follow it with read_run. What it makes"
  .. " awaits a teacher's review before any student sees it."

--- Whether a revision is spoken here.
function M.speaks(version)
  return spoken[version] == true
end

--- Whether a session takes arrays of messages.
function M.takes_batches(session)
  return session ~= nil and session.version == "2025-03-26"
end

local methods = {}

function methods.initialize(session, _, params)
  local asked = params.protocolVersion
  if type(asked) ~= "string" or type(params.clientInfo) ~= "table" or type(params.capabilities) ~= "table" then
    return nil, jsonrpc.PARAMS, "initialize needs protocolVersion, capabilities and clientInfo"
  end
  if session.version then return nil, jsonrpc.INVALID, "Invalid Request: this session is initialized already" end
  session.version = spoken[asked] and asked or M.VERSIONS[1]
  return {
    protocolVersion = session.version,
    capabilities = { tools = { listChanged = false } },
    serverInfo = { name = "toolboxai", title = "ToolboxAI", version = "1.0.0" },
    instructions = INSTRUCTIONS,
  }
end

function methods.ping()
  return {}
end

-- There are few tools: all of them fit on the first page, and a cursor can only be made up.
methods["tools/list"] = function(_, user, params)
  if params.cursor ~= nil then return nil, jsonrpc.PARAMS, "Unknown cursor" end
  return { tools = tools.list(user) }
end

methods["tools/call"] = function(_, user, params)
  if type(params.name) ~= "string" then return nil, jsonrpc.PARAMS, "tools/call needs the name of a tool" end
  local arguments = params.arguments
  if arguments == nil or arguments == json.null then arguments = {} end
  local result = tools.call(user, params.name, arguments)
  if not result then return nil, jsonrpc.PARAMS, "Unknown tool: " .. params.name end
  return result
end

-- Before the handshake only these are answered.
local EARLY = { initialize = true, ping = true }

--- Answers one message.
---@param session table plain data of the connection; changed by initialize
---@param user table who calls
---@param message table
---@param kind "request"|"notification"|"response"
---@return table? reply nil for what has none
function M.handle(session, user, message, kind)
  if kind ~= "request" then return nil end
  local method = methods[message.method]
  if not method then return jsonrpc.error(message.id, jsonrpc.METHOD, "Method not found: " .. message.method) end
  if not session.version and not EARLY[message.method] then
    return jsonrpc.error(message.id, jsonrpc.INVALID, "Invalid Request: initialize first")
  end
  local value, code, why = method(session, user, message.params or {})
  if value == nil then return jsonrpc.error(message.id, code, why) end
  return jsonrpc.result(message.id, value)
end

return M
