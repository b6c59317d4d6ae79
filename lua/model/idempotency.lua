-- model/idempotency.lua: answers kept for Idempotency-Key: the same request again gets the same answer, for as long
-- as the setting retention.answers says. Used by the route platform (web/idempotency.lua), never by handlers.
--
-- What a request makes and the answer that is kept for its key are one transaction: whatever dies in between, neither
-- is there or both are. An advisory lock of that transaction keeps concurrent twins apart; it ends with it, so nobody
-- has to clean up after a crash. Answers may hold personal values and keys: they are sealed.

local json = require "host.json"
local pg = require "host.pg"
local task = require "host.task"
local db = require "model.db"
local personal = require "model.personal"
local settings = require "host.settings"

local M = {}

-- A transaction holds a connection while its handler works: so many at once, others wait and leave the rest of the
-- worker's connections to requests without a key.
local AT_ONCE = 2
local gate

local LOCK = "select pg_try_advisory_xact_lock(hashtextextended(?::text || ?::text, 0)) as taken"
local FIND = "select k.request_hash = ? as same, k.answer_sealed from idempotency_keys k where k.owner_id = ?::uuid"
  .. " and k.key = ? and k.created_at > now() - ? * interval '1 second'"
local KEEP = "insert into idempotency_keys as k (owner_id, key, request_hash, answer_sealed) values (?, ?, ?, ?)"
  .. " on conflict (owner_id, key) do update set request_hash = excluded.request_hash,"
  .. " answer_sealed = excluded.answer_sealed, created_at = now()"

local function place(owner_id, key) return "idempotency_keys.answer:" .. owner_id .. " " .. key end

local function known(row, owner_id, key)
  if not row.same then return { state = "other" } end
  return { state = "done", answer = json.decode(personal.open(row.answer_sealed, place(owner_id, key))) }
end

local function attempt(tx, owner_id, key, hash, work)
  local found, err = tx:batch {
    { { LOCK, owner_id, key } }, { { FIND, hash, owner_id, key, settings.retention.answers } },
  }
  if not found then return nil, err end
  if not found[1][1].taken then return { state = "busy" } end
  if found[2][1] then return known(found[2][1], owner_id, key) end
  local answer, failure = work()
  if not answer then return nil, failure end
  local sealed = personal.seal(json.encode(answer), place(owner_id, key))
  local kept, why = tx:query({ KEEP, owner_id, key, hash, sealed })
  if not kept then return nil, why end
  return { state = "new", answer = answer }
end

--- Runs a request once per key, and says what is known of the key.
---@param owner_id string who asks: the id of a user, or what stands for an address
---@param key string
---@param digest string of the request: method, path and body
---@param work fun(): table?, table? makes the answer, plain data, within the transaction; nil, err undoes it
---@return { state: "new"|"done"|"busy"|"other", answer?: table }? found busy: another one works on it
---@return table? err
function M.once(owner_id, key, digest, work)
  gate = gate or task.semaphore(AT_ONCE)
  return gate:with(function()
    return db.education:joined(function(tx) return attempt(tx, owner_id, key, pg.bytes(digest), work) end)
  end)
end

return M
