-- model/mcp_session.lua: sessions of AI clients with the MCP server. Rows, so that a restart, a reload or another node
-- goes on with them.

local pg = require "host.pg"
local db = require "model.db"
local id = require "util.id"

local M = {}

--- Seconds that a session lives without being used.
M.LIFETIME = 86400

local COLUMNS = "s.id, s.user_id, s.protocol_version, s.client, s.state, s.created_at, s.expires_at"

--- Opens a session.
---@param about { protocol_version: string, client?: table, state?: table }
function M.open(user, about)
  return db.memory:one({ "insert into mcp_sessions as s (id, user_id, protocol_version, client, state, expires_at)"
    .. " values (?, ?, ?, ?, ?, now() + ? * interval '1 second') returning " .. COLUMNS,
    id.uuid(), user.id, about.protocol_version, pg.json(about.client or {}), pg.json(about.state or {}), M.LIFETIME })
end

--- An open session of this person, which is thereby used.
function M.use(user, session_id)
  if not id.is_uuid(session_id) then return db.not_found("session") end
  return db.memory:one({ "update mcp_sessions as s set last_used_at = now(),"
    .. " expires_at = now() + ? * interval '1 second' where s.id = ?::uuid and s.user_id = ?::uuid"
    .. " and s.ended_at is null and s.expires_at > now() returning " .. COLUMNS, M.LIFETIME, session_id, user.id })
end

--- Replaces the plain data that the server keeps for a session.
function M.save(user, session_id, state)
  return db.memory:one({ "update mcp_sessions as s set state = ? where s.id = ?::uuid and s.user_id = ?::uuid"
    .. " and s.ended_at is null returning " .. COLUMNS, pg.json(state), session_id, user.id })
end

--- Ends a session.
function M.close(user, session_id)
  if not id.is_uuid(session_id) then return db.not_found("session") end
  return db.memory:one({ "update mcp_sessions as s set ended_at = now() where s.id = ?::uuid and s.user_id = ?::uuid"
    .. " and s.ended_at is null returning s.id", session_id, user.id })
end

return M
