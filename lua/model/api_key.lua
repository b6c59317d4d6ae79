-- model/api_key.lua: keys for machines. A key acts for the person who made it, within its scopes; of the key itself
-- only a digest is kept, and its first characters to tell it from others.

local json = require "host.json"
local pg = require "host.pg"
local audit = require "model.audit"
local db = require "model.db"
local page = require "model.page"
local id = require "util.id"

local M = {}

M.PREFIX = "tbk"
M.MAX_KEYS = 50

local COLUMNS = "k.id, k.name, k.prefix, k.scopes, k.created_at, k.last_used_at, k.expires_at"

--- Makes a key. The answer is the only time that it is seen.
---@param user { id: string }
---@param given { name: string, scopes: string[], expires_at?: string }
---@return table? key with field key
---@return table? err conflict: too many
function M.create(user, given)
  for _, scope in ipairs(given.scopes) do
    if not scope:find(":read$") and not scope:find(":write$") then
      return db.fail("invalid", "a scope ends in :read or :write", "scopes")
    end
  end
  local secret = id.secret(M.PREFIX)
  local row, err = db.education:transaction(function(tx)
    local made, failure = tx:one({ "insert into api_keys as k"
      .. " (id, user_id, name, prefix, key_hash, scopes, expires_at)"
      .. " select ?, ?::uuid, ?, ?, ?, ?::text[], ?::timestamptz where (select count(*) from api_keys o"
      .. " where o.user_id = ?::uuid) < ? returning " .. COLUMNS, id.uuid(), user.id, given.name, secret:sub(1, 12),
      pg.bytes(id.digest(secret)), pg.array(given.scopes), given.expires_at or json.null, user.id, M.MAX_KEYS })
    if not made then return nil, failure end
    local recorded, lost = audit.of_person(tx, nil, "api_key.create", user.id, { key_id = made.id,
      scopes = made.scopes })
    return recorded and made, lost
  end)
  if not row then
    if err.code == "not_found" then return db.fail("conflict", ("at most %d keys"):format(M.MAX_KEYS)) end
    return nil, err
  end
  row.key = secret
  return row
end

--- The own keys.
function M.list(user, pages)
  return page.list(db.education, {
    select = "select " .. COLUMNS .. " from api_keys k",
    where = { { "k.user_id = ?::uuid", user.id } },
    columns = { id = { "k.id", "uuid" } },
    unique = "id",
  }, pages)
end

--- One of the own keys.
function M.find(user, key_id)
  return db.education:one({ "select " .. COLUMNS .. " from api_keys k where k.id = ?::uuid and k.user_id = ?::uuid",
    key_id, user.id })
end

--- Revokes one of the own keys: its next use is refused.
function M.revoke(user, key_id)
  return db.education:transaction(function(tx)
    local count, err = tx:run({ "delete from api_keys where id = ?::uuid and user_id = ?::uuid", key_id, user.id })
    if not count then return nil, err end
    if count == 0 then return db.not_found("key") end
    return audit.of_person(tx, nil, "api_key.revoke", user.id, { key_id = key_id })
  end)
end

--- Whom a key acts for. Its use is noted once a minute.
---@param secret string
---@return { id: string, role: string, school_id: any, name: string, api_key_id: string, scopes: string[] }? caller
---@return table? err unauthenticated
function M.caller(secret)
  local digest = pg.bytes(id.digest(secret))
  local row, err = db.education:one({ "select u.id, u.role, u.school_id, u.name, k.id as api_key_id, k.scopes,"
    .. " coalesce(k.last_used_at < now() - interval '1 minute', true) as note from api_keys k"
    .. " join users u on u.id = k.user_id where k.key_hash = ? and u.state = 'active'"
    .. " and (k.expires_at is null or k.expires_at > now())", digest })
  if not row then
    if err.code == "not_found" then return db.fail("unauthenticated", "this key is unknown, revoked or too old") end
    return nil, err
  end
  if row.note then
    local noted, failure = db.education:run({ "update api_keys set last_used_at = now() where id = ?::uuid",
      row.api_key_id })
    if not noted then return nil, failure end
  end
  row.note = nil
  if row.school_id == json.null then row.school_id = nil end
  return row
end

return M
