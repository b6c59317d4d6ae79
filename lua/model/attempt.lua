-- model/attempt.lua: students' attempts at quizzes: begun, saved on the way, submitted or ended by the clock, marked.
-- The clock is the database's. Answers leave the server only in the result of a submitted attempt, and only when the
-- quiz reveals them.
--
--   start ──> open ──save──> open ──submit──> submitted
--              └── its time is over ────────> submitted (expired: what was saved in time is marked)

local crypto = require "host.crypto"
local json = require "host.json"
local pg = require "host.pg"
local access = require "model.access"
local audit = require "model.audit"
local db = require "model.db"
local grade = require "model.grade"
local grading = require "model.grading"
local mastery = require "model.mastery"
local page = require "model.page"
local progress = require "model.progress"
local question = require "model.question"
local quiz = require "model.quiz"
local id = require "util.id"

local M = {}

--- Seconds after the end of its time in which an attempt is still taken: for the way over the network.
M.GRACE = 10

-- Where one attempt, locked, stands. clock_timestamp: the lock may have been waited for.
local STANDING = "select a.id, a.quiz_id, a.assignment_id, a.student_id, a.number, a.seed, a.started_at, a.ends_at,"
  .. " a.submitted_at, a.answers, z.lesson_id, z.teacher_id, z.school_id, z.passing_score, z.shuffle,"
  .. " a.ends_at + ? * interval '1 second' < clock_timestamp() as over"
  .. " from quiz_attempts a join quizzes z on z.id = a.quiz_id where"

local function standing(tx, ...)
  return tx:one({ STANDING, M.GRACE }, ...)
end

local function is_over(attempt)
  return attempt.over == true
end

-- Questions as this attempt shows them.
local function shown(connection, attempt, columns)
  local questions, err = quiz.questions_of(connection, attempt.quiz_id, columns)
  if not questions then return nil, err end
  return attempt.shuffle and question.arranged(questions, attempt.seed) or json.array(questions)
end

-- What follows from a marked attempt: mastery, progress in its lesson, the grade of its assignment. Every row is locked
-- before the first event is told: whoever appends events makes others wait, and must not wait for them.
local function follow(tx, attempt, questions, result)
  local graded, err
  if attempt.assignment_id ~= json.null then
    graded, err = grading.lock(tx, attempt)
    if not graded then return nil, err end
  end
  local done, failure = mastery.answered(tx, attempt, questions, result)
  if not done then return nil, failure end
  if attempt.lesson_id ~= json.null then
    done, failure = progress.answered(tx, { id = attempt.student_id }, attempt, result)
    if not done then return nil, failure end
  end
  if graded then return grading.quiz(tx, graded, attempt, result) end
  return true
end

-- Marks and closes an open attempt that is locked.
local function close(tx, attempt, answers, expired)
  local questions, err = quiz.questions_of(tx, attempt.quiz_id, quiz.KEPT)
  if not questions then return nil, err end
  local result = grade.attempt(questions, answers)
  result.passed = result.score * 100 >= attempt.passing_score * result.max_score
  local row, broken = tx:one({ "update quiz_attempts as a set submitted_at = case when ?::boolean then a.ends_at"
    .. " else now() end, expired = ?, answers = ?, result = ?, score = ?, max_score = ? where a.id = ?::uuid"
    .. " returning a.submitted_at", expired, expired, pg.json(json.array(answers)), pg.json(result), result.score,
    result.max_score, attempt.id })
  if not row then return nil, broken end
  attempt.submitted_at, attempt.expired = row.submitted_at, expired
  local done, failure = follow(tx, attempt, questions, result)
  if not done then return nil, failure end
  local recorded, lost = audit.record(tx, { id = attempt.student_id }, expired and "attempt.expire" or "attempt.submit",
    { kind = "attempt", id = attempt.id, school_id = attempt.school_id, detail = { quiz_id = attempt.quiz_id },
      person_id = attempt.student_id, personal = { score = result.score, max_score = result.max_score } })
  return recorded and result, lost
end

local function saved(attempt)
  return attempt.answers ~= json.null and attempt.answers or {}
end

