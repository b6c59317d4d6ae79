-- workflow/flow.lua: a run as its script sees it: flow:step runs a function once and gives its recorded result ever
-- after. A run that starts again after a crash executes its script from the beginning; finished steps are answered from
-- the record until it gets where it was.
--
-- So a script must do the same steps again, given the same results: everything that may differ (time, chance, the
-- network, the database) belongs inside a step. A script that does not fit its record is stopped as blocked, with both
-- sides named.

local crypto = require "host.crypto"
local json = require "host.json"
local log = require "host.log"
local task = require "host.task"
local timer = require "host.timer"
local utf8 = require "util.utf8"
local clock = require "workflow.clock"
local store = require "workflow.store"

local M = {}

local Flow = {}
Flow.__index = Flow

--- What ends a script from within: raised by steps, told apart from errors by this metatable.
local Signal = {}

local function raise(signal)
  error(setmetatable(signal, Signal), 0)
end

--- Whether a raised value is a signal: { state = "failed"|"blocked"|"gone", error? }. gone: nothing is to be recorded.
function M.is_signal(value)
  return getmetatable(value) == Signal
end

-- Failures that another attempt may not meet again.
local passing = {
  unavailable = true, timeout = true, refused = true, dns = true, closed = true, upstream = true, rate_limited = true,
}

-- A worker that dies in a step leaves it begun. After so many more attempts than allowed the step itself is the
-- suspect.
local CRASHES = 3

-- How long a result is held while the database is away, in seconds.
local PATIENCE = 120

-- Calls a function of the store until the database answers.
local function insist(fn, ...)
  local began, pause = timer.now(), 0.1
  while true do
    local value, err = fn(...)
    if value then return value end
    if err.code == "lost" then raise { state = "gone" } end
    if err.code ~= "unavailable" then error(err.message, 0) end
    if timer.now() - began > PATIENCE then
      log.warn("the database stayed away; the run is left to another runner", { reason = err.reason or err.message })
      raise { state = "gone" }
    end
    task.sleep(pause)
    pause = math.min(pause * 2, 2)
  end
end

--- The flow of a claimed run.
---@param run table from workflow/store.lua
---@param steps table[] its record
function M.new(run, steps)
  local record = {}
  for _, step in ipairs(steps) do record[step.position] = step end
  return setmetatable({ run = run, id = run.id, owner_id = run.owner_id, record = record, seen = {}, position = 0 },
    Flow)
end

local function digest(args)
  return crypto.hex(crypto.sha256(json.canonical(args)))
end

-- The place of the next step, and what the record has there. Raises blocked if the record has something else.
local function place(self, name, args)
  local occurrence = (self.seen[name] or 0) + 1
  self.seen[name] = occurrence
  self.position = self.position + 1
  local step = { name = name, occurrence = occurrence, position = self.position, args_hash = digest(args) }
  local recorded = self.record[self.position]
  if not recorded then return step end
  local finished = recorded.state == "done" or recorded.state == "failed"
  local other = recorded.name ~= name or recorded.occurrence ~= occurrence
  if other or (finished and recorded.args_hash ~= step.args_hash) then
    local what = other and "is another one" or "has other arguments"
    raise { state = "blocked", error = {
      code = "mismatch",
      message = ("step %d of the script %s: recorded is %s #%d, the script asks for %s #%d"):format(
        self.position, what, recorded.name, recorded.occurrence, name, occurrence),
      position = self.position, recorded = recorded.name, script = name,
    } }
  end
  return step, recorded, finished
end

local function fail(step, err, options)
  if options.optional then return nil, err end
  raise { state = "failed", error = { code = err.code, message = err.message, step = step.name } }
end

--- A failure as it is recorded: as text, whatever octets somebody else has put into it. What cannot be recorded would
--- never end.
---@param message any
---@return string
function M.readable(message)
  return utf8.readable(tostring(message))
end

-- What a reader of the record will see: a value that went through JSON.
local function through_json(value)
  if value == nil then return nil, json.null end
  local text = json.encode(value)
  return json.decode(text), value
end

local function attempt(self, step, fn, options)
  local limit = options.attempts or 4
  local began = insist(store.begin_step, self.run, step)
  local value, err
  if began.attempts > limit + CRASHES then
    value, err = nil, { code = "crashed", message = "whoever began this step never came back" }
  else
    value, err = fn { attempt = began.attempts }
  end
  if value == nil and err then
    err.message = M.readable(err.message)
    local told = { code = err.code, message = err.message }
    if passing[err.code] and began.attempts < limit then
      local seconds = clock.backoff(began.attempts, err.retry_after)
      insist(store.end_step, self.run, step, { state = "retrying", error = told, seconds = seconds })
      raise { state = "gone" }
    end
    insist(store.end_step, self.run, step, { state = "failed", error = told })
    return fail(step, err, options)
  end
  local seen, stored = through_json(value)
  insist(store.end_step, self.run, step, { state = "done", result = stored })
  return seen
end

--- Runs fn once in the life of the run, or gives what it returned then.
---@param name string
---@param args any plain data that the result depends on; a record with other arguments blocks the run
---@param fn fun(about: { attempt: integer }): any, table? plain data, or nil and an error with code and message
---@param options? { attempts?: integer, optional?: boolean } attempts: default 4; optional: a failure is returned
---@return any result
---@return table? err only with optional
function Flow:step(name, args, fn, options)
  options = options or {}
  local step, recorded, finished = place(self, name, args)
  if not finished then return attempt(self, step, fn, options) end
  if recorded.state == "failed" then return fail(step, recorded.error, options) end
  if recorded.result == json.null then return nil end
  return recorded.result
end

--- Waits, also across crashes and restarts. Holds no worker meanwhile.
---@param name string
---@param seconds number
function Flow:sleep(name, seconds)
  local alarm = self:step(name, { seconds = seconds }, function() return { at = timer.wall() + seconds } end)
  local left = alarm.at - timer.wall()
  if left > 0 then
    insist(store.requeue, self.run, left)
    raise { state = "gone" }
  end
end

--- Tells who follows the run how the present step comes along. Nothing is recorded; a failure is only logged.
---@param data table
function Flow:tell(data)
  local told, err = store.tell(self.run, "step.progress", data)
  if not told then log.debug("progress could not be told", { reason = err.message }) end
end

return M
