-- model/session.lua: log-ins. A session is the family of refresh tokens that descend from one log-in; each token is
-- used once. A token that comes a second time was stolen on one side or the other, so its whole family ends.
--
-- Access tokens name their session; whoever checks them asks web/session.lua's table, which M.watch keeps up to date:
-- the end of a session is a row here and a notification that reaches every worker of every node.

local crypto = require "host.crypto"
local log = require "host.log"
local pg = require "host.pg"
local db = require "model.db"
local lockout = require "model.lockout"
local page = require "model.page"
local second_factor = require "model.second_factor"
local user = require "model.user"
local watch = require "model.watch"
local id = require "util.id"

local M = {}

--- Seconds that an access token lives; ended sessions are remembered that long.
M.ACCESS_LIFETIME = 900
--- Seconds that a session lives without being refreshed.
M.LIFETIME = 30 * 86400

-- Verifying against this costs as much as against a real one, so that unknown logins are not told by time. Made at the
-- first need: module bodies only build tables.
local decoy

-- A refresh token, and the statement that keeps it.
local function new_token(session_id)
  local token = id.secret("rt")
  return token, { { "insert into refresh_tokens (token_hash, session_id) values (?, ?)", pg.bytes(id.digest(token)),
    session_id } }
end

-- A session in one round trip, with whatever else is to happen if it does.
local function add_session(account, where, statements)
  local session_id = id.uuid()
  local token, stored = new_token(session_id)
  table.insert(statements, { { "insert into sessions (id, user_id, expires_at, client, address)"
    .. " values (?, ?, now() + ? * interval '1 second', ?, ?)",
    session_id, account.id, M.LIFETIME, where.client or "", where.address or "" } })
  table.insert(statements, stored)
  local done, err = db.education:batch(statements)
  if not done then return nil, err end
  return { user = account, session_id = session_id, refresh_token = token }
end

-- The account whose password this is. The attempt counts as a failure until M.admit has let it in.
local function check(attempt)
  local address = attempt.address or ""
  local account, err = user.credentials(attempt.login, address)
  if not account and err.code ~= "not_found" then return nil, err end
  local name = account and account.login or user.clean_login(attempt.login)
  local allowed, wait = lockout.attempt(name, address, account ~= nil and account.familiar)
  if not allowed then return nil, wait end
  if not account then decoy = decoy or crypto.password_hash("nobody's password") end
  local matches, stale = crypto.password_verify(attempt.password, account and account.password_hash or decoy)
  if not account or not matches then return db.fail("unauthenticated", "login and password do not match") end
  if stale then user.rehash(account.id, attempt.password) end
  account.password_hash, account.familiar = nil, nil
  return account
end

--- Logs in.
---@param attempt { login: string, password: string, client?: string, address?: string }
---@return table? opened { user, session_id, refresh_token }: a session; or { user, challenge, needs = "code"|"enrol" }:
---the second factor must be shown too
---@return table? err unauthenticated, forbidden (suspended), rate_limited
function M.open(attempt)
  local account, err = check(attempt)
  if not account then return nil, err end
  return M.admit(account, attempt)
end

-- Whoever has shown all that is asked: a session, and what was failed at before is forgotten.
local function let_in(account, where)
  return add_session(account, where, lockout.forgiving(account.login, where.address or ""))
end

