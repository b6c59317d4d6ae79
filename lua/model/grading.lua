-- model/grading.lua: the one place where grades change. M.change writes the grade, its history and what is told of it
-- in one transaction; everything that grades (a teacher, a quiz) goes through it, so an audit has one place to stand.

local json = require "host.json"
local access = require "model.access"
local audit = require "model.audit"
local db = require "model.db"
local event = require "model.event"
local grade = require "model.grade"
local id = require "util.id"

local M = {}

M.COLUMNS = "s.id, s.assignment_id, s.student_id, s.state, s.content, s.submitted_at, s.late, s.score, s.penalty,"
  .. " s.final, s.feedback, s.attempt_id, s.graded_by, s.graded_at, s.created_at, s.updated_at, s.revision"

--- Percent that is taken off work handed in at a time, and whether it is late. SQL with two holes: the time, the time.
--- g is the assignment: each day begun after its due date costs late_penalty.
M.PENALTY = "case when ?::timestamptz > g.due_at then least(100, g.late_penalty * ceil(extract(epoch from"
  .. " ?::timestamptz - g.due_at) / 86400))::integer else 0 end"

--- Tells of a submission as it stands now: to the student and the parents, and to who keeps the class.
---@param kind "grade.changed"|"work.handed_in"
function M.tell(tx, class_id, kind, row)
  local data = { submission_id = row.id, assignment_id = row.assignment_id, student_id = row.student_id,
    state = row.state, final = row.final }
  return event.append_all(tx, {
    { topic = "user:" .. row.student_id, kind = kind, data = data },
    { topic = "class:" .. class_id, kind = kind, data = data },
  })
end

--- Changes the grade of a submission that is locked in this transaction.
---@param before { id: string, class_id: string, final: any } as it stood
---@param change { state: string, score?: number, penalty?: integer, feedback?: string, by?: string, reason: string,
---attempt_id?: string, submitted_at?: string, late?: boolean, content?: string } by: who changed it, nil
---for the marking of a quiz
---@return table? submission
function M.change(tx, before, change)
  local graded = change.state == "graded"
  local row, err = tx:one({ "update submissions as s set state = ?, score = case when ?::boolean then"
    .. " coalesce(?::float8, s.score) else s.score end, penalty = coalesce(?::integer, s.penalty), feedback ="
    .. " coalesce(?, s.feedback), graded_by = case when ?::boolean then ?::uuid end, graded_at = case when ?::boolean"
    .. " then now() end, attempt_id = coalesce(?::uuid, s.attempt_id), submitted_at = coalesce(?::timestamptz,"
    .. " s.submitted_at), late = coalesce(?::boolean, s.late), content = coalesce(?, s.content)"
    .. " where s.id = ?::uuid returning " .. M.COLUMNS,
    change.state, graded, change.score, change.penalty, change.feedback, graded, change.by, graded, change.attempt_id,
    change.submitted_at, change.late, change.content, before.id })
  if not row then return nil, err end
  local noted, failure = tx:run({ "insert into grade_changes (id, submission_id, changed_by, reason, old_final,"
    .. " new_final) values (?, ?, ?, ?, ?, ?)", id.uuid(), row.id, change.by, change.reason, before.final, row.final })
  if not noted then return nil, failure end
  local kind = change.reason == "handed_in" and "work.handed_in" or "grade.changed"
  local told, untold = M.tell(tx, before.class_id, kind, row)
  if not told then return nil, untold end
  local recorded, lost = audit.record(tx, change.by and { id = change.by }, "grade." .. change.reason, {
    kind = "submission", id = row.id, class_id = before.class_id, detail = { student_id = row.student_id },
    person_id = row.student_id, personal = { before = before.final, after = row.final },
  })
  return recorded and row, lost
end

--- The submission that an attempt at an assignment may grade, made if there is none, and locked.
---@param attempt { assignment_id: string, student_id: string, submitted_at: string }
function M.lock(tx, attempt)
  local made, err = tx:run({ "insert into submissions (id, assignment_id, student_id, state) values (?, ?, ?,"
    .. " 'submitted') on conflict (assignment_id, student_id) do nothing", id.uuid(), attempt.assignment_id,
    attempt.student_id })
  if not made then return nil, err end
  return tx:one({ "select s.id, s.final, s.graded_by, g.class_id, g.points, coalesce(?::timestamptz > g.due_at, false)"
    .. " as late, " .. M.PENALTY .. " as penalty from submissions s join assignments g on g.id = s.assignment_id"
    .. " where s.assignment_id = ?::uuid and s.student_id = ?::uuid for update of s", attempt.submitted_at,
    attempt.submitted_at, attempt.submitted_at, attempt.assignment_id, attempt.student_id })
