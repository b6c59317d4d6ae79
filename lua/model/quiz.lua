-- model/quiz.lua: quizzes and their questions: a lesson's, made with it, or a teacher's own. Attempts at them are
-- model/attempt.lua's. Right answers are read here for who keeps the quiz, and by what marks attempts.

local json = require "host.json"
local pg = require "host.pg"
local access = require "model.access"
local db = require "model.db"
local page = require "model.page"
local question = require "model.question"
local sql = require "model.sql"
local about = require "util.about"
local id = require "util.id"
local utf8 = require "util.utf8"

local M = {}

local BRIEF = "z.id, z.lesson_id, z.teacher_id, z.title, z.max_attempts, z.passing_score, z.time_limit, z.shuffle,"
  .. " z.reveal, z.created_at, z.updated_at, z.revision"

--- Columns of a question (alias q) that a student may see, and those that only its keeper and the marking see.
M.ASKED = "q.id, q.position, q.kind, q.prompt, q.choices, q.targets, q.points, q.partial"
M.KEPT = M.ASKED .. ", q.answer, q.explanation, q.objective"

local INSERT = "insert into quiz_questions (id, quiz_id, position, kind, prompt, choices, targets, answer, explanation,"
  .. " points, partial, objective) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"

-- Puts these questions in the place of those that are there.
local function put_questions(tx, quiz_id, questions)
  local statements = { { { "delete from quiz_questions where quiz_id = ?::uuid", quiz_id } } }
  for position, given in ipairs(questions) do
    local kept = question.sealed(given)
    statements[#statements + 1] = { { INSERT, id.uuid(), quiz_id, position, kept.kind, kept.prompt,
      pg.json(kept.choices or json.array {}), pg.json(kept.targets or json.array {}), pg.json(kept.answer),
      kept.explanation or "", kept.points or 1, kept.partial ~= false, kept.objective } }
  end
  return tx:batch(statements)
end

local MAX_OBJECTIVE = 300

