-- model/school.lua: schools. People and classes belong to one; an admin keeps the own one, and makes further ones, each
-- with its first admin. An admin without a school keeps the installation: sees all schools.

local access = require "model.access"
local db = require "model.db"
local id = require "util.id"
local page = require "model.page"
local sql = require "model.sql"
local user = require "model.user"

local M = {}

local COLUMNS = "s.id, s.name, s.address, s.time_zone, s.created_at, s.updated_at, s.revision"

--- Makes a school. Called by set-up commands, not on behalf of a person.
---@param name string
---@param tx? model.connection
function M.create(name, tx)
  return (tx or db.education):one(
    { "insert into schools as s (id, name) values (?, ?) returning " .. COLUMNS, id.uuid(), name })
end

--- Makes a school with its first admin. Who makes it sees and changes it, but not its people: they are its admin's.
---@param school { name: string, address?: string, time_zone?: string, admin: table }
---@return table? school
---@return table? err forbidden, conflict with field admin/login or admin/email, invalid
function M.found(by, school)
  if not access.may(by, "administer") then return db.fail("forbidden", "only an admin makes schools") end
  local hash, bad = user.hash(school.admin.password)
  if not hash then return nil, bad end
  return db.education:transaction(function(tx)
    local made, err = tx:one({ "insert into schools as s (id, name, address, time_zone, made_by) values (?, ?,"
      .. " coalesce(?, ''), coalesce(?, 'UTC'), ?) returning " .. COLUMNS, id.uuid(), school.name, school.address,
      school.time_zone, by.id })
    if not made then return nil, err end
    local admin = school.admin
    local first, failure = user.import({
      login = admin.login, name = admin.name, email = admin.email, role = "admin", school_id = made.id,
    }, hash, tx)
    if not first then
      if failure.field then failure.field = "admin/" .. failure.field end
      return nil, failure
    end
    return made
  end)
end

--- The school of a person, for that person.
function M.of(person)
  return db.education:one("select " .. COLUMNS .. " from schools s",
    { "where s.id = (select u.school_id from users u where u.id = ?::uuid)", person.id })
end

--- A school that a person may see.
function M.find(person, school_id)
  return db.education:one({ "select " .. COLUMNS .. " from schools s where s.id = ?::uuid and", school_id },
    access.sees_school(person, "s"))
end

--- The schools that a person may see.
function M.list(person, pages)
  return page.list(db.education, {
    select = "select " .. COLUMNS .. " from schools s",
    where = { access.sees_school(person, "s") },
    columns = { id = { "s.id", "uuid" }, name = { "s.name", "text" } },
    unique = "id",
  }, pages)
end

--- Changes a school; its own if none is named.
---@param changes { name?: string, address?: string, time_zone?: string }
---@param revision integer? what the caller has seen
---@param school_id string?
function M.update(by, changes, revision, school_id)
  school_id = school_id or by.school_id
  if not school_id then return db.not_found("school") end
  local row, err = db.education:one(
    { "update schools as s set name = coalesce(?, s.name), address = coalesce(?, s.address),"
      .. " time_zone = coalesce(?, s.time_zone) where s.id = ?::uuid and",
      changes.name, changes.address, changes.time_zone, school_id },
    sql.as_seen("s", revision), "and", access.manages_school(by, "s"), "returning " .. COLUMNS)
  if row or err.code ~= "not_found" then return row, err end
  local seen = M.find(by, school_id)
  if not seen then return db.not_found("school") end
  if revision and seen.revision ~= revision then return db.fail("stale", "the school was changed meanwhile") end
  return db.fail("forbidden", "only an admin may change the school")
end

--- How many people of each role the own school has.
function M.counts(by)
  if not access.may(by, "administer") then return db.fail("forbidden", "only an admin may see this") end
  local rows, err = db.education:query("select u.role, count(*) as people from users u where",
    access.manages_user(by, "u"), "group by u.role")
  if not rows then return nil, err end
  local counts = { student = 0, teacher = 0, parent = 0, admin = 0 }
  for _, row in ipairs(rows) do counts[row.role] = row.people end
  return counts
end

return M
