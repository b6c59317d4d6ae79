-- model/signing_key.lua: the keys that sign tokens, as data. A new key is known to all before it signs, and an old one
-- verifies until the last token that it signed has expired: so rotating logs nobody out. While there is none, the
-- setting token_secret signs; what it signed it verifies for ever after.

local crypto = require "host.crypto"
local json = require "host.json"
local jwt = require "host.jwt"
local pg = require "host.pg"
local audit = require "model.audit"
local db = require "model.db"
local personal = require "model.personal"
local watch = require "model.watch"
local id = require "util.id"

local M = {}

--- Seconds for which a replaced key still verifies: as long as the longest token lives (a page's cookie), and a day.
M.OVERLAP = 31 * 86400

local function place(kid) return "signing_keys.key:" .. kid end

-- A secret, or a pair whose public half is a JSON Web Key.
local function generate(alg)
  if alg == "HS256" then return crypto.base64url(crypto.random(48)) end
  local private = jwt.generate(alg)
  return private, jwt.to_jwk(private)
end

--- Makes the next key.
---@param alg "HS256"|"RS256"|"ES256"
---@param delay number seconds until it signs; meanwhile every worker learns of it
---@return string? kid
function M.rotate(alg, delay)
  local kid, key, public = id.uuid(), generate(alg)
  return db.education:transaction(function(tx)
    local done, err = tx:batch {
      { { "update signing_keys set expires_at = now() + ? * interval '1 second' where expires_at is null",
        delay + M.OVERLAP } },
      { { "delete from signing_keys where expires_at < now()" } },
      { { "insert into signing_keys (kid, alg, key_sealed, public, active_at)"
        .. " values (?, ?, ?, ?, now() + ? * interval '1 second')", kid, alg, personal.seal(key, place(kid)),
        public and pg.json(public) or json.null, delay } },
    }
    if not done then return nil, err end
    local recorded, failure = audit.record(tx, nil, "signing_key.rotate", { kind = "signing_key", id = kid,
      detail = { alg = alg } })
    return recorded and kid, failure
  end)
end

--- All keys that verify, the newest first.
---@return { kid: string, alg: string, key: string, public: table?, active_at: number }[]? keys
function M.load()
  local rows, err = db.education:query("select k.kid, k.alg, k.key_sealed, k.public,"
    .. " extract(epoch from k.active_at)::float8 as active_at, k.created_at, k.expires_at from signing_keys k"
    .. " where k.expires_at is null or k.expires_at > now() order by k.active_at desc, k.kid")
  if not rows then return nil, err end
  for _, row in ipairs(rows) do
    row.key = personal.open(row.key_sealed, place(row.kid))
    row.key_sealed = nil
    if row.public == json.null then row.public = nil end
  end
  return rows
end

--- Calls use(keys) now and whenever they change, on whatever node (model/watch.lua).
---@param use fun(keys: table[])
function M.watch(use)
  watch.rows("signing_keys", M.load, use)
end

return M