-- The quiz that is asked for, by its lesson or by an assignment. Locked, so that its questions stay as they are.
local function quiz_of(tx, student, place)
  if place.lesson_id then
    return tx:one({ "select z.id, z.max_attempts, z.time_limit, z.shuffle, null::uuid as assignment_id,"
      .. " null::timestamptz as closes_at, false as closed from quizzes z join lessons l on l.id = z.lesson_id"
      .. " where l.id = ?::uuid and", place.lesson_id }, access.sees_lesson(student, "l"), "for share of z")
  end
  return tx:one({ "select z.id, coalesce(g.max_attempts, z.max_attempts) as max_attempts, z.time_limit, z.shuffle,"
    .. " g.id as assignment_id, g.closes_at, coalesce(g.closes_at <= now(), false) as closed from assignments g"
    .. " join quizzes z on z.id = g.quiz_id where g.id = ?::uuid and", place.assignment_id },
    access.sees_assignment(student, "g"), "for share of z")
end

-- The last attempt in this place, closed if its time is over; how many there were; the highest number of all.
local function last_of(tx, student, asked)
  local counted, err = tx:one({ "select count(*) filter (where a.assignment_id is not distinct from ?::uuid) as tried,"
    .. " coalesce(max(a.number), 0) as number from quiz_attempts a where a.quiz_id = ?::uuid and a.student_id ="
    .. " ?::uuid", asked.assignment_id, asked.id, student.id })
  if not counted then return nil, err end
  local open, none = standing(tx, { "a.quiz_id = ?::uuid and a.student_id = ?::uuid and a.submitted_at is null"
    .. " and a.assignment_id is not distinct from ?::uuid order by a.number desc limit 1 for update of a", asked.id,
    student.id, asked.assignment_id })
  if not open then
    if none.code ~= "not_found" then return nil, none end
    return counted
  end
  if is_over(open) then
    local result, failure = close(tx, open, saved(open), true)
    if not result then return nil, failure end
    return counted
  end
  counted.open = open
  return counted
end

local function begin(tx, student, asked, number)
  return tx:one({ "insert into quiz_attempts as a (id, quiz_id, assignment_id, student_id, number, seed, ends_at)"
    .. " values (?, ?, ?, ?, ?, ?, least(now() + ?::integer * interval '1 second', ?::timestamptz))"
    .. " returning a.id, a.quiz_id, a.assignment_id, a.number, a.seed, a.started_at, a.ends_at", id.uuid(), asked.id,
    asked.assignment_id, student.id, number, crypto.hex(crypto.random(8)), asked.time_limit, asked.closes_at })
end

local function start(student, place)
  local refused
  local attempt, failed = db.education:transaction(function(tx)
    local asked, err = quiz_of(tx, student, place)
    if not asked then return nil, err end
    local last, broken = last_of(tx, student, asked)
    if not last then return nil, broken end
    local open = last.open
    if not open then
      -- Returned as a value, so that an attempt closed above stays closed.
      if asked.closed then refused = "the assignment is closed" end
      if last.tried >= asked.max_attempts then refused = "no attempt is left" end
      if refused then return false end
      open, broken = begin(tx, student, asked, last.number + 1)
      if not open then return nil, broken end
    end
    open.shuffle = asked.shuffle
    local questions, failure = shown(tx, open, quiz.ASKED)
    if not questions then return nil, failure end
    return { id = open.id, quiz_id = asked.id, assignment_id = asked.assignment_id, number = open.number,
      started_at = open.started_at, ends_at = open.ends_at, questions = questions }
  end)
  if refused then return db.fail("conflict", refused) end
  return attempt, failed
end

--- Starts an attempt, or goes on with the one that is open.
---@param place { lesson_id?: string, assignment_id?: string } one of them
---@return { id: string, number: integer, started_at: string, ends_at: any, questions: table[] }? attempt
---@return table? err forbidden, not_found, conflict (no attempt is left, or the assignment is closed)
function M.start(student, place)
  if not access.may(student, "learn") then return db.fail("forbidden", "only students take quizzes") end
  local attempt, err = start(student, place)
  -- Begun twice at once: the other one's is the open one.
  if not attempt and err.constraint == "quiz_attempts_number" then attempt, err = start(student, place) end
  return attempt, err
end

-- Calls fn(tx, attempt) with the student's open attempt. One whose time is over is closed, and that stays so.
local function with_open(student, attempt_id, fn)
  local over = false
  local value, failed = db.education:transaction(function(tx)
    local attempt, err = standing(tx, { "a.id = ?::uuid and a.student_id = ?::uuid for update of a", attempt_id,
      student.id })
    if not attempt then return nil, err end
    if attempt.submitted_at ~= json.null then return db.fail("conflict", "this attempt was submitted already") end
    if is_over(attempt) then
      over = true
      return close(tx, attempt, saved(attempt), true)
    end
    return fn(tx, attempt)
  end)
  if over and value then
    return db.fail("conflict", "the time of this attempt is over: what was saved in time is marked")
  end
  return value, failed
