-- model/school.lua: schools. People and classes belong to one; an admin keeps the own one.

local access = require "model.access"
local db = require "model.db"
local id = require "util.id"

local M = {}

local COLUMNS = "s.id, s.name, s.created_at, s.updated_at, s.revision"

--- Makes a school. Called by set-up commands, not on behalf of a person.
---@param name string
---@param tx? model.connection
function M.create(name, tx)
  return (tx or db.education):one(
    { "insert into schools as s (id, name) values (?, ?) returning " .. COLUMNS, id.uuid(), name })
end

--- The school of a person, for that person.
function M.of(user)
  return db.education:one("select " .. COLUMNS .. " from schools s",
    { "where s.id = (select u.school_id from users u where u.id = ?::uuid)", user.id })
end

--- Renames the own school.
function M.update(user, changes, revision)
  if user.role ~= "admin" then return db.fail("forbidden", "only an admin may change the school") end
  local row, err = db.education:one(
    { "update schools as s set name = ? where s.id = ?::uuid and", changes.name, user.school_id },
    { "(?::bigint is null or s.revision = ?::bigint)", revision, revision }, "returning " .. COLUMNS)
  if not row and err.code == "not_found" and revision then return db.fail("stale",
    "the school was changed meanwhile") end
  return row, err
end

--- How many people of each role the own school has.
function M.counts(user)
  if user.role ~= "admin" then return db.fail("forbidden", "only an admin may see this") end
  local rows, err = db.education:query("select u.role, count(*) as people from users u where",
    access.manages_user(user, "u"), "group by u.role")
  if not rows then return nil, err end
  local counts = { student = 0, teacher = 0, parent = 0, admin = 0 }
  for _, row in ipairs(rows) do counts[row.role] = row.people end
  return counts
end

return M
