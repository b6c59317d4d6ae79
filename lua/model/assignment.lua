-- model/assignment.lua: what a class is given to do: a lesson, a quiz, or work that is described in words; with the
-- dates on which it opens, is due and closes. What students hand in is model/submission.lua's.

local json = require "host.json"
local access = require "model.access"
local audit = require "model.audit"
local db = require "model.db"
local event = require "model.event"
local page = require "model.page"
local id = require "util.id"
local keys = require "util.keys"

local M = {}

local COLUMNS = "g.id, g.class_id, g.teacher_id, g.category_id, g.lesson_id, g.quiz_id, g.title, g.instructions,"
  .. " g.points, g.opens_at, g.due_at, g.closes_at, g.late_penalty, g.max_attempts, g.created_at, g.updated_at,"
  .. " g.revision"

local function value_of(value)
  return value ~= json.null and value or nil
end

-- What an assignment refers to must be the class's or of who keeps the class.
local references = {
  { "lesson_id", "the class takes no course with this lesson", function(tx, user, class, lesson_id)
    return tx:one({ "select l.id from lessons l join class_courses k on k.course_id = l.course_id and k.class_id ="
      .. " ?::uuid where l.id = ?::uuid and", class.id, lesson_id }, access.manages_lesson(user, "l"))
  end },
  { "quiz_id", "you keep no such quiz", function(tx, user, _, quiz_id)
    return tx:one({ "select z.id from quizzes z where z.id = ?::uuid and", quiz_id }, access.manages_quiz(user, "z"))
  end },
  { "category_id", "the class has no such category", function(tx, _, class, category_id)
    return tx:one({ "select k.id from grade_categories k where k.id = ?::uuid and k.class_id = ?::uuid", category_id,
      class.id })
  end },
}

local function check(tx, user, class, given)
  for _, reference in ipairs(references) do
    local name, message, find = unpack(reference)
    local value = value_of(given[name])
    if value then
      local found, err = find(tx, user, class, value)
      if not found then
        if err.code == "not_found" then return db.fail("invalid", message, name) end
        return nil, err
      end
    end
  end
  return true
end

local function tell(tx, kind, row)
  return event.append(tx, "class:" .. row.class_id, kind, { assignment_id = row.id, class_id = row.class_id,
    title = row.title, due_at = row.due_at })
end

--- Gives a class something to do.
---@param given table class_id, title; optional: lesson_id or quiz_id, category_id, instructions, points, opens_at,
---due_at, closes_at, late_penalty, max_attempts
function M.create(user, given)
  return db.education:transaction(function(tx)
    local class, err = tx:one({ "select c.id, c.teacher_id, c.school_id from classes c where c.id = ?::uuid and",
      given.class_id }, access.manages_class(user, "c"))
    if not class then
      if err.code == "not_found" then return db.fail("invalid", "you keep no such class", "class_id") end
      return nil, err
    end
    local good, wrong = check(tx, user, class, given)
    if not good then return nil, wrong end
    local row, failure = tx:one({ "insert into assignments as g (id, class_id, teacher_id, school_id, category_id,"
      .. " lesson_id, quiz_id, title, instructions, points, opens_at, due_at, closes_at, late_penalty, max_attempts)"
      .. " values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, coalesce(?::timestamptz, now()), ?, ?, ?, ?) returning " .. COLUMNS,
      id.uuid(), class.id, class.teacher_id, class.school_id, given.category_id, given.lesson_id, given.quiz_id,
      given.title, given.instructions or "", given.points or 100, given.opens_at, given.due_at, given.closes_at,
      given.late_penalty or 0, given.max_attempts })
    if not row then return nil, failure end
    local told, untold = tell(tx, "assignment.created", row)
    if not told then return nil, untold end
    return row
  end)
end

--- An assignment as this person may see it.
function M.find(user, assignment_id)
  return db.education:one({ "select " .. COLUMNS .. " from assignments g where g.id = ?::uuid and", assignment_id },
    access.sees_assignment(user, "g"))
end

