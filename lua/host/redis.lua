---@meta host.redis

-- One Redis: commands share a connection, subscriptions have another. Replies: string, integer, array, true for OK, nil
-- for none (json.null within an array). Commands that block, or change the connection that all share (SELECT, MULTI …),
-- raise; EVAL does several things at once.

---@class host.redis
local redis = {}

---Waits.
---@param command string
---@return any reply
---@return host.error? err "unavailable", "timeout", "reply" (an error that Redis answered, in message)
function redis.call(command, ...) end

---Waits. Sent together.
---@param commands any[][]
---@return any[]? replies a failed one is a host.error in its place
---@return host.error? err
function redis.batch(commands) end

---Registers fn for messages of a channel; belongs to the generation. fn(nil) says that listening begins, at first and
---after a lost connection: what came before may have been missed. Each call is a task.
---@param channel string
---@param fn fun(message: string?)
function redis.subscribe(channel, fn) end

---@return { ok: boolean, reason: string? }
function redis.status() end

return redis
