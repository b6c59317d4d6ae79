-- web/idempotency.lua: Idempotency-Key on requests that create. The first answer is kept (24 hours, by the model) and
-- replayed; concurrent twins make one object: the second waits for the first's answer.
--
-- The store is a model that the service hands to the router:
--   begin(owner_id, key, digest) → { state = "new" | "done" | "busy" | "other", status, headers, body }
--   finish(owner_id, key, { status, headers, body }), drop(owner_id, key) after a failure that may be tried again

local crypto = require "host.crypto"
local errors = require "web.errors"
local task = require "host.task"

local M = {}

-- How long a twin waits for the first request's answer, and how often it looks.
local PATIENCE, PAUSE = 10, 0.05

-- Answers worth keeping: what was made, and refusals that a repetition would meet again.
local function is_final(status)
  return status < 500 and status ~= 408 and status ~= 409 and status ~= 429
end

local function key_of(req)
  local key = req.http:header("idempotency-key")
  if not key then return nil end
  if #key < 1 or #key > 200 or key:find("[^\33-\126]") then
    local says = "expected 1 to 200 visible ASCII characters"
    return nil, errors.new("malformed", "Idempotency-Key: " .. says, {
      errors = { { header = "Idempotency-Key", code = "malformed", message = says } },
    })
  end
  return key
end

local function claim(store, owner, key, digest)
  local waited = 0
  while true do
    local found, err = store.begin(owner, key, digest)
    if not found then return nil, err end
    if found.state ~= "busy" or waited >= PATIENCE then return found end
    task.sleep(PAUSE)
    waited = waited + PAUSE
  end
end

local function replay(found)
  local headers = found.headers or {}
  headers["idempotent-replayed"] = "true"
  return found.status, found.body, headers
end

---@param run fun(req: table): integer?, any, table? the rest of the endpoint
---@param route table
---@param store table
function M.wrap(run, route, store)
  return function(req)
    local key, bad = key_of(req)
    if bad then return nil, bad end
    if not key or not req.user then return run(req) end
    local owner = req.user.id
    -- A body that the handler reads itself is known by its length only.
    local sent = req.text or tostring(req.http.length)
    local digest = crypto.sha256(table.concat({ route.label, req.http.target, sent }, "\n"))
    local found, err = claim(store, owner, key, digest)
    if not found then return nil, err end
    if found.state == "other" then return nil, errors.new("key_reused") end
    if found.state == "busy" then return nil, errors.new("in_progress") end
    if found.state == "done" then return replay(found) end

    local ok, status, body, headers = pcall(run, req)
    if not ok then
      store.drop(owner, key)
      error(status, 0)
    end
    if status == nil then
      if type(body) ~= "table" then return nil end
      if not is_final(errors.status(body.code) or 500) then
        store.drop(owner, key)
        return nil, body
      end
      status, body, headers = errors.answer(body, req.http.id)
    end
    local kept, failure = store.finish(owner, key, { status = status, body = body, headers = headers })
    if not kept then return nil, failure end
    return status, body, headers
  end
end

return M