--- The assignments that this person may see, newest first.
--- filter: { class_id?, due_after?, due_before? }
function M.list(user, filter, pages)
  local where = { access.sees_assignment(user, "g") }
  if filter.class_id then where[#where + 1] = { "g.class_id = ?::uuid", filter.class_id } end
  if filter.due_after then where[#where + 1] = { "g.due_at >= ?::timestamptz", filter.due_after } end
  if filter.due_before then where[#where + 1] = { "g.due_at < ?::timestamptz", filter.due_before } end
  return page.list(db.education, {
    select = "select " .. COLUMNS .. " from assignments g", where = where,
    columns = { id = { "g.id", "uuid" } }, unique = "id",
  }, pages)
end

-- The assignment, locked, as its keeper has seen it.
local function lock(tx, user, assignment_id, revision)
  local row, err = tx:one({ "select " .. COLUMNS .. " from assignments g where g.id = ?::uuid and", assignment_id },
    access.manages_assignment(user, "g"), "for update of g")
  if not row then return nil, err end
  if revision and row.revision ~= revision then return db.fail("stale", "the assignment was changed meanwhile") end
  return row
end

local function begun(tx, assignment_id)
  return tx:one({ "select exists (select 1 from submissions s where s.assignment_id = ?::uuid) or exists (select 1 from"
    .. " quiz_attempts a where a.assignment_id = ?::uuid) as begun", assignment_id, assignment_id })
end

-- Penalties, points and categories are part of grades.
local function note(tx, by, action, row, changes)
  return audit.record(tx, by, action, { kind = "assignment", id = row.id, class_id = row.class_id,
    detail = { fields = json.array(keys.sorted(changes)) } })
end

local CHANGEABLE = { "category_id", "title", "instructions", "points", "opens_at", "due_at", "closes_at",
  "late_penalty", "max_attempts" }

--- Changes an assignment; its points only until the first student has begun, since grades are in these points.
---@param revision integer? what the caller has seen
function M.update(user, assignment_id, changes, revision)
  return db.education:transaction(function(tx)
    local row, err = lock(tx, user, assignment_id, revision)
    if not row then return nil, err end
    local good, wrong = check(tx, user, { id = row.class_id }, { category_id = changes.category_id })
    if not good then return nil, wrong end
    if changes.points and changes.points ~= row.points then
      local found, failure = begun(tx, assignment_id)
      if not found then return nil, failure end
      if found.begun then return db.fail("conflict", "students have begun: the points stay", "points") end
    end
    for _, name in ipairs(CHANGEABLE) do
      if changes[name] ~= nil then row[name] = changes[name] end
    end
    local changed, broken = tx:one({ "update assignments as g set category_id = ?::uuid, title = ?, instructions = ?,"
      .. " points = ?, opens_at = ?::timestamptz, due_at = ?::timestamptz, closes_at = ?::timestamptz,"
      .. " late_penalty = ?, max_attempts = ?::integer where g.id = ?::uuid returning " .. COLUMNS, row.category_id,
      row.title, row.instructions, row.points, row.opens_at, row.due_at, row.closes_at, row.late_penalty,
      row.max_attempts, assignment_id })
    if not changed then return nil, broken end
    local told, untold = tell(tx, "assignment.changed", changed)
    if not told then return nil, untold end
    local recorded, lost = note(tx, user, "assignment.change", changed, changes)
    return recorded and changed, lost
  end)
end

--- Takes an assignment back, unless students have begun.
---@param revision integer? what the caller has seen
function M.delete(user, assignment_id, revision)
  return db.education:transaction(function(tx)
    local row, err = lock(tx, user, assignment_id, revision)
    if not row then return nil, err end
    local found, failure = begun(tx, assignment_id)
    if not found then return nil, failure end
    if found.begun then return db.fail("conflict", "students have begun with it") end
    local gone, lost = tx:one({ "delete from assignments g where g.id = ?::uuid returning g.id", assignment_id })
    if not gone then return nil, lost end
    local recorded, unrecorded = note(tx, user, "assignment.delete", row, {})
    return recorded and gone, unrecorded
  end)
end

--- How a class stands in an assignment, for who keeps it.
---@return table? figures students, submitted, waiting (to be graded), graded, late, mean (share of the points)
function M.statistics(user, assignment_id)
  return db.education:one({ "select count(e.student_id) as students, count(s.id) as submitted,"
    .. " count(s.id) filter (where s.state = 'graded') as graded, count(s.id) filter (where s.late) as late,"
    .. " count(s.id) filter (where s.state = 'submitted') as waiting,"
    .. " avg(s.final / g.points) filter (where s.state = 'graded') as mean from assignments g"
    .. " left join enrolments e on e.class_id = g.class_id"
    .. " left join submissions s on s.assignment_id = g.id and s.student_id = e.student_id where g.id = ?::uuid and",
    assignment_id }, access.manages_assignment(user, "g"), "group by g.id")
end

return M
