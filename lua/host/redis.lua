---@meta host.redis

-- One Redis: commands share a connection, subscriptions have another. Replies: string, integer, array, true for OK, nil for none.

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

---Registers fn for messages of a channel; belongs to the generation. fn(nil) after a lost connection: some may be missed.
---@param channel string
---@param fn fun(message: string?)
function redis.subscribe(channel, fn) end

---@return { ok: boolean, reason: string? }
function redis.status() end

return redis
