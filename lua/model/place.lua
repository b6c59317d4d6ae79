-- model/place.lua: Roblox Studio: pairing a plugin with a teacher, its session, and what is delivered to it.
--
-- A delivery is for all sessions of a teacher. A session takes deliveries in the order of their seq, which is the
-- cursor of its long poll; the plugin acknowledges what it applied, and the session keeps the tree that stands there,
-- so that lua/sync/ can compute the next patch against it.

local access = require "model.access"
local pg = require "host.pg"
local db = require "model.db"
local id = require "util.id"

local M = {}

--- Seconds that a pairing code can be used, and that a session lives without being heard of.
M.CODE_LIFETIME, M.SESSION_LIFETIME = 600, 7 * 86400

local COLUMNS = "s.id, s.user_id, s.place_id, s.place_name, s.plugin_version, s.applied_seq, s.last_seen_at,"
  .. " s.expires_at, s.ended_at, s.created_at, s.revision"

--- A code that the teacher types into the plugin. The codes that were not used before are void.
---@return { code: string, expires_in: integer }?
function M.make_code(user)
  if not access.may(user, "teach") then return db.fail("forbidden", "only teachers connect Studio") end
  local code = id.code(8)
  local done, err = db.roblox:batch {
    { { "delete from pairing_codes where user_id = ?::uuid or expires_at < now()", user.id } },
    { { "insert into pairing_codes (code_hash, user_id, expires_at) values (?, ?, now() + ? * interval '1 second')",
      pg.bytes(id.digest(code)), user.id, M.CODE_LIFETIME } },
  }
  if not done then return nil, err end
  return { code = code, expires_in = M.CODE_LIFETIME }
end

--- Exchanges a code for a session; the code is used up.
---@param about { place_id?: integer, place_name?: string, plugin_version?: string }
---@return { session: table, token: string }? paired
---@return table? err invalid
function M.pair(code, about)
  return db.roblox:transaction(function(tx)
    local used, err = tx:one({ "delete from pairing_codes where code_hash = ? and expires_at > now() returning user_id",
      pg.bytes(id.digest(id.clean_code(code))) })
    if not used then
      if err.code == "not_found" then return db.fail("invalid", "this code is unknown, used or too old", "code") end
      return nil, err
    end
    local token = id.secret("studio")
    local session, failure = tx:one({ "insert into studio_sessions as s (id, user_id, token_hash, place_id, place_name,"
      .. " plugin_version, expires_at, applied_seq) values (?, ?, ?, ?, ?, ?, now() + ? * interval '1 second', 0)"
      .. " returning " .. COLUMNS, id.uuid(), used.user_id, pg.bytes(id.digest(token)), about.place_id,
      about.place_name or "", about.plugin_version or "", M.SESSION_LIFETIME })
    if not session then return nil, failure end
    return { session = session, token = token }
  end)
end

--- The open session of a token, which is thereby heard of.
---@return table? session with its tree
function M.session(token)
  local row, err = db.roblox:one({ "update studio_sessions as s set last_seen_at = now(),"
    .. " expires_at = now() + ? * interval '1 second' where s.token_hash = ? and s.ended_at is null"
    .. " and s.expires_at > now() returning " .. COLUMNS .. ", s.tree", M.SESSION_LIFETIME,
    pg.bytes(id.digest(token)) })
  if not row and err.code == "not_found" then return db.fail("unauthenticated", "this Studio session is not open") end
  return row, err
end

--- Ends a session: the teacher does, or the plugin itself.
function M.end_session(user_id, session_id)
  return db.roblox:one({ "update studio_sessions as s set ended_at = coalesce(s.ended_at, now())"
    .. " where s.id = ?::uuid and s.user_id = ?::uuid returning " .. COLUMNS, session_id, user_id })
end

--- Puts a scene's tree on its way to the sessions of a teacher, once per key.
---@param delivery { user_id: string, key: string, lesson_id: string, tree: table }
---@return integer? seq
function M.deliver(delivery)
  local row, err = db.roblox:one({ "select add_delivery(?::uuid, ?::uuid, ?, ?::uuid, ?::jsonb) as seq",
    id.uuid(), delivery.user_id, delivery.key, delivery.lesson_id, pg.json(delivery.tree) })
  if not row then return nil, err end
  return row.seq
end

local DELIVERY = "select d.id, d.seq, d.lesson_id, d.tree, d.created_at from deliveries d where d.user_id = ?::uuid"

--- The newest delivery to a teacher.
---@return { id: string, seq: integer, lesson_id: string, tree: table, created_at: string }?
---@return table? err not_found
function M.newest(user_id)
  return db.roblox:one({ DELIVERY .. " order by d.seq desc limit 1", user_id })
end

--- One delivery by its seq.
function M.delivery(user_id, seq)
  return db.roblox:one({ DELIVERY .. " and d.seq = ?::bigint", user_id, seq })
end

--- Calls fn(user_id) when something is delivered, fn(nil) if that may have been missed. Belongs to the generation.
---@param fn fun(user_id: string?)
function M.listen(fn)
  db.roblox:listen("deliveries", fn)
end

--- What a plugin says of a delivery. Once applied, tree is what stands in the place.
---@param receipt { delivery_id: string, state: "applied"|"failed", error?: string, tree?: table }
---@return { applied_seq: integer }?
function M.acknowledge(session, receipt)
  return db.roblox:transaction(function(tx)
    local delivery, err = tx:one({ "select d.id, d.seq from deliveries d where d.id = ?::uuid and d.user_id = ?::uuid",
      receipt.delivery_id, session.user_id })
    if not delivery then
      if err.code == "not_found" then return db.fail("invalid", "there is no such delivery", "delivery_id") end
      return nil, err
    end
    local stored, failure = tx:query({ "insert into delivery_receipts (session_id, delivery_id, state, error)"
      .. " values (?, ?, ?, ?) on conflict (session_id, delivery_id) do update set state = excluded.state,"
      .. " error = excluded.error",
      session.id, delivery.id, receipt.state, receipt.error })
    if not stored then return nil, failure end
    if receipt.state ~= "applied" then return { applied_seq = session.applied_seq } end
    return tx:one({ "update studio_sessions as s set applied_seq = greatest(s.applied_seq, ?::bigint),"
      .. " tree = case when ?::bigint >= s.applied_seq then coalesce(?::jsonb, s.tree) else s.tree end"
      .. " where s.id = ?::uuid returning s.applied_seq", delivery.seq, delivery.seq,
      receipt.tree and pg.json(receipt.tree), session.id })
  end)
end

return M
