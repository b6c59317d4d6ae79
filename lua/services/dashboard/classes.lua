-- services/dashboard/classes.lua: a teacher's classes; one class with its students and their progress, live.

local class = require "model.class"
local course = require "model.course"
local enrolment = require "model.enrolment"
local guard = require "web.guard"
local json = require "host.json"
local page = require "services.dashboard.page"
local progress = require "model.progress"
local schema = require "web.schema"

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

local function newest_progress(user, class_id)
  return function()
    return progress.of_class(user, class_id, {}, { limit = 100, sort = { { "last_at", "desc" } } })
  end
end

local function summed_up(user, class_id)
  return function() return progress.summary(user, class_id) end
end

-- Progress, the newest first, and the chart's two rows: how many students reached which tenth.
local function overview(class_id, rows, summary)
  local tenths = {}
  for i = 1, 11 do tenths[i] = 0 end
  for _, row in ipairs(rows) do
    local tenth = math.floor(row.percent / 10) + 1
    tenths[tenth] = tenths[tenth] + 1
  end
  return { class_id = class_id, rows = rows, summary = summary, chart = json.encode(json.array(tenths)) }
end

local function show(req)
  local user, id = req.user, req.params.class_id
  local found, err = page.ask_all {
    function() return class.find(user, id) end,
    newest_progress(user, id), summed_up(user, id),
    function() return enrolment.roster(user, id, { limit = 100, sort = { { "name", "asc" } } }) end,
    function() return course.list(user, { class_id = id }, { limit = 100 }) end,
  }
  if not found then return nil, err end
  local one, rows, summary, students, courses = unpack(found)
  return page.show(req, "class", {
    title = one.name, class = one, overview = overview(id, rows.items, summary), students = students.items,
    courses = courses.items,
  })
end

local function live_progress(req)
  local user, id = req.user, req.params.class_id
  local found, err = page.ask_all { newest_progress(user, id), summed_up(user, id) }
  if not found then return nil, err end
  return page.part("progress", overview(id, found[1].items, found[2]))
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
