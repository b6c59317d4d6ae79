-- model/session.lua: log-ins. A session is the family of refresh tokens that descend from one log-in; each token is
-- used once. A token that comes a second time was stolen on one side or the other, so its whole family ends.
--
-- Access tokens name their session; whoever checks them asks web/session.lua's table, which M.watch keeps up to date:
-- the end of a session is a row here and a notification that reaches every worker of every node.

local crypto = require "host.crypto"
local log = require "host.log"
local pg = require "host.pg"
local task = require "host.task"
local db = require "model.db"
local user = require "model.user"
local page = require "model.page"
local id = require "util.id"

local M = {}

--- Seconds that an access token lives; ended sessions are remembered that long.
M.ACCESS_LIFETIME = 900
--- Seconds that a session lives without being refreshed.
M.LIFETIME = 30 * 86400

-- Verifying against this costs as much as against a real one, so that unknown logins are not told by time. Made at the
-- first need: module bodies only build tables.
local decoy

local function add_token(tx, session_id)
  local token = id.secret("rt")
  local stored, err = tx:query({ "insert into refresh_tokens (token_hash, session_id) values (?, ?)",
    pg.bytes(id.digest(token)), session_id })
  if not stored then return nil, err end
  return token
end

local function check(login, password)
  local account, err = user.credentials(login)
  if not account and err.code ~= "not_found" then return nil, err end
  if not account then decoy = decoy or crypto.password_hash("nobody's password") end
  local matches, stale = crypto.password_verify(password, account and account.password_hash or decoy)
  if not account or not matches then return db.fail("unauthenticated", "login and password do not match") end
  if account.state ~= "active" then return db.fail("forbidden", "this account is suspended") end
  if stale then user.rehash(account.id, password) end
  account.password_hash = nil
  return account
end

--- Logs in.
---@param attempt { login: string, password: string, client?: string, address?: string }
---@return { user: table, session_id: string, refresh_token: string }? opened
---@return table? err unauthenticated, forbidden (suspended)
function M.open(attempt)
  local account, err = check(attempt.login, attempt.password)
  if not account then return nil, err end
  return M.open_for(account, attempt)
end

--- A session for somebody who has just proved who they are, such as by signing up.
function M.open_for(account, where)
  return db.education:transaction(function(tx)
    local session, err = tx:one({ "insert into sessions (id, user_id, expires_at, client, address)"
      .. " values (?, ?, now() + ? * interval '1 second', ?, ?) returning id",
      id.uuid(), account.id, M.LIFETIME, (where.client or ""):sub(1, 200), where.address or "" })
    if not session then return nil, err end
    local token, failure = add_token(tx, session.id)
    if not token then return nil, failure end
    return { user = account, session_id = session.id, refresh_token = token }
  end)
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
  local done, failure = tx:batch {
    { { "update refresh_tokens set used_at = now() where token_hash = ?", pg.bytes(digest) } },
    { { "update sessions set last_used_at = now(), expires_at = now() + ? * interval '1 second' where id = ?::uuid",
      M.LIFETIME, row.id } },
  }
  if not done then return nil, failure end
  local token, failed = add_token(tx, row.id)
  if not token then return nil, failed end
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
  local function catch_up()
    local pause = 0.1
    while true do
      local ids, err = M.ended()
      if ids then
        for _, session_id in ipairs(ids) do ended(session_id) end
        return
      end
      log.warn("ended sessions cannot be read; trying again", { reason = err.reason or err.message })
      task.sleep(pause)
      pause = math.min(pause * 2, 5)
    end
  end
  db.education:listen("session_end", function(session_id)
    if session_id then ended(session_id) else catch_up() end
  end)
  catch_up()
end

return M
