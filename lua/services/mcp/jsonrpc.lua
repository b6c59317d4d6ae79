-- services/mcp/jsonrpc.lua: JSON-RPC 2.0 messages as plain tables: what kind a message is, and the replies to it.
-- No transport and no MCP in it. Replies to a message whose id is not known have none, as MCP's schema asks.

local json = require "host.json"

local M = {}

M.PARSE, M.INVALID, M.METHOD, M.PARAMS, M.INTERNAL = -32700, -32600, -32601, -32602, -32603
--- MCP's own, of the transport: the session is missing or over, the version is not spoken.
M.TRANSPORT, M.NO_SESSION = -32000, -32001

--- A reply with a result.
function M.result(id, value)
  return { jsonrpc = "2.0", id = id, result = value }
end

--- A reply with an error.
---@param id string|number|nil
---@param code integer
---@param message string
---@param data? any
function M.error(id, code, message, data)
  return { jsonrpc = "2.0", id = id, error = { code = code, message = message, data = data } }
end

-- An id is a text or a whole number, never null (MCP is stricter than JSON-RPC here).
local function is_id(id)
  return type(id) == "string" or type(id) == "number" and id == math.floor(id)
end

local function is_object(value)
  return type(value) == "table" and not json.is_array(value)
end

--- What a decoded message is.
---@param message any
---@return "request"|"notification"|"response"|nil kind nil: not a message of JSON-RPC 2.0
---@return string|number|nil id as far as it can be told
function M.kind(message)
  if not is_object(message) then return nil end
  local id = is_id(message.id) and message.id or nil
  if message.jsonrpc ~= "2.0" then return nil, id end
  if message.params ~= nil and not is_object(message.params) then return nil, id end
  if type(message.method) == "string" then
    if message.result ~= nil or message.error ~= nil then return nil, id end
    if message.id == nil then return "notification" end
    if id == nil then return nil end
    return "request", id
  end
  local answered = message.result ~= nil
  local failed = is_object(message.error)
  if id ~= nil and answered ~= failed then return "response", id end
  return nil, id
end

--- Reads a text of one message or a batch and answers it.
---@param text string
---@param batches boolean whether an array of messages is taken
---@param call fun(message: table, kind: string): table? the reply to a request; nil for what has none
---@return table? reply a message, an array of them, or nil if nothing is to be said
---@return boolean broken the text as a whole could not be taken: reply is the one error about it
function M.answer(text, batches, call)
  local message, err = json.decode(text)
  if err then return M.error(nil, M.PARSE, "Parse error: " .. err.message), true end

  local function one(item)
    local kind, id = M.kind(item)
    if not kind then return M.error(id, M.INVALID, "Invalid Request"), true end
    return call(item, kind), false
  end

  if type(message) ~= "table" or not json.is_array(message) then return one(message) end
  if not batches then
    return M.error(nil, M.INVALID, "Invalid Request: this protocol version has no batches"), true
  end
  if #message == 0 or #message > 100 then
    return M.error(nil, M.INVALID, "Invalid Request: a batch has 1 to 100 messages"), true
  end
  local replies = json.array {}
  for _, item in ipairs(message) do
    local reply = one(item)
    if reply then replies[#replies + 1] = reply end
  end
  return #replies > 0 and replies or nil, false
end

return M
