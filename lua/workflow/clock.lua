-- workflow/clock.lua: when things run: how long a failed step waits, what wakes the engine. app.lua
-- calls start once per generation, in every worker.

local crypto = require "host.crypto"
local server = require "host.server"
local task = require "host.task"
local timer = require "host.timer"
local store = require "workflow.store"

local M = {}

--- Seconds between two looks at the queue: a sleeping run wakes that much late at most. New runs are told by NOTIFY.
M.TICK = 1

--- Seconds before the next attempt: 1, 2, 4, … up to a minute, give or take a fifth so that many do not come at once.
---@param attempts integer made so far
---@param least? number what a provider asked for (Retry-After)
---@return number seconds
function M.backoff(attempts, least)
  local seconds = math.min(2 ^ (attempts - 1), 60) * (0.8 + 0.4 * crypto.random(1):byte() / 255)
  return math.max(seconds, math.min(least or 0, 600))
end

--- Lets an engine run until the generation ends.
---@param engine table from workflow/engine.lua
function M.start(engine)
  local function pick() engine:pick() end
  store.listen(pick)
  store.listen_cancel(function(run_id) engine:cancel(run_id) end)
  timer.every("workflow queue", M.TICK, pick)
  task.spawn("workflow stop", function()
    server.swapped()
    engine:stop()
  end)
  pick()
end

return M
