-- model/idempotency.lua: answers kept for Idempotency-Key: the same request again gets the same answer for 24 hours.
-- Used by the route platform (web/), never by handlers.
--
--   first caller: begin → "new" → finish (or drop)     meanwhile: "busy"     afterwards: "done"
--   Whoever dies in between leaves a lock that runs out.
--
-- Answers are sealed: some hold what is shown once.

local json = require "host.json"
local pg = require "host.pg"
local db = require "model.db"
local personal = require "model.personal"

local M = {}

--- Seconds for which a request that is being worked on keeps its key; longer than any request may take.
M.LOCK = 120
--- Hours for which an answer is kept.
M.KEPT = 24

local function place_of(owner_id, key)
  return ("idempotency_keys.body:%s:%s"):format(owner_id, key)
end

local function state_of(owner_id, key, hash)
  local row, err = db.education:one({ "select k.request_hash = ? as same, k.status, k.headers, k.body_sealed"
    .. " from idempotency_keys k where k.owner_id = ?::uuid and k.key = ?", hash, owner_id, key })
  if not row then
    if err.code == "not_found" then return { state = "busy" } end -- dropped this moment: the caller asks again
    return nil, err
  end
  if not row.same then return { state = "other" } end
  if row.status == json.null then return { state = "busy" } end
  return { state = "done", status = row.status, headers = row.headers,
    body = personal.open(row.body_sealed, place_of(owner_id, key)) }
end

--- Takes a key for a request, or says what is known of it.
---@param owner_id string who asks: a user's id
---@param key string
---@param digest string of the request: method, path and body
---@return { state: "new"|"done"|"busy"|"other", status?: integer, headers?: table, body?: string }? found
---@return table? err
function M.begin(owner_id, key, digest)
  local hash = pg.bytes(digest)
  local rows, err = db.education:query(
    { "insert into idempotency_keys as k (owner_id, key, request_hash, locked_until)"
      .. " values (?, ?, ?, now() + ? * interval '1 second') on conflict (owner_id, key) do update"
      .. " set request_hash = excluded.request_hash, locked_until = excluded.locked_until, created_at = now(),"
      .. " status = null, headers = null, body_sealed = null"
      .. " where k.created_at < now() - ? * interval '1 hour'"
      .. " or (k.status is null and k.locked_until < now()) returning 1",
      owner_id, key, hash, M.LOCK, M.KEPT })
  if not rows then return nil, err end
  if rows[1] then return { state = "new" } end
  return state_of(owner_id, key, hash)
end

--- Keeps the answer of a request that M.begin let run.
---@param answer { status: integer, headers: table, body: string }
function M.finish(owner_id, key, answer)
  return db.education:query({ "update idempotency_keys set status = ?, headers = ?, body_sealed = ?"
    .. " where owner_id = ?::uuid and key = ?", answer.status, pg.json(answer.headers),
    personal.seal(answer.body, place_of(owner_id, key)), owner_id, key })
end

--- Gives a key back after a request that changed nothing, so that it may be tried again.
function M.drop(owner_id, key)
  return db.education:query({ "delete from idempotency_keys where owner_id = ?::uuid and key = ? and status is null",
    owner_id, key })
end

--- Forgets what is older than M.KEPT hours, a portion at a time.
---@return integer? deleted
function M.prune()
  return db.education:run({ "delete from idempotency_keys where (owner_id, key) in (select owner_id, key"
    .. " from idempotency_keys where created_at < now() - ? * interval '1 hour' order by created_at limit 5000)",
      M.KEPT })
end

return M
