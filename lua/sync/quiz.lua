-- sync/quiz.lua: sync rule: a quiz's questions and choices. The right answers are never written: a place is in the
-- players' hands, and grading is the server's work.
--
-- Reads material.quiz: {questions = {{id, kind, prompt, points?, choices? = {{id, text}…}}…}} and material.lesson.id.

local tree = require "sync.tree"
local value = require "sync.value"

local M = { name = "quiz" }

function M.applies(material)
  return material.quiz ~= nil and #material.quiz.questions > 0
end

local function text_value(id, name, text, attributes)
  return tree.node({
    id = id,
    class = "StringValue",
    name = name,
    properties = { Value = value.string(text) },
    attributes = attributes,
  })
end

local function choices_of(id, choices)
  local children = {}
  for i, choice in ipairs(choices or {}) do
    children[i] = text_value(id .. ":" .. i, ("Choice %d"):format(i), choice.text, { Choice = choice.id, Order = i })
  end
  return tree.node({ id = id, class = "Folder", name = "Choices", children = children })
end

local function question_node(base, i, question)
  local id = base .. "/question:" .. question.id
  return tree.node({
    id = id,
    class = "Configuration",
    name = ("Question %02d"):format(i),
    attributes = { Question = question.id, Kind = question.kind, Points = question.points or 1, Order = i },
    children = {
      text_value(id .. "/prompt", "Prompt", question.prompt),
      choices_of(id .. "/choice", question.choices),
    },
  })
end

function M.build(material)
  local base = "lesson:" .. material.lesson.id .. "/quiz"
  local children = {}
  for i, question in ipairs(material.quiz.questions) do
    children[i] = question_node(base, i, question)
  end
  return tree.node({
    id = base,
    class = "Folder",
    name = "Quiz",
    attributes = { Questions = #children },
    children = children,
  })
end

return M