end

--- Keeps answers on the way; they are marked if the attempt is not submitted in time.
function M.save(student, attempt_id, answers)
  return with_open(student, attempt_id, function(tx, attempt)
    return tx:run({ "update quiz_attempts set answers = ? where id = ?::uuid", pg.json(json.array(answers)),
      attempt.id })
  end)
end

-- Whether right answers are shown now. z, a, g: quiz, attempt, assignment.
local REVEALED = "(z.reveal = 'submitted' or z.reveal = 'closed' and case when g.id is null"
  .. " then a.number >= z.max_attempts else coalesce(coalesce(g.closes_at, g.due_at) <= now(), false) end)"

local SEEN = "select a.id, a.quiz_id, a.assignment_id, a.student_id, a.number, a.seed, a.started_at, a.ends_at,"
  .. " a.submitted_at, a.expired, a.answers, a.result, z.shuffle, " .. REVEALED .. " as revealed"
  .. " from quiz_attempts a join quizzes z on z.id = a.quiz_id left join assignments g on g.id = a.assignment_id"

local function result_of(row, keeper)
  local result = row.result
  if not row.revealed and not keeper then result.questions = json.array {} end
  result.id, result.number, result.expired = row.id, row.number, row.expired
  return result
end

--- Submits an attempt: marks it and records what follows from it, in one transaction.
---@param answers { question_id: string, answer: any }[]
---@return { id: string, score: number, max_score: number, passed: boolean, questions: table[] }? result
---@return table? err not_found, conflict (submitted already, or its time is over)
function M.submit(student, attempt_id, answers)
  return with_open(student, attempt_id, function(tx, attempt)
    local done, err = close(tx, attempt, answers, false)
    if not done then return nil, err end
    local row, failure = tx:one({ SEEN .. " where a.id = ?::uuid", attempt_id })
    if not row then return nil, failure end
    return result_of(row, false)
  end)
end

--- An attempt as this person may see it: an open one with its questions and what is saved, for the student; a submitted
--- one with its result.
function M.find(user, attempt_id)
  local row, err = db.education:one({ SEEN .. " where a.id = ?::uuid and", attempt_id },
    access.sees_work(user, "a.student_id", "a"))
  if not row then return nil, err end
  local keeper = access.may(user, "teach")
  if row.result ~= json.null then row.result = result_of(row, keeper) end -- it is gone with an erased person
  local concerned = keeper or user.id == row.student_id or row.submitted_at ~= json.null
  if not concerned then
    row.questions = json.array {}
    return row
  end
  local questions, failure = shown(db.education, row, quiz.ASKED)
  if not questions then return nil, failure end
  row.questions = questions
  return row
end

--- Attempts that this person may see, newest first. filter: { lesson_id?, quiz_id?, assignment_id?, student_id? }
function M.list(user, filter, pages)
  local where = { access.sees_work(user, "a.student_id", "a") }
  for _, name in ipairs { "quiz_id", "assignment_id", "student_id" } do
    if filter[name] then where[#where + 1] = { ("a.%s = ?::uuid"):format(name), filter[name] } end
  end
  if filter.lesson_id then -- it has one quiz
    where[#where + 1] = { "a.quiz_id = (select z.id from quizzes z where z.lesson_id = ?::uuid)", filter.lesson_id }
  end
  return page.list(db.education, {
    select = "select a.id, a.quiz_id, a.assignment_id, a.student_id, u.name as student_name, a.number, a.started_at,"
      .. " a.ends_at, a.submitted_at, a.expired, a.score, a.max_score"
      .. " from quiz_attempts a join users u on u.id = a.student_id",
    where = where,
    columns = { id = { "a.id", "uuid" } },
    unique = "id",
  }, pages)
end

local function expire_one()
  return db.education:transaction(function(tx)
    local due, err = tx:query({ STANDING .. " a.submitted_at is null and a.ends_at + ? * interval '1 second' < now()"
      .. " order by a.ends_at limit 1 for update of a skip locked", M.GRACE, M.GRACE })
    if not due then return nil, err end
    if not due[1] then return false end
    return close(tx, due[1], saved(due[1]), true)
  end)
end

--- Closes attempts whose time is over, some at a time; every worker may do so at once.
---@return integer? closed
---@return table? err
function M.expire()
  for closed = 0, 99 do
    local result, err = expire_one()
    if result == nil then return nil, err end
    if not result then return closed end
  end
  return 100
end

return M
