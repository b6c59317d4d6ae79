-- model/grade.lua: marks answers. Pure: questions as they are stored and what a student sent in, points out.
--
-- kind               stored answer            what a student sends
-- multiple_choice    { choice = "b" }         the choice's id
-- true_false         { value = true }         true or false
-- cloze, short_answer { texts = { "…", … } }  a text; case, spaces and punctuation around it do not matter

local M = {}

local function plain(text)
  text = text:lower():gsub("[%s%p]+", " ")
  return (text:gsub("^ ", ""):gsub(" $", ""))
end

local marks = {}

function marks.multiple_choice(answer, given)
  return given == answer.choice
end

function marks.true_false(answer, given)
  return given == answer.value
end

function marks.short_answer(answer, given)
  if type(given) ~= "string" or plain(given) == "" then return false end
  for _, text in ipairs(answer.texts) do
    if plain(text) == plain(given) then return true end
  end
  return false
end

marks.cloze = marks.short_answer

--- Marks one attempt.
---@param questions { id: string, kind: string, answer: table, points: integer, explanation: string }[]
---@param answers { question_id: string, answer: string|boolean }[] at most one per question; what is missing is wrong
---@return { score: integer, max_score: integer, questions: table[] }
function M.attempt(questions, answers)
  local given = {}
  for _, entry in ipairs(answers) do given[entry.question_id] = entry.answer end
  local score, most, results = 0, 0, {}
  for i, question in ipairs(questions) do
    local right = given[question.id] ~= nil and marks[question.kind](question.answer, given[question.id])
    local points = right and question.points or 0
    score, most = score + points, most + question.points
    results[i] = { question_id = question.id, correct = right, points = points, answer = question.answer,
      explanation = question.explanation }
  end
  return { score = score, max_score = most, questions = results }
end

return M
