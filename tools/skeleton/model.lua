-- model/gadget.lua: what a gizmo is. Who sees and who changes one is said in model/access.lua.

local access = require "model.access"
local db = require "model.db"
local page = require "model.page"
local sql = require "model.sql"
local id = require "util.id"

local M = {}

local COLUMNS = "x.id, x.owner_id, x.title, x.description, x.created_at, x.updated_at, x.revision"

--- Makes one of the caller's own.
---@param gadget { title: string, description?: string }
function M.create(user, gadget)
  return db.education:one({ "insert into gadgets as x (id, owner_id, title, description)"
    .. " values (?, ?, ?, coalesce(?, '')) returning " .. COLUMNS, id.uuid(), user.id, gadget.title,
    gadget.description })
end

--- One that the caller sees.
function M.find(user, gadget_id)
  return db.education:one({ "select " .. COLUMNS .. " from gadgets x where x.id = ?::uuid and", gadget_id },
    access.manages_owned(user, "x"))
end

--- Those that the caller sees, the newest first.
function M.list(user, pages)
  return page.list(db.education, {
    select = "select " .. COLUMNS .. " from gadgets x",
    where = { access.manages_owned(user, "x") },
    columns = { id = { "x.id", "uuid" }, title = { "x.title", "text" } },
    unique = "id",
  }, pages)
end

local function why_not(user, gadget_id, revision)
  return db.missed("gizmo", revision, M.find(user, gadget_id))
end

--- Changes one.
---@param changes { title?: string, description?: string }
---@param revision integer? what the caller has seen
function M.update(user, gadget_id, changes, revision)
  local row, err = db.education:one({ "update gadgets as x set title = coalesce(?, x.title),"
    .. " description = coalesce(?, x.description) where x.id = ?::uuid and",
    changes.title, changes.description, gadget_id },
    sql.as_seen("x", revision), "and", access.manages_owned(user, "x"), "returning " .. COLUMNS)
  if row or err.code ~= "not_found" then return row, err end
  return why_not(user, gadget_id, revision)
end

--- Deletes one.
---@param revision integer? what the caller has seen
function M.delete(user, gadget_id, revision)
  local row, err = db.education:one({ "delete from gadgets x where x.id = ?::uuid and", gadget_id },
    sql.as_seen("x", revision), "and", access.manages_owned(user, "x"), "returning x.id")
  if row or err.code ~= "not_found" then return row, err end
  return why_not(user, gadget_id, revision)
end

return M
