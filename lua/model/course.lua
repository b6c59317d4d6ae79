-- model/course.lua: courses: an order of lessons that a teacher keeps and classes take.

local access = require "model.access"
local db = require "model.db"
local page = require "model.page"
local sql = require "model.sql"
local id = require "util.id"

local M = {}

local COLUMNS = "k.id, k.school_id, k.teacher_id, k.title, k.subject, k.grade, k.description, k.created_at,"
  .. " k.updated_at, k.revision"

local function assign(tx, user, course_id, class_id)
  return tx:one({ "insert into class_courses (class_id, course_id) select c.id, ?::uuid from classes c"
    .. " where c.id = ?::uuid and", course_id, class_id }, access.manages_class(user, "c"),
    "on conflict (class_id, course_id) do update set created_at = class_courses.created_at returning class_id")
end

--- Makes a course, at once for a class if one is named.
---@param course { title: string, subject: string, grade: integer, description?: string, class_id?: string }
function M.create(user, course)
  return db.education:transaction(function(tx)
    local row, err = tx:one({ "insert into courses as k (id, school_id, teacher_id, title, subject, grade, description)"
      .. " values (?, ?, ?, ?, ?, ?, coalesce(?, '')) returning " .. COLUMNS,
      id.uuid(), user.school_id, user.id, course.title, course.subject, course.grade, course.description })
    if not row then return nil, err end
    if course.class_id then
      local done, failure = assign(tx, user, row.id, course.class_id)
      if not done and failure.code == "not_found" then
        return db.fail("invalid", "you keep no such class", "class_id")
      end
      if not done then return nil, failure end
    end
    return row
  end)
end

--- A course as this person may see it.
function M.find(user, course_id)
  return db.education:one({ "select " .. COLUMNS .. " from courses k where k.id = ?::uuid and", course_id },
    access.sees_course(user, "k"))
end

--- The courses that this person may see. filter: { class_id? }
function M.list(user, filter, pages)
  local where = { access.sees_course(user, "k") }
  if filter.class_id then
    where[2] = { "exists (select 1 from class_courses x where x.course_id = k.id and x.class_id = ?::uuid)",
      filter.class_id }
  end
  return page.list(db.education, {
    select = "select " .. COLUMNS .. " from courses k",
    where = where,
    columns = { id = { "k.id", "uuid" }, title = { "k.title", "text" } },
    unique = "id",
  }, pages)
end

--- Changes a course.
---@param changes { title?: string, subject?: string, grade?: integer, description?: string }
---@param revision integer? what the caller has seen
function M.update(user, course_id, changes, revision)
  local row, err = db.education:one(
    { "update courses as k set title = coalesce(?, k.title), subject = coalesce(?, k.subject),"
      .. " grade = coalesce(?::integer, k.grade), description = coalesce(?, k.description)"
      .. " where k.id = ?::uuid and",
      changes.title, changes.subject, changes.grade, changes.description, course_id },
    sql.as_seen("k", revision), "and", access.manages_course(user, "k"), "returning " .. COLUMNS)
  if row or err.code ~= "not_found" then return row, err end
  return db.missed("course", revision, M.find(user, course_id))
end

--- Deletes a course that has no lessons.
---@param revision integer? what the caller has seen
function M.delete(user, course_id, revision)
  local row, err = db.education:one({ "delete from courses k where k.id = ?::uuid"
    .. " and not exists (select 1 from lessons l where l.course_id = k.id) and", course_id },
    sql.as_seen("k", revision), "and", access.manages_course(user, "k"), "returning k.id")
  if row or err.code ~= "not_found" then return row, err end
  local seen, missing = M.find(user, course_id)
  if not seen then return nil, missing end
  if revision and seen.revision ~= revision or access.manages_course(user, "k") == access.NOBODY then
    return db.missed("course", revision, seen)
  end
  return db.fail("conflict", "the course still has lessons")
end

--- Lets a class take a course. Both must be the caller's.
function M.assign(user, course_id, class_id)
  return db.education:transaction(function(tx)
    local kept, err = tx:one({ "select k.id from courses k where k.id = ?::uuid and", course_id },
      access.manages_course(user, "k"))
    if not kept then return nil, err end
    return assign(tx, user, course_id, class_id)
  end)
end

--- Takes a course from a class.
function M.unassign(user, course_id, class_id)
  return db.education:one({ "delete from class_courses x using courses k where k.id = x.course_id"
    .. " and x.course_id = ?::uuid and x.class_id = ?::uuid and", course_id, class_id },
    access.manages_course(user, "k"), "returning x.course_id")
end

return M
