-- tests/support/factory.lua: valid objects with everything they need, in the databases of the test run. Each call makes
-- something new, so specs neither clean up nor see each other's rows.

local assignment = require "model.assignment"
local class = require "model.class"
local course = require "model.course"
local db = require "model.db"
local enrolment = require "model.enrolment"
local lesson = require "model.lesson"
local quiz = require "model.quiz"
local school = require "model.school"
local user = require "model.user"
local id = require "util.id"

local M = {}

--- The value, or an error that shows err.
function M.must(value, err)
  if value == nil then error(("%s: %s"):format(err.code, err.message), 2) end
  return value
end

--- A name that nothing else has.
function M.unique(word)
  return word .. "-" .. id.uuid():gsub("-", ""):sub(-12) .. id.code(4):lower()
end

function M.school()
  return M.must(school.create(M.unique("school")))
end

--- Everybody's password, hashed once a run: hashing is meant to be slow.
M.PASSWORD = "correct horse"

local hash

--- A person of a role; of a new school unless one is given.
---@param role "student"|"teacher"|"parent"|"admin"
---@param given? { school?: table, name?: string, login?: string, email?: string }
function M.person(role, given)
  given = given or {}
  local place = given.school or M.school()
  hash = hash or M.must(user.hash(M.PASSWORD))
  return M.must(user.import({
    role = role, school_id = place.id, login = given.login or M.unique(role), name = given.name or "A " .. role,
    email = given.email,
  }, hash))
end

--- A class of a teacher (new unless given) with some students.
---@param given? { teacher?: table, students?: integer }
---@return { class: table, teacher: table, students: table[], course: table }
function M.class(given)
  given = given or {}
  local teacher = given.teacher or M.person("teacher")
  local made = M.must(class.create(teacher, { name = "Class 5b", subject = "Science", grade = 5 }))
  local students = {}
  for i = 1, given.students or 1 do
    students[i] = M.person("student", { school = { id = teacher.school_id } })
    M.must(enrolment.join(students[i], made.join_code))
  end
  local taken = M.must(course.create(teacher, { title = "Water", subject = "Science", grade = 5, class_id = made.id }))
  return { class = made, teacher = teacher, students = students, course = taken }
end

--- What a run would have made: a lesson with two questions and a scene.
function M.made(course_id, given)
  local made = {
    course_id = course_id, run_id = id.uuid(), title = "The water cycle", summary = "Water moves in a circle.",
    source_text = "Water evaporates. It condenses into clouds.", objectives = { "Name the steps." },
    sections = { { heading = "Evaporation", body = "Water evaporates." } },
    glossary = { { term = "Evaporation", definition = "Liquid becomes gas." } },
    review = { ready = true, problems = {} }, provider = "extractive", notice = "From the teacher's text alone.",
    questions = {
      { kind = "multiple_choice", prompt = "What warms the sea?", answer = { choice = "b" }, points = 2,
        choices = { { id = "a", text = "The moon" }, { id = "b", text = "The sun" } }, explanation = "The sun does." },
      { kind = "cloze", prompt = "Vapour ____ into clouds.", answer = { texts = { "condenses" } } },
    },
    scene = { title = "The water cycle", environment = "ocean",
      stations = { { kind = "board", title = "Evaporation", text = "Water evaporates." } } },
  }
  for key, value in pairs(given or {}) do made[key] = value end
  return made
end

--- A lesson in a class's course, in a state.
---@param group table what M.class returned
---@param state? "review"|"approved"|"published" default "review"
function M.lesson(group, state)
  local stored = M.must(lesson.store(group.teacher, M.made(group.course.id)))
  if state == "approved" or state == "published" then
    local approved = M.must(db.education:transaction(function(tx)
      return lesson.approve(tx, group.teacher, stored.lesson_id)
    end))
    if state == "published" then M.must(lesson.publish(approved.id, approved.approved_at)) end
  end
  return M.must(lesson.find(group.teacher, stored.lesson_id)), stored
end

--- Three questions worth one point each; the prompt of each holds its answer.
function M.questions()
  local questions = {}
  for i, word in ipairs { "sun", "moon", "star" } do
    questions[i] = { kind = "short_answer", prompt = "Please answer " .. word, answer = { texts = { word } },
      objective = "Know words" }
  end
  return questions
end

--- A quiz of a teacher's own.
---@param given? table what model/quiz.lua's create takes
function M.quiz(teacher, given)
  local made = { title = "Words", questions = M.questions() }
  for key, value in pairs(given or {}) do made[key] = value end
  return M.must(quiz.create(teacher, made))
end

--- Work for a class that M.class returned.
---@param given? table what model/assignment.lua's create takes
function M.assignment(group, given)
  local made = { class_id = group.class.id, title = "Work" }
  for key, value in pairs(given or {}) do made[key] = value end
  return M.must(assignment.create(group.teacher, made))
end

return M
