-- agents/quizzer.lua: makes the questions of a lesson's quiz, in the form that model/quiz.lua stores and
-- model/grade.lua marks.

local schema = require "web.schema"
local prompt = require "agents.prompt"

local M = { name = "quiz" }

local optional = schema.optional

local common = {
  prompt = schema.multiline(1, 2000),
  explanation = optional(schema.multiline(0, 2000), ""),
  points = optional(schema.integer(1, 100), 1),
}

local function kind(fields)
  for name, declared in pairs(common) do fields[name] = declared end
  return schema.object(fields)
end

local no_choices = optional(schema.array(schema.any(), 0, 0))
local texts = schema.object { texts = schema.array(schema.text(1, 200), 1, 10) }

M.schema = schema.object {
  questions = schema.array(schema.variant("kind", {
    multiple_choice = kind {
      choices = schema.array(schema.object { id = schema.text(1, 10), text = schema.text(1, 500) }, 2, 6),
      answer = schema.object { choice = schema.text(1, 10) },
    },
    true_false = kind { choices = no_choices, answer = schema.object { value = schema.boolean() } },
    cloze = kind { choices = no_choices, answer = texts },
    short_answer = kind { choices = no_choices, answer = texts },
  }), 1, 30),
}

M.task = "Make a quiz about the lesson. Mix multiple choice, true or false, and cloze (the gap is written ____). Every"
  .. " answer"
  .. " must follow from the text. Wrong choices must be plausible and clearly wrong. Explain each answer in one"
    .. " sentence."

---@param material { source_text: string, grade: integer, questions: integer, plan: table, written: table }
function M.request(material)
  return prompt.user(
    ("Grade: %d. Number of questions: %d."):format(material.grade, material.questions),
    prompt.data("Objectives", material.plan.objectives),
    prompt.data("Lesson", material.written.sections),
    prompt.source(material.source_text))
end

local function check_choices(question, place)
  local ids, seen, right = {}, {}, false
  for k, choice in ipairs(question.choices) do
    local text = choice.text:lower()
    if ids[choice.id] or seen[text] then return ("%s/choices/%d: is there twice"):format(place, k - 1) end
    ids[choice.id], seen[text] = true, true
    right = right or choice.id == question.answer.choice
  end
  if not right then return place .. "/answer/choice: is the id of no choice" end
end

--- What the schema cannot say: answers that fit their question, no question twice.
function M.check(value)
  local seen = {}
  for i, question in ipairs(value.questions) do
    local place = ("#/questions/%d"):format(i - 1)
    if seen[question.prompt] then return place .. "/prompt: is there twice" end
    seen[question.prompt] = true
    if question.kind == "multiple_choice" then
      local wrong = check_choices(question, place)
      if wrong then return wrong end
    elseif question.kind == "cloze" and not question.prompt:find("____", 1, true) then
      return place .. "/prompt: a cloze question has a gap written ____"
    end
  end
end

return M
