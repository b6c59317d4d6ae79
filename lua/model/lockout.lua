-- model/lockout.lua: guessing passwords gets slow. Failures are counted for a login together with an address, for a
-- login, and for an address; beyond some free ones each blocks for twice as long as the one before (login_attempt in
-- migrations/education/0007). Counted in PostgreSQL: for all workers and nodes, and under a name that need not exist.
--
-- So that nobody can lock out somebody else: an address from which that person has logged in lately is not held up by
-- what others fail at, a block lasts 15 minutes at most and is not prolonged by what it refuses, and a password reset
-- forgets all of it.

local crypto = require "host.crypto"
local pg = require "host.pg"
local settings = require "host.settings"
local db = require "model.db"
local network = require "util.address"

local M = {}

-- What is stored names neither people nor addresses.
local function key(kind, ...)
  local digest = crypto.hmac("sha256", settings.index_key, table.concat({ kind, ... }, "\n"))
  return kind .. ":" .. crypto.base64url(digest:sub(1, 18))
end

--- The keys under which an attempt is counted: login with address, login, address.
---@return string, string, string
function M.keys(login, address)
  address = network.network(address)
  return key("pair", login, address), key("login", login), key("address", address)
end

--- Counts an attempt, which is a failure until M.succeeded says otherwise: so guesses made at once are counted too.
---@param login string as it was cleaned
---@param address string
---@param familiar boolean the person has logged in from there lately
---@return boolean? allowed
---@return table? err rate_limited with retry_after
function M.attempt(login, address, familiar)
  local pair, account, place = M.keys(login, address)
  local per_login = settings.login_failures
  local keys, free = { pair, place }, { per_login, settings.address_failures }
  if not familiar then keys[3], free[3] = account, per_login * 3 end
  local row, err = db.education:one({ "select login_attempt(?::text[], ?::integer[]) as wait", pg.array(keys),
    pg.array(free) })
  if not row then return nil, err end
  if row.wait <= 0 then return true end
  local _, refusal = db.fail("rate_limited", "too many failures: wait before the next attempt")
  refusal.retry_after = math.ceil(row.wait)
  return nil, refusal
end

--- What says that an attempt was none, for a batch: whoever guesses at others from the same address stays counted.
---@return table[] statements as db's batch takes them
function M.forgiving(login, address)
  local pair, account, place = M.keys(login, address)
  return {
    { { "delete from login_failures where key = any(?::text[])", pg.array { pair, account } } },
    { { "update login_failures set failures = greatest(failures - 1, 0) where key = ?", place } },
  }
end

--- Says at once that an attempt was none.
function M.succeeded(login, address)
  return db.education:batch(M.forgiving(login, address))
end

--- Forgets what was failed at under a login.
function M.forgive(login)
  local _, account = M.keys(login, "")
  return db.education:run({ "delete from login_failures where key = ?", account })
end

return M
