-- model/cache.lua: read-through copies in Redis of what many ask for and few change. Models call it: `through` around a
-- read, `forget` after a change was committed.
--
--   hit    one round trip to Redis
--   miss   one caller of all nodes reads PostgreSQL: in a worker the others wait for it, among workers and nodes a lock
--          of Redis chooses. A read that takes longer than LOCK seconds, or that fails, is tried by the next one
--
-- Entries of a group lie in one hash, so that a change forgets them all at once. A reader whom a change has overtaken
-- must not store what it read before: each `forget` counts the group's epoch on, and storing compares it. Without
-- Redis each worker reads PostgreSQL, once for all who wait there. What cannot be forgotten because Redis is away just
-- then lives for KEPT seconds at most.

local json = require "host.json"
local log = require "host.log"
local redis = require "host.redis"
local task = require "host.task"
local id = require "util.id"

local M = {}

--- Seconds after which a group's entries go, changed or not.
M.KEPT = 60
--- Seconds for which one worker may be the only one that reads; then the next one tries.
M.LOCK = 2
--- Seconds between two looks at what another worker is about to store.
M.LOOK = 0.02

-- KEYS: hash, epoch, lock. What there is; else the lock for whoever comes first.
local TAKE = [[
local found = redis.call('HGET', KEYS[1], ARGV[1])
if found then return {'hit', found} end
if redis.call('SET', KEYS[3], ARGV[2], 'NX', 'PX', ARGV[3]) then
  return {'read', redis.call('GET', KEYS[2]) or '0'}
end
return {'wait', ''}]]

-- ARGV: field, token, epoch, value ('' for none), seconds.
local STORE = [[
if ARGV[4] ~= '' and (redis.call('GET', KEYS[2]) or '0') == ARGV[3] then
  redis.call('HSET', KEYS[1], ARGV[1], ARGV[4])
  if redis.call('TTL', KEYS[1]) < 0 then redis.call('EXPIRE', KEYS[1], ARGV[5]) end
end
if redis.call('GET', KEYS[3]) == ARGV[2] then redis.call('DEL', KEYS[3]) end
return 1]]

local function names(group, key)
  return "cache:" .. group, "cache:" .. group .. ":epoch", ("cache:%s:lock:%s"):format(group, key)
end

-- Reads and stores; text, or nil and the error of read.
local function fill(group, key, token, epoch, read)
  local hash, epochs, lock = names(group, key)
  local good, value, err = pcall(read)
  local text = good and value ~= nil and json.encode(value) or nil
  redis.call("EVAL", STORE, 3, hash, epochs, lock, key, token, epoch, text or "", M.KEPT)
  if not good then error(value, 0) end
  return text, err
end

-- The entry's text, by whatever way is shortest.
local function obtain(group, key, read)
  local hash, epochs, lock = names(group, key)
  local token = id.uuid()
  while true do
    local reply = redis.call("EVAL", TAKE, 3, hash, epochs, lock, key, token, M.LOCK * 1000)
    if not reply then
      local value, err = read()
      return value ~= nil and json.encode(value) or nil, err
    elseif reply[1] == "hit" then
      return reply[2]
    elseif reply[1] == "read" then
      return fill(group, key, token, reply[2], read)
    end
    task.sleep(M.LOOK)
  end
end

-- Who reads in this worker: key → { done = queue that is closed at the end, text, err }.
local flights = {}

local function fly(name, group, key, read)
  local flight = { done = task.queue(1) }
  flights[name] = flight
  local good, text, err = pcall(obtain, group, key, read)
  flight.finished, flight.text, flight.err = good, text, err
  flights[name] = nil
  flight.done:close()
  if not good then error(text, 0) end
  return text, err
end

-- Follows who reads already; whose reader has failed or gone away reads for himself.
local function share(group, key, read)
  local name = group .. "\n" .. key
  while flights[name] do
    local flight = flights[name]
    flight.done:pop()
    if flight.finished then return flight.text, flight.err end
  end
  return fly(name, group, key, read)
end

--- What read() gives, from Redis if it is there. The caller owns the table.
---@param group string what is forgotten together, such as "post"
---@param key string which of them
---@param read fun(): any, table? waits; a value that JSON can hold, or nil, err (which is not kept)
---@return any value
---@return table? err of read
function M.through(group, key, read)
  local text, err = redis.call("HGET", "cache:" .. group, key), nil
  if not text then text, err = share(group, key, read) end
  if not text then return nil, err end
  return json.decode(text)
end

--- Forgets a group, on all nodes. After the commit of what has changed it, and before the caller is told.
---@param group string
function M.forget(group)
  local hash, epochs = names(group, "")
  local _, err = redis.batch { { "INCR", epochs }, { "DEL", hash } }
  if err then log.warn("what has changed stays cached until it expires", { group = group, reason = err.message }) end
end

return M
