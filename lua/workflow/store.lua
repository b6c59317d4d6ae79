-- workflow/store.lua: runs and their recorded steps in PostgreSQL, as their runner sees them. The states are drawn in
-- migrations/education/0006_workflows.sql. Called by workflow/engine.lua and workflow/flow.lua.
--
-- Whoever runs a run holds its lease, named by a word that no other claim has. Every write of a runner locks the run's
-- row and checks the lease first: who has lost it gets the error "lost" and stops, so a step is never recorded twice.

local pg = require "host.pg"
local db = require "model.db"
local runs = require "workflow.run"

local M = {}

local COLUMNS, tell = runs.COLUMNS, runs.tell

--- Takes the lease of a run that is due, or whose runner has not been heard of.
---@param lease string a word of this claim alone
---@param seconds number
---@param workflows string[] names that the caller can run
---@param silent_too boolean whether runs whose runner is silent are taken, too
---@return table? run nil without err if nothing is due
---@return table? err
function M.claim(lease, seconds, workflows, silent_too)
  local names = pg.array(workflows)
  local run, err = db.education:one({ "update workflow_runs as r set state = 'running', lease_owner = ?,"
    .. " lease_until = now() + ?::float8 * interval '1 second', claims = r.claims + 1 where r.id = coalesce("
    .. "(select q.id from workflow_runs q where q.state = 'queued' and q.wake_at <= now()"
    .. " and q.workflow = any(?::text[]) order by q.wake_at limit 1 for update skip locked),"
    .. "(select q.id from workflow_runs q where ?::boolean and q.state = 'running' and q.lease_until < now()"
    .. " and q.workflow = any(?::text[]) order by q.lease_until limit 1 for update skip locked)) returning " .. COLUMNS,
    lease, seconds, names, silent_too, names })
  if run then
    run.lease = lease
    return run
  end
  if err.code == "not_found" then return nil end
  return nil, err
end

--- Prolongs a lease.
---@return { cancel: boolean }? lease nil with "lost" if another has it
function M.prolong(run, seconds)
  local row, err = db.education:one({ "update workflow_runs as r set lease_until = now() + ?::float8 * interval '1"
    .. " second'"
    .. " where r.id = ?::uuid and r.lease_owner = ? returning r.cancel", seconds, run.id, run.lease })
  if not row and err.code == "not_found" then return db.fail("lost", "another runner has this run") end
  return row, err
end

-- Runs fn in a transaction that holds the run's row, if the lease is still the caller's.
local function leased(run, fn)
  return db.education:transaction(function(tx)
    local held, err = tx:one({ "select 1 as held from workflow_runs r where r.id = ?::uuid and r.lease_owner = ? for"
      .. " update",
      run.id, run.lease })
    if not held then
      if err.code == "not_found" then return db.fail("lost", "another runner has this run") end
      return nil, err
    end
    return fn(tx)
  end)
end

--- Keeps the source of the script that a run goes by, once for all runs.
function M.pin(run, hash, source)
  return leased(run, function(tx)
    local kept, err = tx:query({ "insert into workflow_scripts (hash, workflow, source) values (?, ?, ?)"
      .. " on conflict (hash) do nothing", hash, run.workflow, source })
    if not kept then return nil, err end
    return tx:query({ "update workflow_runs set script_hash = ? where id = ?::uuid", hash, run.id })
  end)
end

--- The source of a script by its hash.
---@return string? source
function M.script(hash)
  local row, err = db.education:one({ "select s.source from workflow_scripts s where s.hash = ?", hash })
  if not row then return nil, err end
  return row.source
end

--- Records that a step begins, or begins once more.
---@param step { name: string, occurrence: integer, position: integer, args_hash: string }
---@return { attempts: integer }?
function M.begin_step(run, step)
  return leased(run, function(tx)
    local row, err = tx:one({ "insert into workflow_steps as t (run_id, name, occurrence, position, args_hash, state)"
      .. " values (?, ?, ?, ?, ?, 'running') on conflict (run_id, name, occurrence) do update set state = 'running',"
      .. " attempts = t.attempts + 1, args_hash = excluded.args_hash, wake_at = null returning t.attempts",
      run.id, step.name, step.occurrence, step.position, step.args_hash })
    if not row then return nil, err end
    local told, failure = tell(tx, run, "step.started",
      { step = step.name, position = step.position, attempt = row.attempts, state = "running" })
    if not told then return nil, failure end
    return row
  end)
end

--- Records what became of a step: done with its result, failed for good, or to be tried again after some seconds (which
--- gives the run back to the queue until then).
---@param outcome { state: "done"|"failed"|"retrying", result?: any, error?: table, seconds?: number }
function M.end_step(run, step, outcome)
  return leased(run, function(tx)
    local done, err = tx:query({ "update workflow_steps set state = ?, result = ?, error = ?,"
      .. " finished_at = case when ? then null else now() end, wake_at = now() + ?::float8 * interval '1 second'"
      .. " where run_id = ?::uuid and name = ? and occurrence = ?",
      outcome.state, outcome.state == "done" and pg.json(outcome.result) or nil,
        outcome.error and pg.json(outcome.error),
      outcome.state == "retrying", outcome.seconds, run.id, step.name, step.occurrence })
    if not done then return nil, err end
    if outcome.state == "retrying" then
      local queued, failure = M.requeue(run, outcome.seconds, tx)
      if not queued then return nil, failure end
    end
    return tell(tx, run, "step." .. outcome.state, { step = step.name, position = step.position, state = outcome.state,
      error = outcome.error, seconds = outcome.seconds })
  end)
end

--- Gives a run back to the queue for some seconds.
function M.requeue(run, seconds, tx)
  return (tx or db.education):query({ "update workflow_runs set state = 'queued', lease_owner = null, lease_until ="
    .. " null,"
    .. " wake_at = now() + ?::float8 * interval '1 second' where id = ?::uuid and lease_owner = ?", seconds, run.id,
      run.lease })
end

--- Ends a run, or stops it as blocked with a reason that people read.
---@param outcome { state: "succeeded"|"failed"|"cancelled"|"blocked", output?: any, error?: table }
function M.finish(run, outcome)
  return leased(run, function(tx)
    local done, err = tx:query({ "update workflow_runs set state = ?, output = ?, error = ?, lease_owner = null,"
      .. " lease_until = null, finished_at = case when ? then null else now() end where id = ?::uuid",
      outcome.state, outcome.output ~= nil and pg.json(outcome.output) or nil, outcome.error and pg.json(outcome.error),
      outcome.state == "blocked", run.id })
    if not done then return nil, err end
    return tell(tx, run, "run." .. outcome.state, { state = outcome.state, output = outcome.output,
      error = outcome.error })
  end)
end

--- Tells who follows the run how a step comes along; nothing is recorded.
function M.tell(run, kind, data)
  return db.education:transaction(function(tx) return tell(tx, run, kind, data) end)
end

--- Calls fn() when a run may be due. Belongs to the generation.
function M.listen(fn)
  db.education:listen("workflow_queued", function() fn() end)
end

--- Calls fn(run_id) when somebody cancels a run. Belongs to the generation; the heartbeat notices what it misses.
function M.listen_cancel(fn)
  db.education:listen("workflow_cancel", function(run_id)
    if run_id then fn(run_id) end
  end)
end

return M
