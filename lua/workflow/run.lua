-- workflow/run.lua: runs as people and services see them: started, found, listed, cancelled, resumed. What their runner
-- does with them is workflow/store.lua's business.

local json = require "host.json"
local pg = require "host.pg"
local access = require "model.access"
local db = require "model.db"
local event = require "model.event"
local page = require "model.page"
local id = require "util.id"

local M = {}

M.COLUMNS = "r.id, r.workflow, r.script_hash, r.state, r.owner_id, r.input, r.output, r.error, r.cancel, r.wake_at,"
  .. " r.claims, r.created_at, r.updated_at, r.finished_at, r.revision"
local COLUMNS = M.COLUMNS
local STEP = "t.name, t.occurrence, t.position, t.args_hash, t.state, t.attempts, t.result, t.error, t.wake_at,"
  .. " t.started_at, t.finished_at"

--- Tells the topic of a run, in the transaction of what is told.
function M.tell(tx, run, kind, data)
  data.run_id, data.workflow = run.id, run.workflow
  return event.append(tx, "run:" .. run.id, kind, data)
end

local tell = M.tell

--- Starts a run, in a transaction of the caller or its own. The same dedup_key again gives the run there is.
---@param wanted { workflow: string, input: table, owner_id?: string, dedup_key?: string, id?: string }
---@param tx? model.connection
---@return table? run
function M.start(wanted, tx)
  return (tx or db.education):transaction(function(inner)
    local run, err = inner:one({ "insert into workflow_runs as r (id, workflow, input, owner_id, dedup_key)"
      .. " values (?, ?, ?, ?, ?) on conflict (workflow, dedup_key) do nothing returning " .. COLUMNS,
      wanted.id or id.uuid(), wanted.workflow, pg.json(wanted.input), wanted.owner_id, wanted.dedup_key })
    if not run and err.code == "not_found" then
      return inner:one({ "select " .. COLUMNS .. " from workflow_runs r where r.workflow = ? and r.dedup_key = ?",
        wanted.workflow, wanted.dedup_key })
    elseif not run then
      return nil, err
    end
    local told, failure = tell(inner, run, "run.queued", { state = "queued" })
    if not told then return nil, failure end
    return run
  end)
end

--- The recorded steps of a run, in the order in which they began.
function M.steps(run_id)
  return db.education:query({ "select " .. STEP .. " from workflow_steps t where t.run_id = ?::uuid order by"
    .. " t.position", run_id })
end

--- A run as its owner may see it, with its steps.
function M.find(user, run_id)
  local run, err = db.education:one({ "select " .. COLUMNS .. " from workflow_runs r where r.id = ?::uuid and",
    run_id },
    access.sees_run(user, "r"))
  if not run then return nil, err end
  local steps, failure = M.steps(run.id)
  if not steps then return nil, failure end
  run.steps = json.array(steps)
  return run
end

--- The own runs, newest first. filter: { workflow?, state? }
function M.list(user, filter, pages)
  local where = { access.sees_run(user, "r") }
  if filter.workflow then where[#where + 1] = { "r.workflow = ?", filter.workflow } end
  if filter.state then where[#where + 1] = { "r.state = ?", filter.state } end
  return page.list(db.education, {
    select = "select " .. COLUMNS .. " from workflow_runs r",
    where = where,
    columns = { id = { "r.id", "uuid" } },
    unique = "id",
  }, pages)
end

--- Cancels a run: at once if nobody runs it, else its runner is told and stops at its next wait.
---@return table? run
function M.cancel(user, run_id)
  return db.education:transaction(function(tx)
    local run, err = tx:one({ "update workflow_runs as r set cancel = true, finished_at = case r.state when 'running'"
      .. " then null"
      .. " else now() end, state = case r.state when 'running' then 'running' else 'cancelled' end"
      .. " where r.id = ?::uuid and r.state in ('queued', 'running', 'blocked') and", run_id },
      access.sees_run(user, "r"), "returning " .. COLUMNS)
    if not run then
      if err.code ~= "not_found" then return nil, err end
      local there, none = tx:one({ "select r.state from workflow_runs r where r.id = ?::uuid and", run_id },
        access.sees_run(user, "r"))
      if not there then return nil, none end
      return db.fail("conflict", ("a run that has %s cannot be cancelled"):format(there.state), "state")
    end
    local told, failure = tell(tx, run, run.state == "running" and "run.cancelling" or "run.cancelled",
      { state = run.state })
    if not told then return nil, failure end
    return run
  end)
end

--- Lets a blocked run go on: with the script it began with, or with today's, which must fit its record.
---@param script "recorded"|"current"
function M.resume(user, run_id, script)
  return db.education:transaction(function(tx)
    local run, err = tx:one({ "update workflow_runs as r set state = 'queued', error = null, wake_at = now(),"
      .. " script_hash = case when ? then null else r.script_hash end where r.id = ?::uuid and r.state = 'blocked' and",
      script == "current", run_id }, access.sees_run(user, "r"), "returning " .. COLUMNS)
    if not run then
      if err.code ~= "not_found" then return nil, err end
      local there, none = tx:one({ "select r.state from workflow_runs r where r.id = ?::uuid and", run_id },
        access.sees_run(user, "r"))
      if not there then return nil, none end
      return db.fail("conflict", ("a run that has %s cannot be resumed"):format(there.state), "state")
    end
    local told, failure = tell(tx, run, "run.queued", { state = "queued" })
    if not told then return nil, failure end
    return run
  end)
end

return M
