-- model/second_factor.lua: codes from an authenticator app, for staff (util/totp.lua), and recovery codes for whoever
-- has lost the phone. A factor counts once it was confirmed by a code. Each code is good once.

local crypto = require "host.crypto"
local json = require "host.json"
local pg = require "host.pg"
local settings = require "host.settings"
local timer = require "host.timer"
local access = require "model.access"
local audit = require "model.audit"
local db = require "model.db"
local personal = require "model.personal"
local id = require "util.id"
local base32 = require "util.base32"
local totp = require "util.totp"

local M = {}

M.RECOVERY_CODES = 10

local ISSUER = "ToolboxAI"

local staff = { teacher = true, admin = true }

local function place(user_id) return "second_factors.secret:" .. user_id end

local function recovery_hash(user_id, code)
  return personal.index("recovery:" .. user_id .. ":" .. id.clean_code(code))
end

local function confirmed(user_id)
  local rows, err = db.education:query({ "select f.confirmed_at is not null as there from second_factors f"
    .. " where f.user_id = ?::uuid", user_id })
  if not rows then return nil, err end
  return rows[1] ~= nil and rows[1].there
end

--- What a person must still show after the first factor.
---@param account { id: string, role: string }
---@return "code"|"enrol"|false|nil needed nil with err
function M.needed(account)
  if not staff[account.role] then return false end
  local there, err = confirmed(account.id)
  if there == nil then return nil, err end
  return there and "code" or settings.staff_second_factor and "enrol" or false
end

--- Begins: a new secret, which counts once it is confirmed. One that is confirmed stays until it is taken away.
---@param account { id: string, role: string, login: string }
---@return { secret: string, uri: string }? shown once
---@return table? err forbidden, conflict
function M.begin(account)
  if not staff[account.role] then return db.fail("forbidden", "a second factor is for staff") end
  local secret = crypto.random(totp.SECRET)
  local row, err = db.education:one({ "insert into second_factors as f (user_id, secret_sealed) values (?, ?)"
    .. " on conflict (user_id) do update set secret_sealed = excluded.secret_sealed, last_step = 0, created_at = now()"
    .. " where f.confirmed_at is null returning f.user_id", account.id, personal.seal(secret, place(account.id)) })
  if not row then
    if err.code == "not_found" then return db.fail("conflict", "there is a second factor already") end
    return nil, err
  end
  return { secret = base32.encode(secret), uri = totp.uri(secret, account.login, ISSUER) }
end

-- Is it a code of the app that was not used yet? Two who bring the same code: one wins.
local function take_code(tx, user_id, code)
  local row, err = tx:one({ "select f.secret_sealed from second_factors f where f.user_id = ?::uuid", user_id })
  if not row then
    if err.code == "not_found" then return false end
    return nil, err
  end
  local step = totp.find(personal.open(row.secret_sealed, place(user_id)), code, timer.wall())
  if not step then return false end
  local count, failure = tx:run({ "update second_factors set last_step = ? where user_id = ?::uuid and last_step < ?",
    step, user_id, step })
  if not count then return nil, failure end
  return count == 1
end

local function take_recovery_code(tx, user_id, code)
  local count, err = tx:run({ "delete from recovery_codes where user_id = ?::uuid and code_hash = ?", user_id,
    recovery_hash(user_id, code) })
  if not count then return nil, err end
  return count == 1
end

local function make_recovery_codes(tx, user_id)
  local codes, hashes = {}, {}
  for i = 1, M.RECOVERY_CODES do
    codes[i] = id.code(8)
    hashes[i] = { { "insert into recovery_codes (user_id, code_hash) values (?, ?)", user_id,
      recovery_hash(user_id, codes[i]) } }
  end
  table.insert(hashes, 1, { { "delete from recovery_codes where user_id = ?::uuid", user_id } })
  local done, err = tx:batch(hashes)
  if not done then return nil, err end
  return codes
end

--- Proves the confirmed factor: by the app's code or a recovery code, which is used up.
---@param user_id string
---@param code string
---@return boolean? right nil with err
function M.check(user_id, code)
  return db.education:transaction(function(tx)
    local there, err = tx:query({ "select 1 from second_factors f where f.user_id = ?::uuid"
      .. " and f.confirmed_at is not null", user_id })
    if not there then return nil, err end
    if not there[1] then return false end
    local digits = code:gsub("%s", "")
    if digits:find("^%d%d%d%d%d%d$") then return take_code(tx, user_id, digits) end
    return take_recovery_code(tx, user_id, code)
  end)
end

