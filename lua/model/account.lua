-- model/account.lua: proving an email address, and passwords that are changed or forgotten. What is mailed is a token
-- that is good once and for a while; only its digest is kept.

local crypto = require "host.crypto"
local pg = require "host.pg"
local audit = require "model.audit"
local db = require "model.db"
local lockout = require "model.lockout"
local mail = require "model.mail"
local password = require "model.password"
local user = require "model.user"
local id = require "util.id"

local M = {}

--- Seconds for which tokens are good.
M.LIFETIMES = { verify_email = 3 * 86400, password_reset = 3600 }

-- Seconds in which a second letter of a kind is not written to the same address, however often it is asked for.
local PAUSE = 60

-- A new token of a kind; the one before is void. again: the letter with that one was not sent.
local function make_token(account, kind, again)
  local token = id.secret(kind == "password_reset" and "pr" or "ev")
  local row, err = db.education:one({ "insert into mail_tokens as t"
    .. " (token_hash, user_id, kind, email_index, expires_at)"
    .. " values (?, ?, ?, ?, now() + ? * interval '1 second') on conflict (user_id, kind) do update"
    .. " set token_hash = excluded.token_hash, email_index = excluded.email_index, expires_at = excluded.expires_at"
    .. " where ? or t.email_index <> excluded.email_index"
    .. " or t.expires_at < excluded.expires_at - ? * interval '1 second' returning t.user_id",
    pg.bytes(id.digest(token)), account.id, kind, pg.bytes(account.email_index), M.LIFETIMES[kind], again or false,
    PAUSE })
  if not row then return nil, err end
  return { to = account.email, name = account.name, token = token }
end

local INVALID = "this link is unknown, used or too old"

--- What the letter that asks for a proof says; not_found if there is nothing to prove any more. taken: the address is
--- proved by another account, whose owner is told instead that somebody has named it.
---@param user_id string
---@param again? boolean the letter was written before, but not sent
---@return { to: string, name?: string, token?: string, taken?: boolean }?
function M.verification(user_id, again)
  local account, err = user.mailbox(user_id)
  if not account then return nil, err end
  if account.email_verified then return db.not_found("unverified address") end
  if account.email_taken then return { to = account.email, taken = true } end
  return make_token(account, "verify_email", again)
end

--- The token was read by whoever reads the address's mail.
---@return boolean? verified
---@return table? err invalid with field token
function M.verify_email(token)
  return db.education:transaction(function(tx)
    local row, err = tx:one({ "delete from mail_tokens where token_hash = ? and kind = 'verify_email'"
      .. " and expires_at > now() returning user_id, email_index", pg.bytes(id.digest(token)) })
    if not row then
      if err.code == "not_found" then return db.fail("invalid", INVALID, "token") end
      return nil, err
    end
    local count, failure = tx:run({ "update users set email_verified_at = now() where id = ?::uuid and email_index = ?",
      row.user_id, pg.bytes(row.email_index) })
    if not count then
      if failure.code == "conflict" then return db.fail("invalid", INVALID, "token") end -- proved by another meanwhile
      return nil, failure
    end
    if count == 0 then return db.fail("invalid", INVALID, "token") end
    local recorded, lost = audit.of_person(tx, nil, "email.verify", row.user_id)
    return recorded and true, lost
  end)
end

--- Sends the proof again.
function M.ask_verification(by)
  return mail.queue("verify_email", { user_id = by.id })
end

--- Asks for a new password. The same is done for every name, known or not: who it is is found when the mail is written.
---@param name string login or email address
function M.ask_reset(name)
  return mail.queue("password_reset", { name = name })
end

--- What the letter with the reset link says. Only an address that was proved gets one: another might be a stranger's.
---@param name string
---@param again? boolean the letter was written before, but not sent
---@return { to: string, name: string, token: string }?
function M.reset(name, again)
  local account, err = user.credentials(name)
  if not account then return nil, err end
  local box, failure = user.mailbox(account.id)
  if not box then return nil, failure end
  if not box.email_verified or account.state ~= "active" then return db.not_found("proved address") end
  return make_token(box, "password_reset", again)
end

--- What letters to a person need.
M.mailbox = user.mailbox

-- The new hash is in force, and whoever knew the old one is out.
local function replace(tx, user_id, hash, kept_session)
  local done, err = tx:batch {
    { { "update users set password_hash = ? where id = ?::uuid", hash, user_id } },
    { { "delete from mail_tokens where user_id = ?::uuid and kind = 'password_reset'", user_id } },
    { { "delete from login_challenges where user_id = ?::uuid", user_id } },
    { { "update sessions set ended_at = now(), end_reason = 'password' where user_id = ?::uuid and ended_at is null"
      .. " and id is distinct from ?::uuid", user_id, kept_session } },
  }
  if not done then return nil, err end
  local queued, failure = mail.queue("password_changed", { user_id = user_id }, tx)
  if not queued then return nil, failure end
  return audit.of_person(tx, nil, "password.change", user_id)
end

--- Sets a new password by the token that was mailed. Ends all sessions.
---@return boolean? done
---@return table? err invalid with field token or password
function M.reset_password(token, new)
  local digest = pg.bytes(id.digest(token))
  local found, err = db.education:one({ "select t.user_id, u.login, u.name from mail_tokens t join users u"
    .. " on u.id = t.user_id where t.token_hash = ? and t.kind = 'password_reset' and t.expires_at > now()"
    .. " and t.email_index = u.email_index and u.state = 'active'", digest })
  if not found then
    if err.code == "not_found" then return db.fail("invalid", INVALID, "token") end
    return nil, err
  end
  local hash, refused = password.hash(new, found)
  if not hash then return nil, refused end
  local done, failure = db.education:transaction(function(tx)
    local mine, missing = tx:run({ "delete from mail_tokens where token_hash = ?", digest })
    if not mine then return nil, missing end
    if mine == 0 then return db.fail("invalid", INVALID, "token") end
    return replace(tx, found.user_id, hash)
  end)
  if not done then return nil, failure end
  local forgiven, lost = lockout.forgive(found.login)
  return forgiven and true, lost
end

--- Asks for the present password again, before something that a stolen token must not do. Guesses are counted.
---@param by { id: string }
---@param given string
---@param address string
---@param field? string of the request
---@return table? account with its login and name
---@return table? err invalid with field, rate_limited
function M.confirm(by, given, address, field)
  local account, err = user.credentials_of(by.id)
  if not account then return nil, err end
  local allowed, wait = lockout.attempt(account.login, address, true)
  if not allowed then return nil, wait end
  if not crypto.password_verify(given, account.password_hash) then
    return db.fail("invalid", "this is not the present password", field or "password")
  end
  local forgiven, failure = lockout.succeeded(account.login, address)
  if not forgiven then return nil, failure end
  return account
end

--- Changes the own password. Ends all other sessions.
---@param by { id: string, session_id: string }
---@return boolean? done
---@return table? err invalid with field current_password or password
function M.change_password(by, current, new, address)
  local account, err = M.confirm(by, current, address, "current_password")
  if not account then return nil, err end
  local hash, refused = password.hash(new, account)
  if not hash then return nil, refused end
  return db.education:transaction(function(tx) return replace(tx, by.id, hash, by.session_id) end)
end

return M
