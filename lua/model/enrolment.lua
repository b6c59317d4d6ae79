-- model/enrolment.lua: who is in which class: students join with the class's code, its keeper may take them in or out.

local pg = require "host.pg"
local access = require "model.access"
local audit = require "model.audit"
local db = require "model.db"
local event = require "model.event"
local page = require "model.page"
local id = require "util.id"

local M = {}

-- by: who changed that this student is in this class.
local function note(tx, by, action, class_id, student_id)
  return audit.record(tx, by, action, { kind = "user", id = student_id, class_id = class_id,
    detail = { class_id = class_id } })
end

local function enrol(tx, by, class_id, student_id)
  local added, err = tx:run({ "insert into enrolments (class_id, student_id) values (?, ?) on conflict do nothing",
    class_id, student_id })
  if not added then return nil, err end
  if added > 0 then
    local told, failure = event.append(tx, "class:" .. class_id, "enrolment.added", { class_id = class_id,
      student_id = student_id })
    if not told then return nil, failure end
    return note(tx, by, "enrolment.add", class_id, student_id)
  end
  return true
end

--- A student joins a class. Joining twice is fine.
---@return table? class
function M.join(student, code)
  if not access.may(student, "learn") then return db.fail("forbidden", "only students join a class") end
  return db.education:transaction(function(tx)
    local class, err = tx:one({ "select c.id, c.name, c.subject, c.grade, c.teacher_id from classes c"
      .. " where c.join_code = ? and c.archived_at is null", id.clean_code(code) })
    if not class then
      if err.code == "not_found" then return db.fail("invalid", "no class has this join code", "code") end
      return nil, err
    end
    local done, failure = enrol(tx, student, class.id, student.id)
    if not done then return nil, failure end
    return class
  end)
end

--- The keeper of a class takes in a student of the own school, by login or id.
---@param who { student_id?: string, login?: string }
---@return table? student
function M.add(user, class_id, who)
  return db.education:transaction(function(tx)
    local class, err = tx:one({ "select c.id, c.school_id from classes c where c.id = ?::uuid and", class_id },
      access.manages_class(user, "c"))
    if not class then return nil, err end
    local student, none = tx:one({ "select u.id, u.login, u.name from users u where u.role = 'student'"
      .. " and u.state = 'active' and u.school_id = ?::uuid and (u.id = ?::uuid or u.login = lower(?))",
      class.school_id, who.student_id, who.login })
    if not student then
      if none.code ~= "not_found" then return nil, none end
      return db.fail("invalid", "the school has no such student", who.login and "login" or "student_id")
    end
    local done, failure = enrol(tx, user, class.id, student.id)
    if not done then return nil, failure end
    return student
  end)
end

--- Takes a student out of a class: the keeper does, or the student leaves.
function M.remove(user, class_id, student_id)
  return db.education:transaction(function(tx)
    local allowed = student_id == user.id and "true" or access.manages_class(user, "c")
    local gone, err = tx:one({ "delete from enrolments e using classes c where c.id = e.class_id"
      .. " and e.class_id = ?::uuid and e.student_id = ?::uuid and", class_id, student_id }, allowed,
      "returning e.student_id")
    if not gone then return nil, err end
    local told, failure = event.append(tx, "class:" .. class_id, "enrolment.removed", { class_id = class_id,
      student_id = student_id })
    if not told then return nil, failure end
    local recorded, lost = note(tx, user, "enrolment.remove", class_id, student_id)
    return recorded and gone, lost
  end)
end

--- The roster of a class, for its keeper.
function M.roster(user, class_id, pages)
  return page.list(db.education, {
    select = "select u.id, u.login, u.name, u.state, e.created_at as joined_at from enrolments e"
      .. " join classes c on c.id = e.class_id join users u on u.id = e.student_id",
    where = { { "e.class_id = ?::uuid", class_id }, access.manages_class(user, "c") },
    columns = { id = { "e.student_id", "uuid" }, name = { "u.name", "text" } },
    unique = "id",
    direction = "asc",
  }, pages)
end

--- Whether all of these students are in the class; used for what a game server reports.
---@param student_ids string[]
---@return table<string, boolean>? enrolled
function M.of_class(class_id, student_ids)
  local rows, err = db.education:query({ "select e.student_id from enrolments e where e.class_id = ?::uuid"
    .. " and e.student_id = any(?::uuid[])", class_id, pg.array(student_ids) })
  if not rows then return nil, err end
  local enrolled = {}
  for _, row in ipairs(rows) do enrolled[row.student_id] = true end
  return enrolled
end

return M
