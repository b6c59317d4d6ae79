-- model/meeting.lua: when a class meets, weekly, by the clock of a time zone.

local access = require "model.access"
local audit = require "model.audit"
local db = require "model.db"
local page = require "model.page"
local sql = require "model.sql"
local id = require "util.id"

local M = {}

local COLUMNS = "m.id, m.class_id, m.weekday, to_char(m.starts_at, 'HH24:MI') as starts_at, m.minutes, m.time_zone,"
  .. " m.room, m.from_date, m.until_date, m.created_at, m.updated_at, m.revision"

--- Makes a meeting of a class that the caller keeps.
---@param meeting { class_id: string, weekday: integer, starts_at: string, minutes: integer, time_zone: string,
---  from_date: string, until_date?: string, room?: string }
---@return table? meeting
---@return table? err invalid with field class_id
function M.create(user, meeting)
  local row, err = db.education:one({ "insert into meetings as m (id, class_id, weekday, starts_at, minutes, time_zone,"
    .. " room, from_date, until_date) select ?::uuid, c.id, ?::integer, ?::time, ?::integer, ?::text, coalesce(?, ''),"
    .. " ?::date, ?::date from classes c where c.id = ?::uuid and",
    id.uuid(), meeting.weekday, meeting.starts_at, meeting.minutes, meeting.time_zone, meeting.room,
    meeting.from_date, meeting.until_date, meeting.class_id }, access.manages_class(user, "c"),
    "returning " .. COLUMNS)
  if not row and err.code == "not_found" then return db.fail("invalid", "you keep no such class", "class_id") end
  return row, err
end

--- The meetings of the classes that the caller sees. filter: { class_id? }
function M.list(user, filter, pages)
  local where = { access.sees_class(user, "c", "m") }
  if filter.class_id then where[2] = { "m.class_id = ?::uuid", filter.class_id } end
  return page.list(db.education, {
    select = "select " .. COLUMNS .. " from meetings m join classes c on c.id = m.class_id",
    where = where,
    columns = { id = { "m.id", "uuid" } },
    unique = "id",
    direction = "asc",
  }, pages)
end

--- A meeting of a class that the caller sees.
function M.find(user, meeting_id)
  return db.education:one({ "select " .. COLUMNS .. " from meetings m join classes c on c.id = m.class_id"
    .. " where m.id = ?::uuid and", meeting_id }, access.sees_class(user, "c"))
end

local function why_not(user, meeting_id, revision)
  return db.missed("meeting", revision, M.find(user, meeting_id))
end

--- Changes a meeting; what was marked at former dates stays.
---@param changes table fields of M.create
---@param revision integer? what the caller has seen
function M.update(user, meeting_id, changes, revision)
  local row, err = db.education:one({ "update meetings as m set weekday = coalesce(?::integer, m.weekday),"
    .. " starts_at = coalesce(?::time, m.starts_at), minutes = coalesce(?::integer, m.minutes),"
    .. " time_zone = coalesce(?, m.time_zone), room = coalesce(?, m.room),"
    .. " from_date = coalesce(?::date, m.from_date), until_date = coalesce(?::date, m.until_date) from classes c"
    .. " where c.id = m.class_id and m.id = ?::uuid and",
    changes.weekday, changes.starts_at, changes.minutes, changes.time_zone, changes.room, changes.from_date,
    changes.until_date, meeting_id },
    sql.as_seen("m", revision), "and", access.manages_class(user, "c"), "returning " .. COLUMNS)
  if row or err.code ~= "not_found" then return row, err end
  return why_not(user, meeting_id, revision)
end

--- Deletes a meeting with its attendance.
---@param revision integer? what the caller has seen
function M.delete(user, meeting_id, revision)
  local row, err = db.education:transaction(function(tx)
    local gone, failure = tx:one({ "delete from meetings m using classes c where c.id = m.class_id"
      .. " and m.id = ?::uuid and", meeting_id }, sql.as_seen("m", revision), "and", access.manages_class(user, "c"),
      "returning m.id, m.class_id")
    if not gone then return nil, failure end
    local recorded, lost = audit.record(tx, user, "meeting.delete", { kind = "class", id = gone.class_id,
      class_id = gone.class_id, detail = { meeting_id = gone.id } })
    return recorded and gone, lost
  end)
  if row or err.code ~= "not_found" then return row, err end
  return why_not(user, meeting_id, revision)
end

return M
