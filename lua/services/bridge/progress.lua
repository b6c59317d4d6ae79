-- services/bridge/progress.lua: a game server's batch of events, made into what model/progress.lua records: Roblox
-- users into students, answers into scores.

local game_server = require "model.game_server"
local grade = require "model.grade"
local json = require "host.json"
local progress = require "model.progress"
local quiz = require "model.quiz"

local M = {}

local WHY = {
  unknown_player = "no student has claimed this Roblox user",
  not_in_class = "the student is not in this game server's class, or the class does not take this lesson",
}

local function students_of(events)
  local ids, seen = {}, {}
  for _, event in ipairs(events) do
    if not seen[event.roblox_user_id] then
      seen[event.roblox_user_id] = true
      ids[#ids + 1] = event.roblox_user_id
    end
  end
  return game_server.students(ids)
end

-- The quizzes of the lessons that were answered: lesson id → questions with answers.
local function quizzes_of(events)
  local quizzes = {}
  for _, event in ipairs(events) do
    if event.answers and not quizzes[event.lesson_id] then
      local questions, err = quiz.questions(event.lesson_id)
      if not questions then return nil, err end
      quizzes[event.lesson_id] = grade.played(questions)
    end
  end
  return quizzes
end

local BOOLEAN = { ["true"] = true, ["false"] = false }

local function score_of(questions, answers)
  local kinds, given = {}, {}
  for _, question in ipairs(questions) do kinds[question.id] = question.kind end
  for i, answer in ipairs(answers) do
    local choice = answer.choice
    if kinds[answer.question] == "true_false" then choice = BOOLEAN[choice] end
    given[i] = { question_id = answer.question, answer = choice }
  end
  return grade.attempt(questions, given)
end

local function entry_of(event, student_id, quizzes)
  local entry = {
    key = event.key, kind = event.kind, student_id = student_id, lesson_id = event.lesson_id,
    occurred_at = event.occurred_at, percent = event.percent, seconds = event.seconds,
    detail = { roblox_user_id = event.roblox_user_id, station = event.station, answers = event.answers },
  }
  if event.answers then
    local result = score_of(quizzes[event.lesson_id], event.answers)
    entry.score, entry.max_score = result.score, result.max_score
  end
  return entry
end

local function reject(outcome, index, event, code)
  table.insert(outcome.rejected, { index = index, key = event.key, code = code, message = WHY[code] })
end

--- Records a batch of a game server.
---@param server { id: string, class_id: string }
---@param events table[] as the route's schema has them
---@return { accepted: integer, duplicates: integer, rejected: table[] }?
---@return host.error? err
function M.record(server, events)
  local students, err = students_of(events)
  if not students then return nil, err end
  local quizzes, failure = quizzes_of(events)
  if not quizzes then return nil, failure end

  local outcome = { accepted = 0, duplicates = 0, rejected = json.array {} }
  local entries, places = {}, {}
  for i, event in ipairs(events) do
    local student_id = students[event.roblox_user_id]
    if student_id then
      entries[#entries + 1] = entry_of(event, student_id, quizzes)
      places[#entries] = i
    else
      reject(outcome, i, event, "unknown_player")
    end
  end
  if #entries == 0 then return outcome end

  local recorded, broken = progress.record("server:" .. server.id, server.class_id, entries)
  if not recorded then return nil, broken end
  for i, row in ipairs(recorded) do
    if row.outcome == "stored" then
      outcome.accepted = outcome.accepted + 1
    elseif row.outcome == "duplicate" then
      outcome.duplicates = outcome.duplicates + 1
    else
      reject(outcome, places[i], events[places[i]], "not_in_class")
    end
  end
  return outcome
end

return M
