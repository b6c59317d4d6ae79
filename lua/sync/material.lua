-- sync/material.lua: from what the education database holds of a lesson to the material that the sync rules read.
-- Called by the publishing workflow and the bridge, so that a delivered scene and a downloaded model are the same.

local grade = require "model.grade"
local json = require "host.json"
local lesson_model = require "model.lesson"
local quiz_model = require "model.quiz"
local scene_model = require "model.scene"

local M = {}

local TRUE_FALSE = { { id = "true", text = "True" }, { id = "false", text = "False" } }

local function present(item)
  if item == nil or item == json.null then return nil end
  return item
end

local function question_of(row)
  return {
    id = row.id,
    kind = row.kind,
    prompt = row.prompt,
    points = row.points,
    choices = row.kind == "true_false" and TRUE_FALSE or row.choices,
  }
end

--- The material of a lesson.
---@param lesson table row of model/lesson.lua
---@param questions table[]? rows of model/quiz.lua; answers, and kinds that no place can ask, are left out
---@param scene table? description of model/scene.lua
function M.of(lesson, questions, scene)
  local quiz
  if questions then
    quiz = { questions = {} }
    for i, row in ipairs(grade.played(questions)) do quiz.questions[i] = question_of(row) end
  end
  return {
    lesson = {
      id = lesson.id,
      version = lesson.revision,
      title = lesson.title,
      subject = present(lesson.subject),
      grade = present(lesson.grade),
      summary = present(lesson.summary),
      objectives = lesson.objectives,
      sections = lesson.sections,
      glossary = lesson.glossary,
    },
    quiz = quiz,
    scene = present(scene),
  }
end

-- A lesson may have no quiz and no scene; any other failure stops.
local function gather(lesson, asked, no_quiz, described, no_scene)
  if not asked and no_quiz.code ~= "not_found" then return nil, no_quiz end
  if not described and no_scene.code ~= "not_found" then return nil, no_scene end
  return M.of(lesson, asked and (asked.questions or asked), described and described.description)
end

--- The material of a lesson that this person may see.
---@return table? material
---@return table? err not_found
function M.find(user, lesson_id)
  local lesson, err = lesson_model.find(user, lesson_id)
  if not lesson then return nil, err end
  local asked, no_quiz = quiz_model.of_lesson(user, lesson_id)
  local described, no_scene = scene_model.of_lesson(user, lesson_id)
  return gather(lesson, asked, no_quiz, described, no_scene)
end

--- The material of a lesson, for a workflow that acts on behalf of its teacher.
function M.get(lesson_id)
  local lesson, err = lesson_model.get(lesson_id)
  if not lesson then return nil, err end
  local asked, no_quiz = quiz_model.questions(lesson_id)
  local described, no_scene = scene_model.get(lesson_id)
  return gather(lesson, asked, no_quiz, described, no_scene)
end

return M