end

--- A marked attempt becomes the grade of its assignment if it is the best so far, unless a teacher has graded by hand.
---@param before table what M.lock gave
---@param attempt { id: string, submitted_at: string }
---@param result { score: number, max_score: number }
function M.quiz(tx, before, attempt, result)
  if before.graded_by ~= json.null then return true end
  local score = result.max_score > 0 and grade.rounded(result.score / result.max_score * before.points) or 0
  local final = grade.rounded(score * (100 - before.penalty) / 100)
  if before.final ~= json.null and final <= before.final then return true end
  return M.change(tx, before, { state = "graded", score = score, penalty = before.penalty, reason = "quiz",
    attempt_id = attempt.id, submitted_at = attempt.submitted_at, late = before.late })
end

-- The submission that a teacher means, locked; checked against what the teacher has seen.
local function lock_as_keeper(tx, user, submission_id, revision)
  local row, err = tx:one({ "select s.id, s.state, s.revision, s.final, g.class_id, g.points from submissions s"
    .. " join assignments g on g.id = s.assignment_id where s.id = ?::uuid and", submission_id },
    access.manages_assignment(user, "g"), "for update of s")
  if not row then return nil, err end
  if revision and row.revision ~= revision then return db.fail("stale", "the submission was changed meanwhile") end
  return row
end

--- A teacher grades a submission.
---@param given { score: number, feedback?: string, penalty?: integer }
---@param revision integer? what the teacher has seen: two who grade at once don't overwrite each other unknowingly
---@return table? submission
---@return table? err not_found, stale, invalid (more points than there are)
function M.grade(user, submission_id, given, revision)
  return db.education:transaction(function(tx)
    local before, err = lock_as_keeper(tx, user, submission_id, revision)
    if not before then return nil, err end
    if given.score > before.points then
      return db.fail("invalid", ("the assignment has %d points"):format(before.points), "score")
    end
    return M.change(tx, before, { state = "graded", score = grade.rounded(given.score), penalty = given.penalty,
      feedback = given.feedback, by = user.id, reason = "graded" })
  end)
end

--- A teacher grades a student who handed nothing in here: work on paper, an answer in class.
---@param given { student_id: string, score: number, feedback?: string }
---@return table? submission
---@return table? err not_found, conflict (there is a submission: grade that), invalid
function M.give(user, assignment_id, given)
  return db.education:transaction(function(tx)
    local work, err = tx:one({ "select g.id, g.class_id, g.points from assignments g where g.id = ?::uuid and",
      assignment_id }, access.manages_assignment(user, "g"), "for share of g")
    if not work then return nil, err end
    if given.score > work.points then
      return db.fail("invalid", ("the assignment has %d points"):format(work.points), "score")
    end
    local seat, none = tx:one({ "select e.student_id from enrolments e where e.class_id = ?::uuid and e.student_id ="
      .. " ?::uuid", work.class_id, given.student_id })
    if not seat then
      if none.code == "not_found" then return db.fail("invalid", "the class has no such student", "student_id") end
      return nil, none
    end
    local made, failure = tx:one({ "insert into submissions (id, assignment_id, student_id, state) values (?, ?, ?,"
      .. " 'submitted') returning id", id.uuid(), work.id, seat.student_id })
    if not made then return nil, failure end
    return M.change(tx, { id = made.id, class_id = work.class_id }, { state = "graded",
      score = grade.rounded(given.score), feedback = given.feedback, by = user.id, reason = "graded" })
  end)
end

--- A teacher gives work back for revision. A grade that it had does not count until it is graded again.
---@param feedback string
function M.send_back(user, submission_id, feedback)
  return db.education:transaction(function(tx)
    local before, err = lock_as_keeper(tx, user, submission_id)
    if not before then return nil, err end
    if before.state == "returned" then return db.fail("conflict", "it has been returned already", "state") end
    return M.change(tx, before, { state = "returned", feedback = feedback, by = user.id, reason = "returned" })
  end)
end

return M
