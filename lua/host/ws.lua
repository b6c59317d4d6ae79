---@meta host.ws

-- WebSockets and event streams: C objects of the worker that outlive a generation. Any task may send on any of them.
-- One message of a socket is handled at a time. Its state is kept as plain data between messages, across reloads.

---@class host.ws
local ws = {}

---@class host.websocket
---@field id string unique on this node
---@field state table plain data; changes are kept when the handler returns
---@field handler string
---@field protocol string? what was agreed
---@field service string
---@field remote string
local socket = {}

---Never waits: a socket whose queue is over ws_queue_limit is closed with 1013, its handler's close is told.
---@param data string
---@param binary? boolean
---@return boolean? ok
---@return host.error? err "closed" or "full"
function socket:send(data, binary) end

---@param code? integer default 1000
---@param reason? string at most 123 octets
function socket:close(code, reason) end

---@param room string
function socket:join(room) end

---@param room string
function socket:leave(room) end

---@class host.stream
---@field id string
---@field state table
---@field handler string
---@field service string
---@field remote string
local stream = {}

---@param event { data: string, event?: string, id?: string }
---@return boolean? ok
---@return host.error? err "closed" or "full"
function stream:send(event) end

function stream:close() end

---@param room string
function stream:join(room) end

---@param room string
function stream:leave(room) end

---Sends to everybody in a room of this worker; the frame is encoded once. Streams get data, event and id.
---@param room string
---@param data string
---@param options? { binary?: boolean, event?: string, id?: string }
---@return integer sent
function ws.broadcast(room, data, options) end

---@param id string
---@return host.websocket|host.stream|nil
function ws.find(id) end

---@param room string
---@return (host.websocket|host.stream)[]
function ws.members(room) end

---@param room string
---@return integer
function ws.count(room) end

return ws
