local assignment = require "model.assignment"
local class = require "model.class"
local course = require "model.course"
local factory = require "tests.support.factory"
local grade_category = require "model.grade_category"
local lesson = require "model.lesson"
local media = require "model.media"
local meeting = require "model.meeting"
local prompt_template = require "model.prompt_template"
local quiz = require "model.quiz"

local must = factory.must

local function code_of(_, err) return err and err.code end

-- The web layer compares If-Match with what it has read; what changes between that and the statement, this finds.
describe("deleting what was changed since it was seen", function()
  local group, teacher

  setup(function()
    group = factory.class()
    teacher = group.teacher
  end)

  -- What is made, and the model that deletes it.
  local things = {
    { "a class", class, function() return factory.class { teacher = teacher }.class end },
    { "a course", course, function()
      return must(course.create(teacher, { title = "A", subject = "B", grade = 1 }))
    end },
    { "a lesson", lesson, function()
      return must(lesson.create(teacher, { course_id = group.course.id, title = "A" }))
    end },
    { "a meeting", meeting, function()
      return must(meeting.create(teacher, { class_id = group.class.id, weekday = 1, starts_at = "09:00", minutes = 45,
        time_zone = "UTC", from_date = "2026-01-01" }))
    end },
    { "a template", prompt_template, function()
      return must(prompt_template.create(teacher, { title = "A", body = "B" }))
    end },
    { "a file", media, function()
      local begun = must(media.begin(teacher, "a.png"))
      return must(media.complete(teacher, begun.id,
        { name = "a.png", type = "image/png", octets = 4, digest = ("0"):rep(64) }, 1000))
    end },
    { "a quiz", quiz, function()
      return must(quiz.create(teacher, { title = "A",
        questions = { { kind = "true_false", prompt = "?", points = 1, answer = true } } }))
    end },
    { "a grade category", grade_category, function()
      return must(grade_category.create(teacher, { class_id = group.class.id, name = factory.unique("c"), weight = 1 }))
    end },
    { "an assignment", assignment, function() return factory.assignment(group) end },
  }

  for _, thing in ipairs(things) do
    it(thing[1] .. " is told, and leaves it", function()
      local model, made = thing[2], thing[3]()
      local seen = must(model.find(teacher, made.id))
      assert.are.equal("stale", code_of(model.delete(teacher, made.id, seen.revision + 1)))
      assert.are.equal(seen.revision, must(model.find(teacher, made.id)).revision)
      must(model.delete(teacher, made.id, seen.revision))
      assert.are.equal("not_found", code_of(model.find(teacher, made.id)))
    end)
  end
end)