--- Somebody has shown a first factor (a password, another provider's word): opens a session, or asks for the second.
---@param account table
---@param where { client?: string, address?: string }
---@return table? opened as M.open
function M.admit(account, where)
  if account.state ~= "active" then return db.fail("forbidden", "this account is suspended") end
  local needs, err = second_factor.needed(account)
  if needs == nil then return nil, err end
  if not needs then return let_in(account, where) end
  local challenge, failure = second_factor.challenge(account, needs)
  if not challenge then return nil, failure end
  return { user = account, challenge = challenge, needs = needs }
end

-- Who brings a challenge, and for what it was given.
local function challenged(token, kind)
  local found, err = second_factor.challenged(token)
  if not found then return nil, err end
  if found.kind ~= kind then return db.fail("unauthenticated", "this challenge is for another step: log in again") end
  return user.get(found.user_id)
end

--- Meets a challenge by a code of the app or a recovery code.
---@param challenge string
---@param code string
---@param where { client?: string, address?: string }
---@return table? opened as M.open
---@return table? err unauthenticated
function M.open_by_code(challenge, code, where)
  local account, err = challenged(challenge, "code")
  if not account then return nil, err end
  local right, failure = second_factor.check(account.id, code)
  if right == nil then return nil, failure end
  if not right then return db.fail("unauthenticated", "this is not the code that the app shows now") end
  local mine, lost = second_factor.pass(challenge)
  if not mine then return nil, lost or select(2, db.fail("unauthenticated", "this challenge was used")) end
  return let_in(account, where)
end

--- For staff who must have a second factor and have none: begins one, by the challenge of the log-in.
---@return { secret: string, uri: string }?
function M.enrol(challenge)
  local account, err = challenged(challenge, "enrol")
  if not account then return nil, err end
  return second_factor.begin(account)
end

--- Confirms what M.enrol began, and lets in.
---@return table? opened as M.open, with recovery_codes
function M.open_by_enrolling(challenge, code, where)
  local account, err = challenged(challenge, "enrol")
  if not account then return nil, err end
  local codes, refused = second_factor.confirm(account.id, code)
  if not codes then return nil, refused end
  local mine, lost = second_factor.pass(challenge)
  if not mine then return nil, lost or select(2, db.fail("unauthenticated", "this challenge was used")) end
  local opened, failure = let_in(account, where)
  if not opened then return nil, failure end
  opened.recovery_codes = codes
  return opened
end

--- A session for somebody who has just proved who they are, such as by signing up.
function M.open_for(account, where)
  return add_session(account, where, {})
end

local REFUSED = "this refresh token is not valid"

-- The token's row is locked, so that of two twins one comes second and is the reuse.
local function rotate(tx, digest)
  local row, err = tx:one({ "select t.used_at is not null as used, s.id, s.user_id, s.ended_at is not null as ended,"
    .. " s.expires_at < now() as expired, u.state from refresh_tokens t join sessions s on s.id = t.session_id"
    .. " join users u on u.id = s.user_id where t.token_hash = ? for update of t, s", pg.bytes(digest) })
  if not row then
    if err.code == "not_found" then return db.fail("unauthenticated", REFUSED) end
    return nil, err
  end
  if row.ended or row.expired or row.state ~= "active" then return db.fail("unauthenticated", REFUSED) end
  if row.used then
    local ended, failure = tx:query({ "update sessions set ended_at = now(), end_reason = 'reuse' where id = ?::uuid",
      row.id })
    if not ended then return nil, failure end
    return { reused = row.id }
  end
  local token, stored = new_token(row.id)
  local done, failure = tx:batch {
    { { "update refresh_tokens set used_at = now() where token_hash = ?", pg.bytes(digest) } },
    { { "update sessions set last_used_at = now(), expires_at = now() + ? * interval '1 second' where id = ?::uuid",
      M.LIFETIME, row.id } },
    stored,
  }
  if not done then return nil, failure end
  return { session_id = row.id, user_id = row.user_id, refresh_token = token }
end

--- Exchanges a refresh token for the next one. A token used before ends its session.
---@param token string
---@return { user: table, session_id: string, refresh_token: string }? refreshed
---@return table? err unauthenticated
function M.refresh(token)
  local digest = id.digest(token)
  local outcome, err = db.education:transaction(function(tx) return rotate(tx, digest) end)
  if not outcome then return nil, err end
  if outcome.reused then
    log.warn("a refresh token came a second time; its session is ended", { session = outcome.reused })
    return db.fail("unauthenticated", REFUSED)
  end
  local account, failure = user.get(outcome.user_id)
  if not account then return nil, failure end
  return { user = account, session_id = outcome.session_id, refresh_token = outcome.refresh_token }
end

--- The user of an open session; the session is heard of thereby. For cookies, which have no refresh token.
---@return table? user
---@return table? err unauthenticated
function M.resume(session_id)
  local row, err = db.education:one({ "update sessions s set last_used_at = now() from users u"
    .. " where s.id = ?::uuid and s.ended_at is null and s.expires_at > now() and u.id = s.user_id"
    .. " and u.state = 'active' returning u.id, u.school_id, u.role, u.name", session_id })
  if not row and err.code == "not_found" then return db.fail("unauthenticated", "the session has ended") end
  return row, err
end

--- Ends one of a person's own sessions. Ending an ended one is fine.
function M.close(user_id, session_id, reason)
  local rows, err = db.education:query({ "update sessions set ended_at = now(), end_reason = ? where id = ?::uuid"
    .. " and user_id = ?::uuid and ended_at is null", reason or "logout", session_id, user_id })
  if not rows then return nil, err end
  return true
end

--- Ends all of a person's sessions, such as at a change of the password.
function M.close_all(user_id, reason)
  return db.education:run({ "update sessions set ended_at = now(), end_reason = ?"
    .. " where user_id = ?::uuid and ended_at is null", reason or "logout", user_id })
end

--- The own sessions that are open: devices.
function M.list(account, pages)
  return page.list(db.education, {
    select = "select s.id, s.created_at, s.last_used_at, s.expires_at, s.client, s.address from sessions s",
    where = { { "s.user_id = ?::uuid and s.ended_at is null and s.expires_at > now()", account.id } },
    columns = { id = { "s.id", "uuid" } },
    unique = "id",
  }, pages)
end

--- One of the own sessions that are open.
function M.find(account, session_id)
  return db.education:one({ "select s.id, s.created_at, s.last_used_at, s.expires_at, s.client, s.address"
    .. " from sessions s where s.id = ?::uuid and s.user_id = ?::uuid and s.ended_at is null and s.expires_at > now()",
    session_id, account.id })
end

--- Sessions that ended so lately that an access token of theirs may still be around.
---@return string[]? session_ids
function M.ended()
  local rows, err = db.education:query({ "select id from sessions where ended_at > now() - ? * interval '1 second'",
    M.ACCESS_LIFETIME + 60 })
  if not rows then return nil, err end
  local ids = {}
  for i, row in ipairs(rows) do ids[i] = row.id end
  return ids
end

--- Calls ended(session_id) for every session that has ended lately or ends from now on, on whatever node. Called once
--- at start, in a task. After a lost connection the list is read again, until that works.
---@param ended fun(session_id: string)
function M.watch(ended)
  watch.rows("session_end", M.ended, function(ids)
    for _, session_id in ipairs(ids) do ended(session_id) end
  end, ended)
end

return M
