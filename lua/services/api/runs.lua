-- services/api/runs.lua: durable workflow runs of the person who started them.

local cursor = require "web.cursor"
local guard = require "web.guard"
local run = require "workflow.run"
local schema = require "web.schema"
local shapes = require "services.api.shapes"

local Resume = schema.object {
  script = schema.describe(schema.enum { "recorded", "current" }, "The script that it began with, or today's"),
}

---@param req api.listRuns
local function list(req)
  return cursor.list(req, function(page) return run.list(req.user, req.query, page) end)
end

---@param req api.showRun
local function show(req)
  return run.find(req.user, req.params.run_id)
end

---@param req api.cancelRun
local function cancel(req)
  return run.cancel(req.user, req.params.run_id)
end

---@param req api.resumeRun
local function resume(req)
  return run.resume(req.user, req.params.run_id, req.body.script)
end

local role = guard.role
local tags = { "Runs" }
local by_id = { run_id = schema.id(shapes.RUNS) }

return {
  ["/runs"] = {
    GET = { "List one's runs", role("teacher", list), out = schema.list(shapes.Run),
      query = cursor.query({}, { state = schema.optional(shapes.run_states) }), id = "listRuns", tags = tags },
  },
  ["/runs/{run_id}"] = {
    GET = { "Show a run and its steps", role("teacher", show), params = by_id, out = shapes.RunSteps, id = "showRun",
      tags = tags },
  },
  ["/runs/{run_id}/resume"] = {
    POST = { "Let a blocked run go on", role("teacher", resume), params = by_id, body = Resume, out = shapes.Run,
      errors = { "conflict" }, id = "resumeRun", tags = tags,
      description = "A run is blocked when its script has changed so that it no longer fits what is recorded." },
  },
  ["/runs/{run_id}/cancel"] = {
    POST = { "Cancel a run", role("teacher", cancel), params = by_id, out = shapes.Run, errors = { "conflict" },
      id = "cancelRun", tags = tags },
  },
}
