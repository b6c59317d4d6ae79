-- services/dashboard/runs.lua: a run and its steps, live.

local guard = require "web.guard"
local page = require "services.dashboard.page"
local run = require "workflow.run"

local ended = { succeeded = true, failed = true, cancelled = true }

local function data_of(found)
  local done = 0
  for _, step in ipairs(found.steps) do
    if step.state == "done" then done = done + 1 end
  end
  return { title = "Lesson in the making", run = found, done = done, ended = ended[found.state] or false }
end

local function show(req)
  local found, err = run.find(req.user, req.params.run_id)
  if not found then return nil, err end
  return page.show(req, "run", data_of(found))
end

local function steps(req)
  local found, err = run.find(req.user, req.params.run_id)
  if not found then return nil, err end
  return page.part("run_steps", data_of(found))
end

return {
  ["/runs/{run_id}"] = { GET = { "A run", guard.role("teacher", show) } },
  ["/runs/{run_id}/steps"] = { GET = { "The part of a run page that changes", guard.role("teacher", steps) } },
}
