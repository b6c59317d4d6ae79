-- services/api/quizzes.lua: a lesson's quiz and students' attempts at it. Marked on the server; answers leave with the
-- result of a submitted attempt only, or to who keeps the lesson.

local cursor = require "web.cursor"
local guard = require "web.guard"
local lesson = require "model.lesson"
local schema = require "web.schema"
local quiz = require "model.quiz"
local shapes = require "services.api.shapes"

-- An answer is a choice's id or a text, or true or false: what the question asks (model/grade.lua).
local Answers = schema.object {
  answers = schema.array(schema.object {
    question_id = schema.id(), answer = schema.either(schema.text(0, 1000), schema.boolean()),
  }, 0, 200),
}

local function show(req)
  return quiz.of_lesson(req.user, req.params.lesson_id)
end

local function start(req)
  local attempt, err = quiz.start(req.user, req.params.lesson_id)
  if not attempt then return nil, err end
  return attempt
end

local function submit(req)
  return quiz.submit(req.user, req.params.attempt_id, req.body.answers)
end

local function attempts(req)
  local seen, err = lesson.find(req.user, req.params.lesson_id)
  if not seen then return nil, err end
  return cursor.list(req, function(page)
    return quiz.attempts(req.user, req.params.lesson_id, req.query, page)
  end)
end

local signed_in, role = guard.signed_in, guard.role
local tags = { "Quizzes" }
local by_id = { lesson_id = schema.id(shapes.LESSONS), attempt_id = schema.id(shapes.ATTEMPTS) }

return {
  ["/lessons/{lesson_id}/quiz"] = {
    GET = { "Show a lesson's quiz", signed_in(show), params = by_id, out = shapes.Quiz, id = "showQuiz", tags = tags },
  },
  ["/lessons/{lesson_id}/attempts"] = {
    GET = { "List attempts at a lesson's quiz", signed_in(attempts), params = by_id,
      query = cursor.query({}, { student_id = schema.optional(schema.id(shapes.USERS)) }),
      out = schema.list(shapes.AttemptBrief), id = "listAttempts", tags = tags },
    POST = { "Start an attempt, or go on with the open one", role("student", start), params = by_id,
      out = shapes.Attempt, tagged = false, errors = { "conflict" }, id = "startAttempt", tags = tags },
  },
  ["/attempts/{attempt_id}/submit"] = {
    POST = { "Submit an attempt", role("student", submit), params = by_id, body = Answers, out = shapes.Result,
      tagged = false, errors = { "conflict" }, id = "submitAttempt", tags = tags },
  },
}
