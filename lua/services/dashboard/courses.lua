-- services/dashboard/courses.lua: courses and their lessons; having a lesson made from a text.

local class = require "model.class"
local course = require "model.course"
local generate_lesson = require "workflows.generate_lesson"
local guard = require "web.guard"
local lesson = require "model.lesson"
local page = require "services.dashboard.page"
local schema = require "web.schema"

local New = schema.object {
  title = schema.text(1, 200), subject = schema.text(1, 100), grade = schema.integer(1, 12),
  description = schema.optional(schema.multiline(0, 4000)), class_id = schema.optional(schema.id()),
}

local Generate = schema.object {
  title = schema.optional(schema.text(1, 200)), source_text = schema.multiline(200, 100000),
  questions = schema.optional(schema.integer(1, 30), 8),
}

local function list(req)
  local found, err = course.list(req.user, {}, { limit = 100, sort = { { "title", "asc" } } })
  if not found then return nil, err end
  local classes, failure = class.list(req.user, {}, { limit = 100, sort = { { "name", "asc" } } })
  if not classes then return nil, failure end
  return page.show(req, "courses", { title = "Courses", courses = found.items, classes = classes.items })
end

local function create(req)
  local made, err = course.create(req.user, req.body)
  if not made then return nil, err end
  return page.go(req, "/courses/" .. made.id)
end

local function show(req)
  local found, err = course.find(req.user, req.params.course_id)
  if not found then return nil, err end
  local lessons, failure = lesson.list(req.user, { course_id = found.id }, { limit = 100 })
  if not lessons then return nil, failure end
  return page.show(req, "course", { title = found.title, course = found, lessons = lessons.items })
end

local function generate(req)
  local wanted = req.body
  wanted.course_id = req.params.course_id
  local run, err = generate_lesson.start(req.user, wanted)
  if not run then return nil, err end
  return page.go(req, "/runs/" .. run.id)
end

local role = guard.role

return {
  ["/courses"] = {
    GET = { "A teacher's courses", role("teacher", list) },
    POST = { "Make a course", role("teacher", create), form = New },
  },
  ["/courses/{course_id}"] = { GET = { "A course and its lessons", role("teacher", show) } },
  ["/courses/{course_id}/generate"] = {
    POST = { "Have a lesson made", role("teacher", generate), form = Generate },
  },
}
