-- services/api/attempts.lua: students' attempts at quizzes, of a lesson or of an assignment. Marked on the server;
-- right answers leave with the result of a submitted attempt only.

local answer = require "web.answer"
local attempt = require "model.attempt"
local cursor = require "web.cursor"
local guard = require "web.guard"
local lesson = require "model.lesson"
local schema = require "web.schema"
local shapes = require "services.api.shapes"

local optional = schema.optional

local Answers = schema.object { answers = shapes.answers }

---@param req api.startAssignedAttempt|api.startAttempt
local function start(req)
  return attempt.start(req.user, { lesson_id = req.params.lesson_id, assignment_id = req.params.assignment_id })
end

---@param req api.saveAnswers
local function save(req)
  return answer.done(attempt.save(req.user, req.params.attempt_id, req.body.answers))
end

---@param req api.submitAttempt
local function submit(req)
  return attempt.submit(req.user, req.params.attempt_id, req.body.answers)
end

---@param req api.showAttempt
local function show(req)
  return attempt.find(req.user, req.params.attempt_id)
end

---@param req api.listAttempts
local function list(req)
  return cursor.list(req, function(page) return attempt.list(req.user, req.query, page) end)
end

---@param req api.listLessonAttempts
local function of_lesson(req)
  local seen, err = lesson.find(req.user, req.params.lesson_id)
  if not seen then return nil, err end
  local filter = { lesson_id = seen.id, student_id = req.query.student_id }
  return cursor.list(req, function(page) return attempt.list(req.user, filter, page) end)
end

local signed_in, role = guard.signed_in, guard.role
local tags = { "Attempts" }
local by_id = { lesson_id = schema.id(shapes.LESSONS), assignment_id = schema.id(shapes.ASSIGNMENTS),
  attempt_id = schema.id(shapes.ATTEMPTS) }
local of_student = optional(schema.id(shapes.USERS))

return {
  ["/attempts"] = {
    GET = { "List attempts", signed_in(list), out = schema.list(shapes.AttemptBrief), id = "listAttempts", tags = tags,
      query = cursor.query({}, { lesson_id = optional(schema.id(shapes.LESSONS)),
        quiz_id = optional(schema.id(shapes.QUIZZES)), assignment_id = optional(schema.id(shapes.ASSIGNMENTS)),
        student_id = of_student }) },
  },
  ["/attempts/{attempt_id}"] = {
    GET = { "Show an attempt: while it is open its questions, then its result", signed_in(show), params = by_id,
      out = shapes.AttemptView, id = "showAttempt", tags = tags },
  },
  ["/attempts/{attempt_id}/answers"] = {
    PUT = { "Save answers on the way", role("student", save), params = by_id, body = Answers, if_match = "*",
      errors = { "conflict" }, id = "saveAnswers", tags = tags,
      description = "If the time runs out before the attempt is submitted, what is saved is marked." },
  },
  ["/attempts/{attempt_id}/submit"] = {
    POST = { "Submit an attempt", role("student", submit), params = by_id, body = Answers, out = shapes.Result,
      errors = { "conflict" }, id = "submitAttempt", tags = tags },
  },
  ["/lessons/{lesson_id}/attempts"] = {
    GET = { "List attempts at a lesson's quiz", signed_in(of_lesson), params = by_id,
      query = cursor.query({}, { student_id = of_student }), out = schema.list(shapes.AttemptBrief),
      id = "listLessonAttempts", tags = tags },
    POST = { "Start an attempt, or go on with the open one", role("student", start), params = by_id,
      out = shapes.Attempt, status = 200, creates = shapes.ATTEMPTS, errors = { "conflict" },
      id = "startAttempt", tags = tags },
  },
  ["/assignments/{assignment_id}/attempts"] = {
    POST = { "Start an attempt at an assigned quiz, or go on with the open one", role("student", start),
      params = by_id, out = shapes.Attempt, status = 200, creates = shapes.ATTEMPTS,
      errors = { "conflict" }, id = "startAssignedAttempt", tags = tags },
  },
}
