-- agents/reviewer.lua: looks at the finished lesson before a person does: a model's opinion, and checks that need none.
-- Its findings go to the teacher with the lesson; they stop nothing.

local json = require "host.json"
local schema = require "web.schema"
local prompt = require "agents.prompt"

local M = { name = "review" }

M.schema = schema.object {
  ready = schema.boolean(),
  problems = schema.array(schema.multiline(1, 1000), 0, 20),
}

M.task = "Review the lesson against the teacher's text: facts that the text does not hold, wrong answers, unclear"
  .. " questions,"
  .. " words too hard for the grade, anything unfit for children. ready is true only if there is nothing to mend."

---@param material table source_text, grade, plan, written, questions, scene
function M.request(material)
  return prompt.user(
    ("Grade: %d."):format(material.grade),
    prompt.data("Plan", material.plan),
    prompt.data("Lesson", material.written),
    prompt.data("Questions", material.questions),
    prompt.source(material.source_text))
end

--- Problems that can be found without judgement.
---@param material { questions: table[], asked: integer, written: table }
---@return string[]
function M.findings(material)
  local list = json.array {}
  if #material.questions < material.asked then
    list[#list + 1] = ("%d questions were asked for, the text gave %d."):format(material.asked, #material.questions)
  end
  if #material.written.glossary == 0 then
    list[#list + 1] = "No sentence of the text defines a term: the glossary is empty."
  end
  local count, kinds, seen = 0, 0, {}
  for _, question in ipairs(material.questions) do
    if question.kind == "multiple_choice" then
      count = count + 1
      if not seen[question.answer.choice] then seen[question.answer.choice], kinds = true, kinds + 1 end
    end
  end
  if count >= 4 and kinds == 1 then list[#list + 1] = "The right choice is the same one in every question." end
  return list
end

return M
