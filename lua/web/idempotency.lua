-- web/idempotency.lua: Idempotency-Key on requests that create. The first answer is kept by the model (setting
-- retention.answers) and replayed; concurrent twins make one object: the second waits for the first's answer.
--
-- The store is a model that the service hands to the router:
--   once(owner_id, key, digest, work) → { state = "new" | "done" | "busy" | "other", answer }
-- It runs work, which makes the answer, in one transaction with keeping it.

local crypto = require "host.crypto"
local errors = require "web.errors"
local json = require "host.json"
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

-- Whose key it is: a user's; where nobody has an account yet, that of the address, written like an id.
local function owner_of(req)
  if req.user then return req.user.id end
  local hex = crypto.hex(crypto.sha256("address " .. req:remote()))
  return table.concat({ hex:sub(1, 8), hex:sub(9, 12), hex:sub(13, 16), hex:sub(17, 20), hex:sub(21, 32) }, "-")
end

-- What tells one request from another: where it goes, and the body, however its JSON is written; or by what an upload
-- is known.
local function digest_of(route, req)
  local said = route.body and json.canonical(json.decode(req.text)) or req.text or ""
  return crypto.sha256(table.concat({ route.label, req.http.target, said }, "\n"))
end

-- The answer as plain data. What is not final is an error, which undoes the transaction and leaves the key free.
local function answer_of(run, req)
  local status, body, headers = run(req)
  if status == nil then
    if not is_final(errors.status(errors.code_of(body)) or 500) then return nil, body end
    status, body, headers = errors.answer(body, req.http.id)
  end
  return { status = status, body = body, headers = headers }
end

local function ask(store, owner, key, digest, work)
  local waited = 0
  while true do
    local found, err = store.once(owner, key, digest, work)
    if not found then return nil, err end
    if found.state ~= "busy" or waited >= PATIENCE then return found end
    task.sleep(PAUSE)
    waited = waited + PAUSE
  end
end

local refusals = { other = "key_reused", busy = "in_progress" }

---@param run fun(req: table): integer?, any, table? the rest of the endpoint
---@param route table
---@param store table
function M.wrap(run, route, store)
  return function(req)
    local key, bad = key_of(req)
    if bad then return nil, bad end
    if not key then return run(req) end
    local found, err = ask(store, owner_of(req), key, digest_of(route, req), function() return answer_of(run, req) end)
    if not found then return nil, err end
    if refusals[found.state] then return nil, errors.new(refusals[found.state]) end
    local answer = found.answer
    if found.state == "done" then answer.headers["idempotent-replayed"] = "true" end
    return answer.status, answer.body, answer.headers
  end
end

return M