-- The objective of its lesson that a question asks for, as far as its words tell.
local function objective_of(given, objectives)
  if given.objective or #objectives == 0 then return given.objective end
  local words = { given.prompt, given.explanation or "" }
  for _, text in ipairs(given.answer.texts or {}) do words[#words + 1] = text end
  for _, choice in ipairs(given.choices or {}) do
    if choice.id == given.answer.choice then words[#words + 1] = choice.text end
  end
  return about.which(table.concat(words, " "), objectives)
end

local function with_objectives(questions, objectives)
  local usable, list = {}, {}
  for _, text in ipairs(objectives) do
    if utf8.length(text) <= MAX_OBJECTIVE then usable[#usable + 1] = text end
  end
  for i, given in ipairs(questions) do
    local copy = {}
    for name, value in pairs(given) do copy[name] = value end
    copy.objective = objective_of(given, usable)
    list[i] = copy
  end
  return list
end

--- Stores the quiz of a lesson, in a transaction of the caller. An earlier one is replaced.
---@param questions table[] each kind, prompt, answer (model/grade.lua); optional: choices, explanation, points
---@param objectives string[]? of the lesson: what its questions show that a student masters
---@return string? quiz_id
function M.put(tx, lesson_id, title, questions, objectives)
  local row, err = tx:one({ "insert into quizzes (id, lesson_id, teacher_id, school_id, title) select ?::uuid, l.id,"
    .. " l.teacher_id, l.school_id, ?::text from lessons l where l.id = ?::uuid"
    .. " on conflict (lesson_id) do update set title = excluded.title returning id", id.uuid(), title, lesson_id })
  if not row then return nil, err end
  local done, failure = put_questions(tx, row.id, with_objectives(questions, objectives or {}))
  if not done then return nil, failure end
  return row.id
end

--- Questions of a quiz in their order.
---@param columns string M.ASKED or M.KEPT
function M.questions_of(connection, quiz_id, columns)
  return connection:query({ "select " .. columns .. " from quiz_questions q where q.quiz_id = ?::uuid order by"
    .. " q.position", quiz_id })
end

local function with_questions(connection, quiz, columns)
  local questions, err = M.questions_of(connection, quiz.id, columns)
  if not questions then return nil, err end
  quiz.questions = json.array(questions)
  return quiz
end

--- The quiz of a lesson with its questions; with answers for who keeps the lesson. Who has limited time for them sees
--- the questions only when an attempt has begun.
function M.of_lesson(user, lesson_id)
  local quiz, err = db.education:one({ "select " .. BRIEF .. " from quizzes z join lessons l on l.id = z.lesson_id"
    .. " where l.id = ?::uuid and", lesson_id }, access.sees_lesson(user, "l"))
  if not quiz then return nil, err end
  local keeper = access.manages_lesson(user, "l") ~= access.NOBODY
  if not keeper and quiz.time_limit ~= json.null then
    quiz.questions = json.array {}
    return quiz
  end
  return with_questions(db.education, quiz, keeper and M.KEPT or M.ASKED)
end

--- The questions with their answers, for workflows.
function M.questions(lesson_id)
  return db.education:query({ "select " .. M.KEPT .. " from quiz_questions q join quizzes z on z.id = q.quiz_id"
    .. " where z.lesson_id = ?::uuid order by q.position", lesson_id })
end

--- The quizzes that this person keeps. filter: { lesson_id? }
function M.list(user, filter, pages)
  local where = { access.manages_quiz(user, "z") }
  if filter.lesson_id then where[#where + 1] = { "z.lesson_id = ?::uuid", filter.lesson_id } end
  return page.list(db.education, {
    select = "select " .. BRIEF .. " from quizzes z", where = where,
    columns = { id = { "z.id", "uuid" }, title = { "z.title", "text" } }, unique = "id",
  }, pages)
end

--- A quiz with questions and answers, for who keeps it.
function M.find(user, quiz_id)
  local quiz, err = db.education:one({ "select " .. BRIEF .. " from quizzes z where z.id = ?::uuid and", quiz_id },
    access.manages_quiz(user, "z"))
  if not quiz then return nil, err end
  return with_questions(db.education, quiz, M.KEPT)
end

-- The first question that cannot be marked is told with its place.
local function check(questions)
  for i, given in ipairs(questions) do
    local field, message = question.fault(given)
    if field then return db.fail("invalid", message, ("questions/%d/%s"):format(i - 1, field)) end
  end
  return true
end

-- Whose a new quiz is: that of who keeps its lesson, or of who makes it.
local function owner_of(tx, user, lesson_id)
  if not lesson_id or lesson_id == json.null then return { teacher_id = user.id, school_id = user.school_id } end
  local lesson, err = tx:one({ "select l.id as lesson_id, l.teacher_id, l.school_id from lessons l where l.id = ?::uuid"
    .. " and", lesson_id }, access.manages_lesson(user, "l"))
  if not lesson and err.code == "not_found" then return db.fail("invalid", "you keep no such lesson", "lesson_id") end
  return lesson, err
end

--- Makes a quiz of a teacher's own, or for a lesson that has none.
---@param made table title, questions; optional: lesson_id, max_attempts, passing_score, time_limit, shuffle, reveal
function M.create(user, made)
  local good, wrong = check(made.questions)
  if not good then return nil, wrong end
  return db.education:transaction(function(tx)
    local owner, none = owner_of(tx, user, made.lesson_id)
    if not owner then return nil, none end
    local quiz, err = tx:one({ "insert into quizzes as z (id, lesson_id, teacher_id, school_id, title, max_attempts,"
      .. " passing_score, time_limit, shuffle, reveal) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) returning " .. BRIEF,
      id.uuid(), owner.lesson_id, owner.teacher_id, owner.school_id, made.title, made.max_attempts or 3,
      made.passing_score or 70, made.time_limit, made.shuffle or false,
      made.reveal or "submitted" })
    if not quiz then return nil, err end
    local done, failure = put_questions(tx, quiz.id, made.questions)
    if not done then return nil, failure end
    return with_questions(tx, quiz, M.KEPT)
  end)
end

-- A change that hit no row: not there, not theirs, or changed meanwhile?
local function why_not(connection, user, quiz_id)
  local seen, err = connection:one({ "select z.id from quizzes z where z.id = ?::uuid and", quiz_id },
    access.manages_quiz(user, "z"))
  if not seen then return nil, err end
  return db.fail("stale", "the quiz was changed meanwhile")
end

-- Questions that somebody has answered stay as they are: points were given for them.
local function replace_questions(tx, quiz_id, questions)
  local good, wrong = check(questions)
  if not good then return nil, wrong end
  local begun, err = tx:query({ "select a.id from quiz_attempts a where a.quiz_id = ?::uuid limit 1", quiz_id })
  if not begun then return nil, err end
  if begun[1] then return db.fail("conflict", "students have begun with these questions", "questions") end
  return put_questions(tx, quiz_id, questions)
end

--- Changes a quiz; its questions as a whole, as long as nobody has begun.
---@param revision integer? what the caller has seen
function M.update(user, quiz_id, changes, revision)
  return db.education:transaction(function(tx)
    local quiz, err = tx:one(
      { "update quizzes as z set title = coalesce(?, z.title), max_attempts = coalesce(?::integer, z.max_attempts),"
        .. " passing_score = coalesce(?::integer, z.passing_score), shuffle = coalesce(?::boolean, z.shuffle),"
        .. " reveal = coalesce(?, z.reveal), time_limit = case when ?::boolean then ?::integer else z.time_limit end"
        .. " where z.id = ?::uuid and",
        changes.title, changes.max_attempts, changes.passing_score, changes.shuffle, changes.reveal,
        changes.time_limit ~= nil, changes.time_limit, quiz_id },
      sql.as_seen("z", revision), "and", access.manages_quiz(user, "z"), "returning " .. BRIEF)
    if not quiz then
      if err.code == "not_found" then return why_not(tx, user, quiz_id) end
      return nil, err
    end
    if changes.questions then
      local done, failure = replace_questions(tx, quiz_id, changes.questions)
      if not done then return nil, failure end
    end
    return with_questions(tx, quiz, M.KEPT)
  end)
end

--- Deletes a quiz that nobody has begun and no lesson is made with.
---@param revision integer? what the caller has seen
function M.delete(user, quiz_id, revision)
  local gone, err = db.education:one({ "delete from quizzes z where z.id = ?::uuid and z.lesson_id is null"
    .. " and not exists (select 1 from quiz_attempts a where a.quiz_id = z.id)"
    .. " and not exists (select 1 from assignments g where g.quiz_id = z.id) and", quiz_id },
    sql.as_seen("z", revision), "and", access.manages_quiz(user, "z"), "returning z.id")
  if gone or err.code ~= "not_found" then return gone, err end
  local seen, failure = M.find(user, quiz_id)
  if not seen then return nil, failure end
  if revision and seen.revision ~= revision then return db.fail("stale", "the quiz was changed meanwhile") end
  return db.fail("conflict", "the quiz belongs to a lesson, is assigned, or students have begun it")
end

return M
