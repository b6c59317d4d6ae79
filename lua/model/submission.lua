-- model/submission.lua: what students hand in for assignments. Grades are changed by model/grading.lua only.

local json = require "host.json"
local access = require "model.access"
local db = require "model.db"
local grading = require "model.grading"
local page = require "model.page"
local sql = require "model.sql"
local id = require "util.id"

local M = {}

local LISTED = grading.COLUMNS .. ", g.class_id, g.title as assignment_title, g.points, u.name as student_name"
local FROM = " from submissions s join assignments g on g.id = s.assignment_id join users u on u.id = s.student_id"

-- The assignment that is handed in now: late by how much, closed or not.
local NOW = "select g.id, g.class_id, g.quiz_id, coalesce(g.due_at < now(), false) as late, "
  .. grading.PENALTY:gsub("%?::timestamptz", "now()") .. " as penalty, coalesce(g.closes_at <= now(), false) as closed"

--- A student hands in work for an assignment that is not a quiz.
---@param content string may be empty: the work may lie elsewhere, as in a lesson
---@return table? submission
---@return table? err not_found, conflict (closed, a quiz, or handed in already), forbidden
function M.hand_in(student, assignment_id, content)
  if not access.may(student, "learn") then return db.fail("forbidden", "only students hand in work") end
  return db.education:transaction(function(tx)
    local given, err = tx:one({ NOW .. " from assignments g where g.id = ?::uuid and", assignment_id },
      access.sees_assignment(student, "g"), "for share of g")
    if not given then return nil, err end
    if given.quiz_id ~= json.null then return db.fail("conflict", "a quiz is handed in by its attempts") end
    if given.closed then return db.fail("conflict", "the assignment is closed") end
    local row, failure = tx:one({ "insert into submissions as s (id, assignment_id, student_id, state, content, late,"
      .. " penalty) values (?, ?, ?, 'submitted', ?, ?, ?) returning " .. grading.COLUMNS, id.uuid(), assignment_id,
      student.id, content, given.late, given.penalty })
    if not row then return nil, failure end
    local told, untold = grading.tell(tx, given.class_id, "work.handed_in", row)
    if not told then return nil, untold end
    return row
  end)
end

--- A student hands in again: work that was returned, or that nobody has graded yet. Revised work keeps the penalty that
--- it had: who was in time is not late because the teacher asked for more.
---@param revision integer? what the student has seen
function M.revise(student, submission_id, content, revision)
  return db.education:transaction(function(tx)
    local before, err = tx:one({ NOW .. ", s.id, s.state, s.revision, s.final, s.penalty as had, s.late as was_late"
      .. " from submissions s join assignments g on g.id = s.assignment_id where s.id = ?::uuid and s.student_id ="
      .. " ?::uuid for update of s", submission_id, student.id })
    if not before then return nil, err end
    if revision and before.revision ~= revision then return db.fail("stale", "the submission was changed meanwhile") end
    if before.quiz_id ~= json.null then return db.fail("conflict", "a quiz is handed in by its attempts") end
    if before.closed then return db.fail("conflict", "the assignment is closed") end
    if before.state == "graded" then return db.fail("conflict", "it has been graded", "state") end
    local returned = before.state == "returned"
    return grading.change(tx, before, { state = "submitted", reason = "handed_in", by = student.id, content = content,
      penalty = returned and before.had or before.penalty, late = before.was_late or not returned and before.late })
  end)
end

--- A submission as this person may see it.
function M.find(user, submission_id)
  return db.education:one({ "select " .. LISTED .. FROM .. " where s.id = ?::uuid and", submission_id },
    access.sees_submission(user, "s"))
end

--- The submissions that this person may see, newest first.
--- filter: { assignment_id?, class_id?, student_id?, state? }
function M.list(user, filter, pages)
  local sees = access.sees_submission(user, "s")
  -- A class is less than a school, however large that is.
  local where = { (filter.class_id or filter.assignment_id or filter.student_id) and sql.checked(sees) or sees }
  if filter.assignment_id then where[#where + 1] = { "s.assignment_id = ?::uuid", filter.assignment_id } end
  if filter.class_id then where[#where + 1] = { "g.class_id = ?::uuid", filter.class_id } end
  if filter.student_id then where[#where + 1] = { "s.student_id = ?::uuid", filter.student_id } end
  if filter.state then where[#where + 1] = sql.is("s.state", filter.state) end
  return page.list(db.education, {
    select = "select " .. LISTED .. FROM, where = where,
    columns = { id = { "s.id", "uuid" } }, unique = "id",
  }, pages)
end

--- How the grade of a submission came about, newest first; for who may see it.
function M.changes(user, submission_id, pages)
  return page.list(db.education, {
    select = "select h.id, h.changed_by, h.reason, h.old_final, h.new_final, h.created_at from grade_changes h"
      .. " join submissions s on s.id = h.submission_id",
    where = { { "h.submission_id = ?::uuid", submission_id }, access.sees_submission(user, "s") },
    columns = { id = { "h.id", "uuid" } }, unique = "id",
  }, pages)
end

return M
