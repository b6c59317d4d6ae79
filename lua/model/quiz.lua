-- model/quiz.lua: a lesson's quiz and the attempts at it. Answers leave the server only in the result of a submitted
-- attempt, and to who keeps the lesson.

local json = require "host.json"
local pg = require "host.pg"
local access = require "model.access"
local db = require "model.db"
local grade = require "model.grade"
local page = require "model.page"
local progress = require "model.progress"
local id = require "util.id"

local M = {}

local ASKED = "q.id, q.position, q.kind, q.prompt, q.choices, q.points"
local KEPT = ASKED .. ", q.answer, q.explanation"

--- Stores the quiz of a lesson, in a transaction of the caller. An earlier one is replaced.
---@param questions table[] each kind, prompt, answer (model/grade.lua); optional: choices, explanation, points
---@return string? quiz_id
function M.put(tx, lesson_id, title, questions)
  local row, err = tx:one({ "insert into quizzes (id, lesson_id, title) values (?, ?, ?)"
    .. " on conflict (lesson_id) do update set title = excluded.title returning id", id.uuid(), lesson_id, title })
  if not row then return nil, err end
  local statements = { { { "delete from quiz_questions where quiz_id = ?::uuid", row.id } } }
  for position, question in ipairs(questions) do
    statements[#statements + 1] = { { "insert into quiz_questions (id, quiz_id, position, kind, prompt, choices,"
      .. " answer,"
      .. " explanation, points) values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
      id.uuid(), row.id, position, question.kind, question.prompt, pg.json(question.choices or json.array {}),
      pg.json(question.answer), question.explanation or "", question.points or 1 } }
  end
  local done, failure = tx:batch(statements)
  if not done then return nil, failure end
  return row.id
end

local function questions_of(connection, quiz_id, columns)
  return connection:query({ "select " .. columns .. " from quiz_questions q where q.quiz_id = ?::uuid order by"
    .. " q.position", quiz_id })
end

--- The quiz of a lesson with its questions; with answers for who keeps the lesson.
function M.of_lesson(user, lesson_id)
  local quiz, err = db.education:one({ "select z.id, z.lesson_id, z.title, z.max_attempts, z.passing_score, z.revision"
    .. " from quizzes z join lessons l on l.id = z.lesson_id where l.id = ?::uuid and", lesson_id },
      access.sees_lesson(user, "l"))
  if not quiz then return nil, err end
  local keeper = access.manages_lesson(user, "l") ~= "false"
  local questions, failure = questions_of(db.education, quiz.id, keeper and KEPT or ASKED)
  if not questions then return nil, failure end
  quiz.questions = json.array(questions)
  return quiz
end

--- The questions with their answers, for workflows.
function M.questions(lesson_id)
  return db.education:query({ "select " .. KEPT .. " from quiz_questions q join quizzes z on z.id = q.quiz_id"
    .. " where z.lesson_id = ?::uuid order by q.position", lesson_id })
end

--- Starts an attempt, or goes on with the one that is open.
---@return { id: string, number: integer, started_at: string, questions: table[] }? attempt
---@return table? err forbidden, not_found, conflict (no attempt is left)
function M.start(student, lesson_id)
  if student.role ~= "student" then return db.fail("forbidden", "only students take quizzes") end
  return db.education:transaction(function(tx)
    local quiz, err = tx:one({ "select z.id, z.max_attempts from quizzes z join lessons l on l.id = z.lesson_id"
      .. " where l.id = ?::uuid and", lesson_id }, access.sees_lesson(student, "l"))
    if not quiz then return nil, err end
    local attempts, failure = tx:query({ "select a.id, a.number, a.started_at, a.submitted_at from quiz_attempts a"
      .. " where a.quiz_id = ?::uuid and a.student_id = ?::uuid order by a.number desc", quiz.id, student.id })
    if not attempts then return nil, failure end
    local attempt = attempts[1]
    if not attempt or attempt.submitted_at ~= json.null then
      if #attempts >= quiz.max_attempts then return db.fail("conflict", "no attempt is left") end
      attempt, failure = tx:one({ "insert into quiz_attempts (id, quiz_id, student_id, number) values (?, ?, ?, ?)"
        .. " returning id, number, started_at", id.uuid(), quiz.id, student.id, #attempts + 1 })
      if not attempt then return nil, failure end
    end
    local questions, broken = questions_of(tx, quiz.id, ASKED)
    if not questions then return nil, broken end
    return { id = attempt.id, quiz_id = quiz.id, number = attempt.number, started_at = attempt.started_at,
      questions = json.array(questions) }
  end)
end

--- Submits an attempt: marks it on the server and records the progress, in one transaction.
---@param answers { question_id: string, answer: string|boolean }[]
---@return { id: string, score: integer, max_score: integer, questions: table[] }? result
function M.submit(student, attempt_id, answers)
  return db.education:transaction(function(tx)
    local attempt, err = tx:one({ "select a.id, a.quiz_id, a.number, a.submitted_at, z.lesson_id, z.passing_score"
      .. " from quiz_attempts a join quizzes z on z.id = a.quiz_id"
      .. " where a.id = ?::uuid and a.student_id = ?::uuid for update of a", attempt_id, student.id })
    if not attempt then return nil, err end
    if attempt.submitted_at ~= json.null then return db.fail("conflict", "this attempt was submitted already") end
    local questions, failure = questions_of(tx, attempt.quiz_id, KEPT)
    if not questions then return nil, failure end
    local result = grade.attempt(questions, answers)
    result.passed = result.score * 100 >= attempt.passing_score * result.max_score
    local stored, broken = tx:query({ "update quiz_attempts set submitted_at = now(), answers = ?, result = ?, score ="
      .. " ?, max_score = ?"
      .. " where id = ?::uuid", pg.json(json.array(answers)), pg.json(result), result.score, result.max_score,
        attempt.id })
    if not stored then return nil, broken end
    local told, untold = progress.answered(tx, student, attempt, result)
    if not told then return nil, untold end
    result.id, result.number = attempt.id, attempt.number
    return result
  end)
end

--- Attempts at a lesson's quiz that this person may see, newest first. filter: { student_id? }
function M.attempts(user, lesson_id, filter, pages)
  local where = { { "z.lesson_id = ?::uuid", lesson_id }, access.sees_work(user, "a.student_id", "l") }
  if filter.student_id then where[#where + 1] = { "a.student_id = ?::uuid", filter.student_id } end
  return page.list(db.education, {
    select = "select a.id, a.student_id, u.name as student_name, a.number, a.started_at, a.submitted_at, a.score,"
      .. " a.max_score"
      .. " from quiz_attempts a join quizzes z on z.id = a.quiz_id join lessons l on l.id = z.lesson_id"
      .. " join users u on u.id = a.student_id",
    where = where,
    columns = { id = { "a.id", "uuid" } },
    unique = "id",
  }, pages)
end

return M
