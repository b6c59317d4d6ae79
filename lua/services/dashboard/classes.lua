-- services/dashboard/classes.lua: a teacher's classes; one class with its students and their progress, live.

local class = require "model.class"
local course = require "model.course"
local enrolment = require "model.enrolment"
local guard = require "web.guard"
local json = require "host.json"
local page = require "services.dashboard.page"
local progress = require "model.progress"
local schema = require "web.schema"
local task = require "host.task"

local New = schema.object { name = schema.text(1, 200), subject = schema.text(1, 100), grade = schema.integer(1, 12) }

local function list(req)
  local found, err = class.list(req.user, {}, { limit = 100, sort = { { "name", "asc" } } })
  if not found then return nil, err end
  return page.show(req, "classes", { title = "Classes", classes = found.items })
end

local function create(req)
  local made, err = class.create(req.user, req.body)
  if not made then return nil, err end
  return page.go(req, "/classes/" .. made.id)
end

-- Progress by student, in the order of their names, and the chart's two rows: how many students reached which tenth.
local function overview(user, class_id)
  local rows, err = progress.of_class(user, class_id, {}, { limit = 100, sort = { { "last_at", "desc" } } })
  if not rows then return nil, err end
  local summary, failure = progress.summary(user, class_id)
  if not summary then return nil, failure end
  local tenths = {}
  for i = 1, 11 do tenths[i] = 0 end
  for _, row in ipairs(rows.items) do
    local tenth = math.floor(row.percent / 10) + 1
    tenths[tenth] = tenths[tenth] + 1
  end
  return { class_id = class_id, rows = rows.items, summary = summary, chart = json.encode(json.array(tenths)) }
end

local function show(req)
  local user, id = req.user, req.params.class_id
  local found, err = class.find(user, id)
  if not found then return nil, err end
  local parts = task.all {
    function() return { overview(user, id) } end,
    function() return { enrolment.roster(user, id, { limit = 100, sort = { { "name", "asc" } } }) } end,
    function() return { course.list(user, { class_id = id }, { limit = 100 }) } end,
  }
  for _, part in ipairs(parts) do
    if not part[1] then return nil, part[2] end
  end
  return page.show(req, "class", {
    title = found.name, class = found, overview = parts[1][1], students = parts[2][1].items,
    courses = parts[3][1].items,
  })
end

local function live_progress(req)
  local data, err = overview(req.user, req.params.class_id)
  if not data then return nil, err end
  return page.part("progress", data)
end

local role = guard.role

return {
  ["/classes"] = {
    GET = { "A teacher's classes", role("teacher", list) },
    POST = { "Make a class", role("teacher", create), form = New },
  },
  ["/classes/{class_id}"] = { GET = { "A class, live", role("teacher", show) } },
  ["/classes/{class_id}/progress"] = {
    GET = { "The part of a class page that changes", role("teacher", live_progress) },
  },
}
