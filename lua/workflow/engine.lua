-- workflow/engine.lua: runs workflows: takes runs that are due, executes their scripts under a lease that it keeps
-- alive, and records how they end. Any number of workers and nodes do the same; PostgreSQL gives each run to one of
-- them.
--
-- A run goes on with the script it began with: its source is kept under its hash, and an engine whose script has
-- changed meanwhile loads the kept one. So a reload changes new runs only.

local crypto = require "host.crypto"
local json = require "host.json"
local log = require "host.log"
local metrics = require "host.metrics"
local task = require "host.task"
local timer = require "host.timer"
local flow = require "workflow.flow"
local runs = require "workflow.run"
local store = require "workflow.store"
local id = require "util.id"

local M = {}

local Engine = {}
Engine.__index = Engine

---@class workflow.engine.options
---@field workflows table<string, { run: fun(flow: table, input: table): any }> by name
---@field source fun(name: string): string? text of a workflow's script
---@field lease? number seconds after which a silent runner is given up, default 15
---@field slots? integer runs at the same time, default 4

--- An engine; workflow/clock.lua lets it run.
---@param options workflow.engine.options
function M.new(options)
  local names, current = {}, {}
  for name, script in pairs(options.workflows) do
    local source = options.source(name)
    if not source then error(("the source of workflow %s is not among the assets"):format(name), 0) end
    names[#names + 1] = name
    current[name] = { script = script, source = source, hash = crypto.hex(crypto.sha256(source)) }
  end
  return setmetatable({
    names = names, current = current, lease = options.lease or 15, slots = options.slots or 4,
    busy = 0, inboxes = {}, picking = false, stopped = false, trusting = 0, away = false,
    ended = metrics.counter("toolbox_workflow_runs_total", "Runs that stopped, by how", { "workflow", "state" }),
  }, Engine)
end

-- The script that a run goes by.
local function script_of(self, run)
  local current = self.current[run.workflow]
  if run.script_hash == json.null then
    local pinned, err = store.pin(run, current.hash, current.source)
    if not pinned then return nil, err end
    return current.script
  end
  if run.script_hash == current.hash then return current.script end
  local source, err = store.script(run.script_hash)
  if not source then return nil, err end
  local chunk, wrong = loadstring(source, ("@%s@%s"):format(run.workflow, run.script_hash:sub(1, 8)))
  if not chunk then return nil, { code = "script", message = wrong } end
  local ok, script = pcall(chunk)
  if not ok then return nil, { code = "script", message = tostring(script) } end
  return script
end

local function describe(raised)
  return debug.traceback(tostring(raised), 2)
end

local function keep_signal(raised)
  return flow.is_signal(raised) and raised or describe(raised)
end

-- Executes the script. Every way out is an outcome for store.finish, or nil if nothing is to be recorded.
local function drive(self, run)
  local script, err = script_of(self, run)
  if not script then
    if err.code ~= "script" then return nil end -- the database went away: the lease runs out, somebody tries again
    return { state = "blocked", error = { code = "script", message = err.message } }
  end
  local steps = runs.steps(run.id)
  if not steps then return nil end
  local ok, output = xpcall(script.run, keep_signal, flow.new(run, steps), run.input)
  if ok then return { state = "succeeded", output = output == nil and json.null or output } end
  if not flow.is_signal(output) then
    return { state = "blocked", error = { code = "raised", message = flow.readable(output) } }
  end
  return output.state ~= "gone" and output or nil
end

-- Keeps the lease alive. Returns when the run is to be stopped: "cancel", or "lost" if somebody else has it.
local function keep(self, run, inbox)
  while true do
    if inbox:pop(self.lease / 3) == "cancel" then return "cancel" end
    local held, err = store.prolong(run, self.lease)
    if held and held.cancel then return "cancel" end
    if not held and err.code == "lost" then return "lost" end
  end
end

local function record(run, outcome)
  local pause = 0.2
  while true do
    local done, err = store.finish(run, outcome)
    if done or err.code ~= "unavailable" then return done, err end
    task.sleep(pause)
    pause = math.min(pause * 2, 5)
  end
end

-- One run from claim to outcome.
local function execute(self, run)
  local inbox = task.queue(4)
  self.inboxes[run.id] = inbox
  if run.cancel then inbox:push("cancel") end
  local winner, outcome = task.race {
    function() return drive(self, run) or "gone" end,
    function() return keep(self, run, inbox) end,
  }
  self.inboxes[run.id] = nil
  if winner == 2 and outcome == "cancel" then outcome = { state = "cancelled" } end
  if type(outcome) ~= "table" then return end
  record(run, outcome)
  self.ended:add(1, run.workflow, outcome.state)
  local fields = { run = run.id, workflow = run.workflow, state = outcome.state }
  if outcome.state == "blocked" or outcome.state == "failed" then
    fields.reason = outcome.error.message
    log.warn("a workflow run stopped", fields)
  else
    log.info("a workflow run ended", fields)
  end
end

-- While the database was away nobody could prolong a lease. Whoever holds a result gets the time of one lease to record
-- it before the run is taken for abandoned and its step is done again.
local function claim(self)
  local run, err = store.claim(id.uuid(), self.lease, self.names, timer.now() >= self.trusting)
  if err then
    self.trusting = timer.now() + self.lease
    if not self.away then log.warn("no workflow run can be taken", { reason = err.reason or err.message }) end
  end
  self.away = err ~= nil
  return run
end

local function claim_all(self)
  while self.busy < self.slots and not self.stopped do
    local run = claim(self)
    if not run then return end
    self.busy = self.busy + 1
    task.spawn("workflow " .. run.workflow, function()
      local ok, raised = pcall(execute, self, run)
      self.busy, self.inboxes[run.id] = self.busy - 1, nil
      if not ok then error(raised, 0) end
      self:pick()
    end)
  end
end

--- Takes what is due, as far as there are slots. Called at every wake-up; one look at a time.
function Engine:pick()
  if self.picking then
    self.again = true
    return
  end
  self.picking = true
  repeat
    self.again = false
    local ok, raised = pcall(claim_all, self)
    if not ok then
      self.picking = false
      error(raised, 0)
    end
  until not self.again
  self.picking = false
end

--- Takes no more runs; those that it has go on to their end. For a generation that is replaced, or a worker that stops.
function Engine:stop()
  self.stopped = true
end

--- Stops a run if it is one of ours.
function Engine:cancel(run_id)
  local inbox = self.inboxes[run_id]
  if inbox then inbox:push("cancel") end
end

return M