--- Confirms a factor that was begun: from now on it counts.
---@return string[]? recovery_codes shown once
---@return table? err invalid with field code, conflict
function M.confirm(user_id, code)
  return db.education:transaction(function(tx)
    local right, err = take_code(tx, user_id, code)
    if right == nil then return nil, err end
    if not right then return db.fail("invalid", "this is not the code that the app shows now", "code") end
    local count, failure = tx:run({ "update second_factors set confirmed_at = now()"
      .. " where user_id = ?::uuid and confirmed_at is null", user_id })
    if not count then return nil, failure end
    if count == 0 then return db.fail("conflict", "there is a second factor already") end
    local codes, lost = make_recovery_codes(tx, user_id)
    if not codes then return nil, lost end
    local recorded, unrecorded = audit.of_person(tx, nil, "second_factor.confirm", user_id)
    return recorded and codes, unrecorded
  end)
end

--- New recovery codes in place of the old ones.
---@return string[]? recovery_codes
---@return table? err conflict: there is no factor
function M.renew_recovery_codes(user_id)
  local there, err = confirmed(user_id)
  if there == nil then return nil, err end
  if not there then return db.fail("conflict", "there is no second factor") end
  return db.education:transaction(function(tx)
    local codes, failure = make_recovery_codes(tx, user_id)
    if not codes then return nil, failure end
    local recorded, lost = audit.of_person(tx, nil, "recovery_codes.renew", user_id)
    return recorded and codes, lost
  end)
end

-- by: nil for oneself.
local function remove(user_id, by)
  return db.education:transaction(function(tx)
    local count, err = tx:run({ "delete from second_factors where user_id = ?::uuid", user_id })
    if not count or count == 0 then return count, err end
    local recorded, failure = audit.of_person(tx, by, "second_factor.remove", user_id)
    return recorded and count, failure
  end)
end

--- Takes the own factor away.
---@return integer? count 0: there was none
function M.remove(user_id)
  return remove(user_id)
end

--- An admin takes away the factor of somebody of the own school who has lost phone and codes.
---@return boolean? done
---@return table? err not_found
function M.reset(by, user_id)
  local row, err = db.education:one({ "select u.id from users u where u.id = ?::uuid and", user_id },
    access.manages_user(by, "u"))
  if not row then return nil, err end
  local count, failure = remove(user_id, by)
  if not count then return nil, failure end
  return true
end

--- How it stands with the own factor.
---@return { enabled: boolean, required: boolean, recovery_codes: integer, since: string? }?
function M.state(account)
  local rows, err = db.education:query({ "select f.confirmed_at, (select count(*) from recovery_codes c"
    .. " where c.user_id = f.user_id) as codes from second_factors f where f.user_id = ?::uuid"
    .. " and f.confirmed_at is not null", account.id })
  if not rows then return nil, err end
  local row = rows[1]
  return { enabled = row ~= nil, required = settings.staff_second_factor and staff[account.role] or false,
    recovery_codes = row and row.codes or 0, since = row and row.confirmed_at or json.null }
end

-- ---- Between password and second factor ----

--- Seconds and attempts for which a challenge is good.
M.CHALLENGE_LIFETIME, M.CHALLENGE_ATTEMPTS = 600, 5

--- A token that stands for a first factor that was shown.
---@param account { id: string }
---@param kind "code"|"enrol"
---@return string? token
function M.challenge(account, kind)
  local token = id.secret("ch")
  local made, err = db.education:query({ "insert into login_challenges (token_hash, user_id, kind, expires_at)"
    .. " values (?, ?, ?, now() + ? * interval '1 second')", pg.bytes(id.digest(token)), account.id, kind,
    M.CHALLENGE_LIFETIME })
  if not made then return nil, err end
  return token
end

--- Whom a challenge is for. Counts as an attempt.
---@return { user_id: string, kind: string }? challenge
---@return table? err unauthenticated
function M.challenged(token)
  local row, err = db.education:one({ "update login_challenges set attempts = attempts + 1 where token_hash = ?"
    .. " and expires_at > now() and attempts < ? returning user_id, kind", pg.bytes(id.digest(token)),
    M.CHALLENGE_ATTEMPTS })
  if not row and err.code == "not_found" then
    return db.fail("unauthenticated", "this challenge is unknown, used or too old: log in again")
  end
  return row, err
end

--- Uses a challenge up: of two who come with the same one, one passes.
---@return boolean? mine
function M.pass(token)
  local count, err = db.education:run({ "delete from login_challenges where token_hash = ?",
    pg.bytes(id.digest(token)) })
  if not count then return nil, err end
  return count == 1
end

return M
