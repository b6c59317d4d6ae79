-- model/prompt_template.lua: texts that a teacher keeps to have lessons made with; shared ones are read by the school.

local access = require "model.access"
local db = require "model.db"
local page = require "model.page"
local sql = require "model.sql"
local id = require "util.id"

local M = {}

local COLUMNS = "t.id, t.owner_id, t.shared, t.title, t.body, t.created_at, t.updated_at, t.revision"

--- Makes a template of the caller's.
---@param template { title: string, body: string, shared?: boolean }
function M.create(user, template)
  return db.education:one({ "insert into prompt_templates as t (id, owner_id, school_id, shared, title, body)"
    .. " values (?, ?, ?, coalesce(?::boolean, false), ?, ?) returning " .. COLUMNS, id.uuid(), user.id,
    user.school_id, template.shared, template.title, template.body })
end

--- A template of one's own, or one that is shared in the school.
function M.find(user, template_id)
  return db.education:one({ "select " .. COLUMNS .. " from prompt_templates t where t.id = ?::uuid and", template_id },
    access.sees_template(user, "t"))
end

--- The templates that the caller may use. filter: { mine?: boolean }
function M.list(user, filter, pages)
  local ways = access.ways_to_template(user, "t")
  return page.list(db.education, {
    select = "select " .. COLUMNS .. " from prompt_templates t",
    where = { filter.mine and { "t.owner_id = ?::uuid", user.id } or nil },
    either = ways,
    columns = { id = { "t.id", "uuid" }, title = { "t.title", "text" } },
    unique = "id",
  }, pages)
end

local function why_not(user, template_id, revision)
  return db.missed("template", revision, M.find(user, template_id))
end

--- Changes a template of one's own.
---@param changes { title?: string, body?: string, shared?: boolean }
---@param revision integer? what the caller has seen
function M.update(user, template_id, changes, revision)
  local row, err = db.education:one({ "update prompt_templates as t set title = coalesce(?, t.title),"
    .. " body = coalesce(?, t.body), shared = coalesce(?::boolean, t.shared) where t.id = ?::uuid and",
    changes.title, changes.body, changes.shared, template_id },
    sql.as_seen("t", revision), "and", access.manages_owned(user, "t"), "returning " .. COLUMNS)
  if row or err.code ~= "not_found" then return row, err end
  return why_not(user, template_id, revision)
end

--- Deletes a template of one's own.
---@param revision integer? what the caller has seen
function M.delete(user, template_id, revision)
  local row, err = db.education:one({ "delete from prompt_templates t where t.id = ?::uuid and", template_id },
    sql.as_seen("t", revision), "and", access.manages_owned(user, "t"), "returning t.id")
  if row or err.code ~= "not_found" then return row, err end
  return why_not(user, template_id, revision)
end

return M
