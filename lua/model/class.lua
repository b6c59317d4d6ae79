-- model/class.lua: classes: made by a teacher, joined by students with a code.

local access = require "model.access"
local audit = require "model.audit"
local db = require "model.db"
local page = require "model.page"
local sql = require "model.sql"
local id = require "util.id"

local M = {}

local OPEN = "c.id, c.school_id, c.teacher_id, c.name, c.subject, c.grade, c.archived_at, c.created_at, c.updated_at,"
  .. " c.revision"

-- Only who keeps the class is shown the code that lets others in.
local function columns(user)
  if access.may(user, "teach") then return OPEN .. ", c.join_code" end
  return OPEN
end

-- Runs try(code) with new codes until one is free.
local function with_code(try)
  for _ = 1, 5 do
    local row, err = try(id.code(8))
    if row or err.constraint ~= "classes_join_code" then return row, err end
  end
  return db.fail("conflict", "no free join code was found")
end

--- Makes a class with a join code of its own.
---@param user table a teacher or an admin; the class is theirs
---@param class { name: string, subject: string, grade: integer }
function M.create(user, class)
  return with_code(function(code)
    return db.education:one(
      { "insert into classes as c (id, school_id, teacher_id, name, subject, grade, join_code)"
        .. " values (?, ?, ?, ?, ?, ?, ?) returning " .. columns(user),
        id.uuid(), user.school_id, user.id, class.name, class.subject, class.grade, code })
  end)
end

--- A class as this person may see it.
function M.find(user, class_id)
  return db.education:one({ "select " .. columns(user) .. " from classes c where c.id = ?::uuid and", class_id },
    access.sees_class(user, "c"))
end

--- The classes that this person may see. filter: { archived?: boolean }
function M.list(user, filter, pages)
  return page.list(db.education, {
    select = "select " .. columns(user) .. " from classes c",
    where = { access.sees_class(user, "c"),
      filter.archived and "c.archived_at is not null" or "c.archived_at is null" },
    columns = { id = { "c.id", "uuid" }, name = { "c.name", "text" }, grade = { "c.grade", "integer" } },
    unique = "id",
  }, pages)
end

local function why_not(user, class_id, revision)
  return db.missed("class", revision, M.find(user, class_id))
end

--- Changes a class.
---@param changes { name?: string, subject?: string, grade?: integer, archived?: boolean }
---@param revision integer? what the caller has seen
function M.update(user, class_id, changes, revision)
  local row, err = db.education:one(
    { "update classes as c set name = coalesce(?, c.name), subject = coalesce(?, c.subject),"
      .. " grade = coalesce(?::integer, c.grade), archived_at = case ?::boolean"
      .. " when true then coalesce(c.archived_at, now()) when false then null else c.archived_at end"
      .. " where c.id = ?::uuid and",
      changes.name, changes.subject, changes.grade, changes.archived, class_id },
    sql.as_seen("c", revision), "and", access.manages_class(user, "c"), "returning " .. columns(user))
  if row or err.code ~= "not_found" then return row, err end
  return why_not(user, class_id, revision)
end

--- Gives a class a new join code; the former one is void.
function M.rotate_code(user, class_id)
  return with_code(function(code)
    return db.education:one({ "update classes as c set join_code = ? where c.id = ?::uuid and", code, class_id },
      access.manages_class(user, "c"), "returning " .. columns(user))
  end)
end

--- Deletes a class with its enrolments; what students did stays theirs.
---@param revision integer? what the caller has seen
function M.delete(user, class_id, revision)
  local row, err = db.education:transaction(function(tx)
    local gone, failure = tx:one({ "delete from classes c where c.id = ?::uuid and", class_id },
      sql.as_seen("c", revision), "and", access.manages_class(user, "c"), "returning c.id, c.school_id")
    if not gone then return nil, failure end
    local recorded, lost = audit.record(tx, user, "class.delete", { kind = "class", id = gone.id,
      school_id = gone.school_id })
    return recorded and gone, lost
  end)
  if row or err.code ~= "not_found" then return row, err end
  return why_not(user, class_id, revision)
end

--- Whether this person keeps the class.
---@return boolean? true, or nil with the error not_found
function M.keeps(user, class_id)
  local row, err = db.education:one({ "select 1 as kept from classes c where c.id = ?::uuid and", class_id },
    access.manages_class(user, "c"))
  if not row then return nil, err end
  return true
end

return M
