-- services/dashboard/learn.lua: a student's pages: classes, lessons, quizzes and the own progress.

local answers = require "services.dashboard.answers"
local attempt = require "model.attempt"
local class = require "model.class"
local enrolment = require "model.enrolment"
local guard = require "web.guard"
local lesson = require "model.lesson"
local page = require "services.dashboard.page"
local progress = require "model.progress"
local schema = require "web.schema"
local user = require "model.user"

local Join = schema.object { code = schema.text(4, 20) }

local function home(req)
  local me = req.user
  local found, err = page.ask_all {
    function() return class.list(me, {}, { limit = 100, sort = { { "name", "asc" } } }) end,
    function() return lesson.list(me, {}, { limit = 100 }) end,
    function() return progress.of_student(me, me.id, { limit = 100 }) end,
  }
  if not found then return nil, err end
  local classes, lessons, done = unpack(found)
  local by_lesson = {}
  for _, row in ipairs(done.items) do by_lesson[row.lesson_id] = row end
  return page.show(req, "learn", {
    title = "Learn", classes = classes.items, lessons = lessons.items, progress = by_lesson,
  })
end

local function join(req)
  local joined, err = enrolment.join(req.user, req.body.code)
  if not joined then return nil, err end
  return page.go(req, "/learn")
end

local function link_code(req)
  local made, err = user.make_link_code(req.user, req.user.id)
  if not made then return nil, err end
  return page.part("code", { code = made.code, says = "Give this code to a parent. It is good for seven days." })
end

local function read(req)
  local found, err = lesson.find(req.user, req.params.lesson_id)
  if not found then return nil, err end
  local attempts, failure = attempt.list(req.user, { lesson_id = found.id }, { limit = 20 })
  if not attempts then return nil, failure end
  return page.show(req, "read", { title = found.title, lesson = found, attempts = attempts.items })
end

local function start(req)
  local begun, err = attempt.start(req.user, { lesson_id = req.params.lesson_id })
  if not begun then return nil, err end
  return page.part("attempt", { lesson_id = req.params.lesson_id, attempt = begun })
end

local function submit(req)
  local text, err = req.http:body()
  if not text then return nil, err end
  local given = answers.read(text)
  if not given then return nil, { code = "malformed", message = "the answers cannot be read" } end
  local result, failure = attempt.submit(req.user, req.params.attempt_id, given)
  if not result then return nil, failure end
  return page.part("result", { result = result })
end

local role = guard.role

return {
  ["/learn"] = { GET = { "A student's lessons", role("student", home) } },
  ["/learn/join"] = { POST = { "Join a class", role("student", join), form = Join } },
  ["/learn/link-code"] = { POST = { "A code for a parent", role("student", link_code) } },
  ["/learn/{lesson_id}"] = { GET = { "A lesson", role("student", read) } },
  ["/learn/{lesson_id}/attempt"] = { POST = { "Start the quiz", role("student", start) } },
  ["/attempts/{attempt_id}"] = { POST = { "Submit the quiz", role("student", submit) } },
}
