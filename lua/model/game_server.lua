-- model/game_server.lua: keys of game servers. A key belongs to one class of a teacher: what it posts is about that
-- class's students only. Players are Roblox users that a student has claimed.

local pg = require "host.pg"
local audit = require "model.audit"
local class = require "model.class"
local db = require "model.db"
local page = require "model.page"
local id = require "util.id"

local M = {}

local COLUMNS = "g.id, g.user_id, g.class_id, g.name, g.last_used_at, g.revoked_at, g.created_at, g.updated_at,"
  .. " g.revision"

-- The audit log lies in another database: it is told first, so that nothing happens unrecorded.
local function note(person_id, action, detail)
  return db.education:transaction(function(tx) return audit.of_person(tx, nil, action, person_id, detail) end)
end

--- Makes a key for a class; it is told this once.
---@param server { class_id: string, name: string }
---@return table? server with the member key
function M.create(user, server)
  local kept, err = class.keeps(user, server.class_id)
  if not kept then
    if err.code == "not_found" then return db.fail("invalid", "you keep no such class", "class_id") end
    return nil, err
  end
  local key = id.secret("game")
  local server_id = id.uuid()
  local recorded, lost = note(user.id, "game_server.create", { server_id = server_id, class_id = server.class_id })
  if not recorded then return nil, lost end
  local row, failure = db.roblox:one({ "insert into game_servers as g (id, user_id, class_id, name, key_hash)"
    .. " values (?, ?, ?, ?, ?) returning " .. COLUMNS, server_id, user.id, server.class_id, server.name,
    pg.bytes(id.digest(key)) })
  if not row then return nil, failure end
  row.key = key
  return row
end

--- The game server of a key, which is thereby heard of.
---@return { id: string, user_id: string, class_id: string, name: string }?
---@return table? err unauthenticated
function M.authenticate(key)
  local row, err = db.roblox:one({ "update game_servers as g set last_used_at = now() where g.key_hash = ?"
    .. " and g.revoked_at is null returning g.id, g.user_id, g.class_id, g.name", pg.bytes(id.digest(key)) })
  if not row and err.code == "not_found" then return db.fail("unauthenticated", "this key is not valid") end
  return row, err
end

--- The own game servers.
function M.list(user, pages)
  return page.list(db.roblox, {
    select = "select " .. COLUMNS .. " from game_servers g",
    where = { { "g.user_id = ?::uuid", user.id } },
    columns = { id = { "g.id", "uuid" }, name = { "g.name", "text" } },
    unique = "id",
  }, pages)
end

--- One of the own game servers.
function M.find(user, server_id)
  return db.roblox:one({ "select " .. COLUMNS .. " from game_servers g where g.id = ?::uuid and g.user_id = ?::uuid",
    server_id, user.id })
end

--- Makes a key void. Doing it twice is fine.
function M.revoke(user, server_id)
  local own, err = M.find(user, server_id)
  if not own then return nil, err end
  local recorded, lost = note(user.id, "game_server.revoke", { server_id = server_id })
  if not recorded then return nil, lost end
  return db.roblox:one({ "update game_servers as g set revoked_at = coalesce(g.revoked_at, now())"
    .. " where g.id = ?::uuid and g.user_id = ?::uuid returning " .. COLUMNS, server_id, user.id })
end

--- Links a Roblox user to a student. Linking the same two again is fine.
function M.link_player(roblox_user_id, student_id)
  local recorded, lost = note(student_id, "player.link", {})
  if not recorded then return nil, lost end
  return db.roblox:one({ "insert into players as p (roblox_user_id, student_id) values (?, ?)"
    .. " on conflict (roblox_user_id) do update set created_at = p.created_at"
    .. " where p.student_id = excluded.student_id returning p.roblox_user_id, p.student_id",
    roblox_user_id, student_id })
end

--- The students that Roblox users stand for.
---@param roblox_user_ids integer[]
---@return table<integer, string>? students by Roblox user
function M.students(roblox_user_ids)
  local rows, err = db.roblox:query({ "select p.roblox_user_id, p.student_id from players p"
    .. " where p.roblox_user_id = any(?::bigint[])", pg.array(roblox_user_ids) })
  if not rows then return nil, err end
  local students = {}
  for _, row in ipairs(rows) do students[row.roblox_user_id] = row.student_id end
  return students
end

return M
