-- web/limits.lua: rate limits by user, else by address: a sliding window kept in Redis for all nodes.
--
-- A request is decided here, without waiting: each worker counts, and twice a second what it counted goes to Redis and
-- the sum of all comes back. So a limit costs a request a table look-up, not a round trip; all workers together may
-- overshoot by what arrives between two exchanges. While Redis is away each worker limits by its own counts.
--
-- The window slides by weight: what the fixed window before counted, as far as it still reaches into the last
-- `seconds`, plus what this one has counted.

local address = require "util.address"
local errors = require "web.errors"
local log = require "host.log"
local redis = require "host.redis"
local timer = require "host.timer"

local M = {}

M.EXCHANGE = 0.5

local floor, ceil, max = math.floor, math.ceil, math.max

-- counters[key] = { window, count, before, fresh, seconds }; fresh is what Redis has not been told yet.
local counters, size = {}, 0

-- More keys than this at once are an attack: the table starts anew rather than grow.
local MAX_KEYS = 100000

local function counter_of(key, seconds, now)
  local window = floor(now / seconds)
  local counter = counters[key]
  if not counter then
    if size >= MAX_KEYS then
      log.warn("the rate limiter has forgotten its counts: too many callers at once", { keys = size })
      counters, size = {}, 0
    end
    counter = { window = window, count = 0, before = 0, fresh = 0, seconds = seconds }
    counters[key], size = counter, size + 1
  elseif counter.window ~= window then
    counter.before = counter.window == window - 1 and counter.count or 0
    counter.window, counter.count, counter.fresh = window, 0, 0
  end
  return counter
end

---Counts one request.
---@param key string who and what
---@param limit integer requests
---@param seconds number per so many seconds
---@param now? number
---@return boolean allowed
---@return integer remaining
---@return integer reset seconds until the window has slid on
function M.take(key, limit, seconds, now)
  now = now or timer.wall()
  local counter = counter_of(key, seconds, now)
  local passed = now / seconds - counter.window
  local used = counter.count + counter.before * (1 - passed)
  local reset = ceil(seconds * (1 - passed))
  if used + 1 > limit then return false, 0, reset end
  counter.count = counter.count + 1
  counter.fresh = counter.fresh + 1
  return true, max(0, floor(limit - used - 1)), reset
end

local function name_of(key, window) return ("limit:%s:%d"):format(key, window) end

-- What was counted since the last exchange; counters that nobody uses any more are dropped on the way.
local function collect(now)
  local changed, commands = {}, {}
  for key, counter in pairs(counters) do
    local window = floor(now / counter.seconds)
    if counter.window < window - 1 then
      counters[key], size = nil, size - 1
    elseif counter.fresh > 0 and counter.window == window then
      local name = name_of(key, window)
      changed[#changed + 1] = counter
      commands[#commands + 1] = { "INCRBY", name, counter.fresh }
      commands[#commands + 1] = { "EXPIRE", name, ceil(counter.seconds * 2) }
      commands[#commands + 1] = { "GET", name_of(key, window - 1) }
      counter.fresh = 0
    end
  end
  return changed, commands
end

---Tells Redis what this worker counted and learns what all have. Called by a timer.
function M.exchange()
  local changed, commands = collect(timer.wall())
  if #commands == 0 then return end
  local windows = {}
  for i, counter in ipairs(changed) do windows[i] = counter.window end
  local replies = redis.batch(commands)
  if not replies then return end
  for i, counter in ipairs(changed) do
    local total, before = replies[i * 3 - 2], tonumber(replies[i * 3])
    if type(total) == "number" and counter.window == windows[i] then
      counter.count = max(counter.count, total + counter.fresh)
      counter.before = max(counter.before, before or 0)
    end
  end
end

---Starts the exchange; belongs to the generation. Called from the app's start.
function M.start()
  timer.every("rate limits", M.EXCHANGE, M.exchange)
end

---Makes what router.new takes as limiter.
---@param rules table<string, { requests: integer, seconds: number, by?: "user"|"address" }> by name, one is "default"
---@return fun(route: table): (fun(req: table): table?)
function M.new(rules)
  return function(route)
    local name = route.limit or "default"
    local rule = rules[name] or error(("%s: there is no rate limit %q"):format(route.label, name), 0)
    local requests, seconds, by_address = rule.requests, rule.seconds, rule.by == "address"
    return function(req)
      local who = not by_address and req.user and (req.user.rate_key or req.user.id) or address.network(req.http.remote)
      local allowed, remaining, reset = M.take(name .. ":" .. who, requests, seconds)
      if allowed then
        req.rate_remaining, req.rate_reset, req.rate_limit = remaining, reset, requests
        return nil
      end
      return errors.new("rate_limited", "Too many requests: wait a moment", {
        retry_after = reset,
        headers = { ["ratelimit-limit"] = requests, ["ratelimit-remaining"] = 0, ["ratelimit-reset"] = reset },
      })
    end
  end
end

return M
