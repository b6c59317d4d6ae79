-- services/bridge/feed.lua: what a Studio session receives: the difference between the revision it has and the newest
-- one, and the wait for a newer one.
--
-- A revision is the seq of a delivery (model/place.lua); the place then holds that delivery's lesson and nothing else
-- of ours. So the tree of any revision can be told from its delivery, and a patch from any revision to the newest is
-- made when it is asked for: a lost answer, a lost acknowledgement or ten missed deliveries need no special care.

local diff = require "sync.diff"
local json = require "host.json"
local place = require "model.place"
local server = require "host.server"
local task = require "host.task"
local tree = require "sync.tree"

local M = {}

-- Sessions of this generation that wait: user id → set of queues.
local waiting = {}

local function wake(user_id)
  for queue in pairs(waiting[user_id] or {}) do
    if queue:length() == 0 then queue:push(true) end
  end
end

--- Begins to listen for deliveries. Called once when the generation starts.
function M.start()
  place.listen(function(user_id)
    if user_id then return wake(user_id) end
    for each in pairs(waiting) do wake(each) end -- some may have been missed: everybody looks again
  end)
end

-- Registers a queue that is woken by a delivery, runs fn(queue), and forgets the queue, also when the task is
-- cancelled.
local function while_listening(user_id, fn)
  local queue = task.queue(1)
  local mine = waiting[user_id] or {}
  waiting[user_id] = mine
  mine[queue] = true
  local ok, value, err = pcall(fn, queue)
  mine[queue] = nil
  if not next(mine) and waiting[user_id] == mine then waiting[user_id] = nil end
  if not ok then error(value, 0) end
  return value, err
end

local function tree_of(delivery)
  return tree.place(delivery and { delivery.tree } or {})
end

local function patch_between(from, to)
  local patch = diff.compare(tree_of(from), tree_of(to))
  return {
    from = from and from.seq or 0,
    to = to and to.seq or 0,
    removed = json.array(patch.removed),
    added = json.array(patch.added),
    updated = json.array(patch.updated),
  }
end

--- Everything that the place shall hold, for a plugin that starts anew.
---@param session table of model/place.lua
---@return table? patch with snapshot = true
---@return host.error? err
function M.snapshot(session)
  local newest, err = place.newest(session.user_id)
  if not newest and err.code ~= "not_found" then return nil, err end
  local patch = patch_between(nil, newest)
  patch.snapshot = true
  return patch
end

-- The patch from a revision to the newest one; false if there is nothing newer.
local function patch_after(session, revision)
  local newest, err = place.newest(session.user_id)
  if not newest then
    if err.code ~= "not_found" then return nil, err end
    return false
  end
  if newest.seq == revision then return false end
  if revision == 0 then return patch_between(nil, newest) end
  local known, failure = place.delivery(session.user_id, revision)
  if known then return patch_between(known, newest) end
  if failure.code ~= "not_found" then return nil, failure end
  return M.snapshot(session) -- a revision that we never gave out or have forgotten
end

--- The patch after a revision. Waits for one at most so many seconds, and ends early when the generation is replaced,
--- so that the next poll runs the new code.
---@param session table of model/place.lua
---@param revision integer
---@param seconds number 0 does not wait
---@return table|false|nil patch false: nothing new
---@return host.error? err
function M.next(session, revision, seconds)
  return while_listening(session.user_id, function(queue)
    local patch, err = patch_after(session, revision)
    if patch ~= false or seconds == 0 then return patch, err end
    local winner = task.race {
      function() return queue:pop(seconds) or false end,
      function() return server.swapped() end,
    }
    if winner == 2 then return false end
    return patch_after(session, revision)
  end)
end

return M
