-- services/api/quizzes.lua: quizzes, a lesson's or a teacher's own, with their figures. Right answers are shown here to
-- who keeps the quiz only. Attempts are services/api/attempts.lua's.

local answer = require "web.answer"
local cursor = require "web.cursor"
local guard = require "web.guard"
local item_statistics = require "model.item_statistics"
local quiz = require "model.quiz"
local schema = require "web.schema"
local shapes = require "services.api.shapes"

local optional, nullable, describe = schema.optional, schema.nullable, schema.describe

local choice_id = schema.text(1, 10)
local items = schema.array(schema.object { id = choice_id, text = schema.multiline(1, 500) }, 2, 20)
local texts = schema.array(schema.text(1, 200), 1, 10)
local ids = schema.array(choice_id, 1, 20)
local places = describe(schema.map(choice_id, 20), "Id of a choice → id of its target")

local function kind(parts, fields)
  local all = {
    prompt = schema.multiline(1, 2000), points = optional(schema.integer(1, 100), 1),
    partial = optional(schema.boolean(), true), explanation = optional(schema.multiline(0, 2000), ""),
    objective = optional(nullable(schema.text(1, 300))), answer = schema.object(parts),
  }
  for _, name in ipairs(fields or {}) do all[name] = items end
  return schema.object(all)
end

local question = schema.variant("kind", {
  multiple_choice = kind({ choice = choice_id }, { "choices" }),
  multiple_select = kind({ choices = ids }, { "choices" }),
  true_false = kind { value = schema.boolean() },
  cloze = kind { texts = texts },
  short_answer = kind { texts = texts },
  fill_in = kind { gaps = schema.array(texts, 1, 20) },
  ordering = kind({ order = ids }, { "choices" }),
  matching = kind({ pairs = places }, { "choices", "targets" }),
  drag_drop = kind({ places = places }, { "choices", "targets" }),
})

local fields = {
  title = shapes.name, questions = schema.array(question, 1, 100),
  max_attempts = optional(schema.integer(1, 100), 3),
  passing_score = optional(schema.integer(0, 100), 70),
  time_limit = describe(optional(nullable(schema.integer(30, 86400))), "Seconds"),
  shuffle = optional(schema.boolean(), false),
  reveal = optional(schema.enum { "submitted", "closed", "never" }, "submitted"),
}

local Change = schema.partial(schema.object(fields))

local New = schema.extend(schema.object(fields), { lesson_id = optional(nullable(schema.id(shapes.LESSONS))) })

local share = nullable(schema.number(0, 1))

local Statistics = schema.named("QuizStatistics", schema.object {
  attempts = schema.integer(0), students = schema.integer(0), mean = share, median = share, deviation = share,
  lowest = share, highest = share, passed = describe(share, "Share of the attempts"),
  questions = schema.array(schema.object {
    question_id = schema.id(), position = schema.integer(1), kind = shapes.Question.fields.kind,
    prompt = schema.multiline(1, 2000), answered = schema.integer(0),
    correct = describe(share, "Share of the attempts that got all its points"),
    mean = describe(share, "Mean share of its points: how easy it is"),
    discrimination = describe(nullable(schema.number(-1, 1)),
      "Correlation of its points with those of the rest of the attempt"),
  }, 0, 200),
})

---@param req api.showLessonQuiz
local function of_lesson(req)
  return quiz.of_lesson(req.user, req.params.lesson_id)
end

---@param req api.listQuizzes
local function list(req)
  return cursor.list(req, function(page) return quiz.list(req.user, req.query, page) end)
end

---@param req api.createQuiz
local function create(req)
  return quiz.create(req.user, req.body)
end

---@param req api.showQuiz
local function show(req)
  return quiz.find(req.user, req.params.quiz_id)
end

---@param req api.changeQuiz
local function change(req)
  return quiz.update(req.user, req.params.quiz_id, req.body, req.revision)
end

---@param req api.deleteQuiz
local function delete(req)
  return answer.done(quiz.delete(req.user, req.params.quiz_id, req.revision))
end

---@param req api.showQuizStatistics
local function statistics(req)
  return item_statistics.of_quiz(req.user, req.params.quiz_id, req.query.assignment_id)
end

local signed_in, role = guard.signed_in, guard.role
local tags = { "Quizzes" }
local by_id = { lesson_id = schema.id(shapes.LESSONS), quiz_id = schema.id(shapes.QUIZZES) }

return {
  ["/lessons/{lesson_id}/quiz"] = {
    GET = { "Show a lesson's quiz", signed_in(of_lesson), params = by_id, out = shapes.Quiz, id = "showLessonQuiz",
      tags = tags, description = "If time is limited, students see the questions when they start an attempt." },
  },
  ["/quizzes"] = {
    GET = { "List one's quizzes", role("teacher", list), out = schema.list(shapes.QuizBrief),
      query = cursor.query({ "title" }, { lesson_id = optional(schema.id(shapes.LESSONS)) }), id = "listQuizzes",
      tags = tags },
    POST = { "Make a quiz", role("teacher", create), body = New, out = shapes.Quiz, creates = true,
      errors = { "conflict" }, id = "createQuiz", tags = tags },
  },
  ["/quizzes/{quiz_id}"] = {
    GET = { "Show a quiz with its answers", role("teacher", show), params = by_id, out = shapes.Quiz, id = "showQuiz",
      tags = tags },
    PATCH = { "Change a quiz", role("teacher", change), params = by_id, body = Change, out = shapes.Quiz,
      errors = { "conflict" }, id = "changeQuiz", tags = tags,
      description = "Its questions only as a whole, and only until the first student has begun." },
    DELETE = { "Delete a quiz that nobody has begun", role("teacher", delete), params = by_id, errors = { "conflict" },
      id = "deleteQuiz", tags = tags },
  },
  ["/quizzes/{quiz_id}/statistics"] = {
    GET = { "Show how students did in a quiz and in each question", role("teacher", statistics), params = by_id,
      query = { assignment_id = optional(schema.id(shapes.ASSIGNMENTS)) }, out = Statistics, id = "showQuizStatistics",
      tags = tags },
  },
}
