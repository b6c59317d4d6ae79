-- model/watch.lua: small tables of which every worker keeps a copy, such as who may do what: read at the start, and
-- again whenever some node says that they have changed.

local db = require "model.db"
local log = require "host.log"
local task = require "host.task"

local M = {}

-- Seconds between two attempts to read: the first, and at most.
local PAUSE, LONGEST = 0.1, 5

--- Calls use(rows) now and whenever they change, on whatever node. Called once at start, in a task; returns when the
--- rows were read once, however long the database is away.
---@param channel string of the notifications
---@param load fun(): table[]?, table?
---@param use fun(rows: table[])
---@param told? fun(payload: string) for a notification that says all: nothing is read then
function M.rows(channel, load, use, told)
  local function catch_up()
    local pause = PAUSE
    while true do
      local rows, err = load()
      if rows then return use(rows) end
      log.warn("a table that every worker keeps cannot be read; trying again",
        { channel = channel, reason = err.reason or err.message })
      task.sleep(pause)
      pause = math.min(pause * 2, LONGEST)
    end
  end
  db.education:listen(channel, function(payload)
    if told and payload then told(payload) else catch_up() end
  end)
  catch_up()
end

return M
