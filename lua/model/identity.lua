-- model/identity.lua: people as OpenID providers know them, and log-ins on their way to a provider and back. An
-- identity is linked to an account by its owner, who is signed in; or by an address that both the provider and we have
-- proved.

local json = require "host.json"
local pg = require "host.pg"
local crypto = require "host.crypto"
local audit = require "model.audit"
local db = require "model.db"
local user = require "model.user"
local id = require "util.id"
local utf8 = require "util.utf8"

local M = {}

--- Seconds that a log-in may take at the provider.
M.PATIENCE = 600

--- Begins a log-in, or the linking of an account.
---@param provider string
---@param redirect string where the provider sends back to
---@param user_id? string whom to link
---@return { state: string, nonce: string, verifier: string, redirect: string }?
function M.begin(provider, redirect, user_id)
  local login = { state = id.secret("st"), nonce = crypto.base64url(crypto.random(24)), redirect = redirect,
    verifier = crypto.base64url(crypto.random(48)) }
  local done, err = db.education:batch {
    { "delete from oidc_logins where expires_at < now()" },
    { { "insert into oidc_logins (state_hash, provider, nonce, verifier, redirect, user_id, expires_at)"
      .. " values (?, ?, ?, ?, ?, ?, now() + ? * interval '1 second')", pg.bytes(id.digest(login.state)), provider,
      login.nonce, login.verifier, redirect, user_id or json.null, M.PATIENCE } },
  }
  if not done then return nil, err end
  return login
end

--- Takes up a log-in that came back; it can be taken once.
---@param provider string
---@param state string
---@param user_id? string who must have begun it; nil: nobody was signed in
---@return { nonce: string, verifier: string, redirect: string }? login
---@return table? err invalid with field state
function M.take(provider, state, user_id)
  local row, err = db.education:one({ "delete from oidc_logins where state_hash = ? and provider = ?"
    .. " and expires_at > now() and user_id is not distinct from ?::uuid returning nonce, verifier, redirect",
    pg.bytes(id.digest(state)), provider, user_id })
  if not row and err.code == "not_found" then
    return db.fail("invalid", "this log-in is unknown, was used or took too long", "state")
  end
  return row, err
end

local function insert(provider, subject, user_id)
  return db.education:transaction(function(tx)
    local done, err = tx:query({ "insert into identities (provider, subject, user_id) values (?, ?, ?)", provider,
      subject, user_id })
    if not done then return nil, err end
    return audit.of_person(tx, nil, "identity.link", user_id, { provider = provider })
  end)
end

-- The account with an address that was proved on both sides.
local function by_address(claims)
  if claims.email_verified ~= true or type(claims.email) ~= "string" then return db.not_found("account") end
  return user.by_verified_email(claims.email)
end

--- The account that an identity belongs to.
---@param provider string
---@param claims table of the ID token
---@return table? account
---@return table? err not_found: none is linked
function M.account(provider, claims)
  local row, err = db.education:one({ "select i.user_id from identities i where i.provider = ? and i.subject = ?",
    provider, claims.sub })
  if row then return user.get(row.user_id) end
  if err.code ~= "not_found" then return nil, err end
  local found, missing = by_address(claims)
  if not found then return nil, missing end
  local linked, failure = insert(provider, claims.sub, found.id)
  if not linked then return nil, failure end
  return found
end

-- What the provider calls somebody.
local function name_of(claims)
  local name = type(claims.name) == "string" and claims.name or claims.preferred_username
  return type(name) == "string" and name:find("%S") and utf8.line(name, 100) or nil
end

--- Opens an account for somebody whom a provider knows and we don't. It has no password until one is asked for by mail.
---@param provider string
---@param claims table
---@param role "student"|"teacher"|"parent"
---@param birth_date string? needed of students
---@return table? account
function M.sign_up(provider, claims, role, birth_date)
  local made, err = user.without_password({ login = provider .. "-" .. id.code(12), role = role,
    birth_date = birth_date, name = name_of(claims) or "A " .. role })
  if not made then return nil, err end
  local linked, failure = insert(provider, claims.sub, made.id)
  if not linked then return nil, failure end
  return made
end

--- Links an identity to the account of whoever is signed in.
---@return boolean? done
---@return table? err conflict
function M.link(account, provider, claims)
  local linked, err = insert(provider, claims.sub, account.id)
  if not linked then return nil, err end
  return true
end

--- The own identities.
---@return { provider: string, created_at: string }[]?
function M.list(account)
  return db.education:query({ "select i.provider, i.created_at from identities i where i.user_id = ?::uuid"
    .. " order by i.provider", account.id })
end

--- Takes a link away.
---@return boolean? done
---@return table? err not_found; conflict: nothing would be left to log in by
function M.unlink(account, provider)
  return db.education:transaction(function(tx)
    local own, err = tx:one({ "select u.password_hash <> '!' as password, (select count(*) from identities i"
      .. " where i.user_id = u.id) as links from users u where u.id = ?::uuid for update", account.id })
    if not own then return nil, err end
    if not own.password and own.links < 2 then
      return db.fail("conflict", "choose a password first: nothing else would be left to log in by")
    end
    local count, failure = tx:run({ "delete from identities where user_id = ?::uuid and provider = ?", account.id,
      provider })
    if not count then return nil, failure end
    if count == 0 then return db.not_found("link") end
    return audit.of_person(tx, nil, "identity.unlink", account.id, { provider = provider })
  end)
end

return M
