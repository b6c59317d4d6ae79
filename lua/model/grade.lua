-- model/grade.lua: marks answers. Pure: questions as they are stored and what a student sent in, points out.
--
-- kind                 stored answer                    what a student sends
-- multiple_choice      { choice = "b" }                 the choice's id
-- multiple_select      { choices = { "a", "c" } }       the ids
-- true_false           { value = true }                 true or false
-- cloze, short_answer  { texts = { "…", … } }           a text that is one of these (see same_text)
-- fill_in              { gaps = { { "…", … }, … } }     a text for each gap
-- ordering             { order = { "c", "a", "b" } }    the ids in order
-- matching             { pairs = { a = "x", … } }       choice → target
-- drag_drop            { places = { a = "x", … } }      choice → target; several may lie on one, some on none
--
-- Each mark is the right share of the answer, from 0 to 1. A question that is not `partial` wants all of it.

local json = require "host.json"
local utf8 = require "util.utf8"

local M = {}

-- Case, spaces and punctuation do not matter.
local function plain(text)
  text = utf8.lower(text):gsub("\226\128[\144-\191]", " "):gsub("[%s%p]+", " ")
  return (text:gsub("^ ", ""):gsub(" $", ""))
end

-- What reads as a number is one: 3,50 is 3.5, but -3 is not 3.
local function number_of(text)
  local sign, digits = text:match("^%s*([+-]?)(%d*[.,]?%d+)%s*$")
  if not digits or #digits > 15 then return nil end
  return tonumber(sign .. (digits:gsub(",", ".")))
end

local function same_text(texts, given)
  if type(given) ~= "string" then return false end
  local number, words = number_of(given), plain(given)
  for _, text in ipairs(texts) do
    local wanted = number_of(text)
    if wanted then
      if wanted == number then return true end
    elseif words ~= "" and plain(text) == words then
      return true
    end
  end
  return false
end

local function is_list(value)
  return type(value) == "table" and (json.is_array(value) or next(value) == nil)
end

local function share(right, wrong, all)
  return math.max(0, right - wrong) / all
end

-- Right places count, and what was put where it does not belong counts against them.
local function places(wanted, given)
  if type(given) ~= "table" or json.is_array(given) then return 0 end
  local right, wrong, all = 0, 0, 0
  for choice, target in pairs(wanted) do
    all = all + 1
    if given[choice] == target then right = right + 1 end
  end
  for choice in pairs(given) do
    if wanted[choice] == nil then wrong = wrong + 1 end
  end
  return share(right, wrong, all)
end

local marks = {}

function marks.multiple_choice(answer, given)
  return given == answer.choice and 1 or 0
end

function marks.multiple_select(answer, given)
  if not is_list(given) then return 0 end
  local wanted, seen, right, wrong = {}, {}, 0, 0
  for _, choice in ipairs(answer.choices) do wanted[choice] = true end
  for _, choice in ipairs(given) do
    if not seen[choice] then
      seen[choice] = true
      if wanted[choice] then right = right + 1 else wrong = wrong + 1 end
    end
  end
  return share(right, wrong, #answer.choices)
end

function marks.true_false(answer, given)
  return given == answer.value and 1 or 0
end

function marks.short_answer(answer, given)
  return same_text(answer.texts, given) and 1 or 0
end

marks.cloze = marks.short_answer

function marks.fill_in(answer, given)
  if not is_list(given) then return 0 end
  local right = 0
  for i, texts in ipairs(answer.gaps) do
    if same_text(texts, given[i]) then right = right + 1 end
  end
  return right / #answer.gaps
end

function marks.ordering(answer, given)
  if not is_list(given) then return 0 end
  local right = 0
  for i, choice in ipairs(answer.order) do
    if given[i] == choice then right = right + 1 end
  end
  return right / #answer.order
end

function marks.matching(answer, given)
  return places(answer.pairs, given)
end

function marks.drag_drop(answer, given)
  return places(answer.places, given)
end

M.KINDS = { "multiple_choice", "multiple_select", "true_false", "cloze", "short_answer", "fill_in", "ordering",
  "matching", "drag_drop" }

-- Answered by one text or by true and false: what can be asked inside a game.
local PLAYED = { multiple_choice = true, true_false = true, cloze = true, short_answer = true }

--- The questions that a Roblox place can ask.
---@param questions table[]
---@return table[]
function M.played(questions)
  local list = {}
  for _, question in ipairs(questions) do
    if PLAYED[question.kind] then list[#list + 1] = question end
  end
  return list
end

-- Points have two decimals.
local function rounded(points)
  return math.floor(points * 100 + 0.5) / 100
end

M.rounded = rounded

--- Marks one attempt.
---@param questions table[] rows of quiz_questions: id, kind, answer, points, partial, explanation, objective
---@param answers { question_id: string, answer: any }[] the last for a question counts; what is missing is wrong
---@return { score: number, max_score: integer, questions: table[] }
function M.attempt(questions, answers)
  local given = {}
  for _, entry in ipairs(answers) do given[entry.question_id] = entry.answer end
  local score, most, results = 0, 0, {}
  for i, question in ipairs(questions) do
    local sent = given[question.id]
    local part = sent ~= nil and marks[question.kind](question.answer, sent) or 0
    if part < 1 and question.partial == false then part = 0 end
    local points = rounded(part * question.points)
    score, most = score + points, most + question.points
    results[i] = { question_id = question.id, correct = part == 1, points = points, max_points = question.points,
      answer = question.answer, explanation = question.explanation }
  end
  return { score = rounded(score), max_score = most, questions = results }
end

return M
