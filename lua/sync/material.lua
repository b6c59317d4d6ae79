-- sync/material.lua: from what the education database holds of a lesson to the material that the sync rules read.
-- Called by the publishing workflow and the bridge, so that a delivered scene and a downloaded model are the same.

local json = require "host.json"

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
---@param questions table[]? rows of model/quiz.lua; their answers are left out here
---@param scene table? description of model/scene.lua
function M.of(lesson, questions, scene)
  local quiz
  if questions then
    quiz = { questions = {} }
    for i, row in ipairs(questions) do quiz.questions[i] = question_of(row) end
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

return M
