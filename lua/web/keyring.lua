-- web/keyring.lua: the keys that sign tokens and verify them. model/signing_key.lua keeps them as data; app.lua hands
-- them in here whenever they change. Tokens name their key (kid); one that names none was signed by the setting
-- token_secret, which signs as long as there is no other key.

local crypto = require "host.crypto"
local json = require "host.json"
local jwt = require "host.jwt"
local settings = require "host.settings"
local timer = require "host.timer"

local M = {}

-- Only the hash key and the algorithm that we sign with are ever accepted.
local first

local function first_key()
  if not first then
    first = { alg = "HS256", key = settings.token_secret or error("setting token_secret is missing", 0) }
  end
  return first
end

-- newest first: { kid, alg, key, public?, active_at }; by_kid is what jwt.verify takes.
local keys, by_kid = {}, {}

-- options[audience] = { named, first }: what jwt.verify is asked, made once.
local options = {}

---Takes all keys that verify, the newest first, in place of those before.
---@param list { kid: string, alg: string, key: string, public: table?, active_at: number }[]
function M.use(list)
  keys, by_kid, options = list, {}, {}
  for _, key in ipairs(list) do by_kid[key.kid] = { alg = key.alg, key = key.key } end
end

---Signs with the newest key that is active.
---@param claims table
---@return string token
function M.sign(claims)
  local now = timer.wall()
  for _, key in ipairs(keys) do
    if key.active_at <= now then return jwt.sign(claims, by_kid[key.kid], key.kid) end
  end
  return jwt.sign(claims, first_key())
end

local function options_of(issuer, audience)
  local made = options[audience]
  if not made then
    made = {
      named = { keys = by_kid, issuer = issuer, audience = audience },
      first = { key = first_key(), issuer = issuer, audience = audience },
    }
    options[audience] = made
  end
  return made
end

-- nameless[head]: whether the first part of a good token names no key. Of good ones there are few.
local nameless = {}

-- By the first key: for tokens that name none.
local function verify_nameless(token, asked)
  local claims, err = jwt.verify(token, asked)
  if not claims then return nil, err end
  local head = token:match("^[^.]*")
  if nameless[head] == nil then nameless[head] = json.decode(crypto.unbase64url(head)).kid == nil end
  if not nameless[head] then return nil, { code = "key", message = "no key has this name" } end
  return claims
end

local function verify(token, asked)
  if not keys[1] then return verify_nameless(token, asked.first) end
  local claims, err = jwt.verify(token, asked.named)
  if claims or err.code ~= "key" then return claims, err end
  return verify_nameless(token, asked.first)
end

---The claims of a token that we have signed. Each of ours ends at some time.
---@param token string
---@param issuer string
---@param audience string
---@return table? claims
---@return host.error? err of host.jwt
function M.verify(token, issuer, audience)
  local claims, err = verify(token, options_of(issuer, audience))
  if claims and not claims.exp then return nil, { code = "expired", message = "the token has no end" } end
  return claims, err
end

---What others verify our tokens with: a JSON Web Key Set (RFC 7517 §5).
---@return { keys: table[] }
function M.published()
  local list = {}
  for _, key in ipairs(keys) do
    if key.public then
      local shown = { kid = key.kid, use = "sig" }
      for name, value in pairs(key.public) do shown[name] = value end
      list[#list + 1] = shown
    end
  end
  return { keys = json.array(list) }
end

return M
