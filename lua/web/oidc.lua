-- web/oidc.lua: logging in by another provider (OpenID Connect Core 1.0): code flow with PKCE (RFC 7636), state, nonce.
-- Which providers there are says the setting oidc; everything else about them they publish themselves (Discovery 1.0).
-- What an identity means here, and the log-ins on their way, are model/identity.lua's.

local crypto = require "host.crypto"
local errors = require "web.errors"
local http = require "host.http"
local json = require "host.json"
local jwt = require "host.jwt"
local log = require "host.log"
local settings = require "host.settings"
local timer = require "host.timer"
local url = require "util.url"

local M = {}

-- Seconds for which what a provider publishes is believed, and between two looks for a key that is not there.
local KEPT, PAUSE = 3600, 60
local TIMEOUT, LIMIT = 10, 1024 * 1024
-- Seconds by which its clock and ours may differ.
local LEEWAY = 60

-- by issuer: { document, at } and { keys, at }
local documents, key_sets = {}, {}

local function failed(provider, what)
  log.warn("an OpenID provider failed", { issuer = provider.issuer, reason = what })
  return nil, errors.new("upstream", "The provider " .. provider.title .. " cannot be asked now")
end

---The configuration of a provider.
---@param name string
---@return table? provider
---@return host.error? err not_found
function M.provider(name)
  local found = settings.oidc[name]
  if not found then return nil, errors.new("not_found", "There is no such provider") end
  return found
end

---@return { name: string, title: string }[] in order
function M.providers()
  local list = {}
  for name, provider in pairs(settings.oidc) do list[#list + 1] = { name = name, title = provider.title } end
  table.sort(list, function(a, b) return a.name < b.name end)
  return json.array(list)
end

-- Secrets go over TLS only; a test's own provider on this machine has none.
local function is_safe(address)
  return type(address) == "string" and (address:find("^https://") or settings.development and address:find("^http://"))
end

local function fetch(provider, request)
  request.timeout, request.limit = TIMEOUT, LIMIT
  if not is_safe(request.url) then return failed(provider, "an address is not https") end
  local response, err = http.request(request)
  if not response then return failed(provider, err.code) end
  local value = json.decode(response.body)
  if type(value) ~= "table" then return failed(provider, "an answer is not JSON, status " .. response.status) end
  return value, nil, response.status
end

local function discover(provider)
  local known = documents[provider.issuer]
  if known and timer.now() - known.at < KEPT then return known.document end
  local document, err, status = fetch(provider, {
    url = provider.issuer:gsub("/$", "") .. "/.well-known/openid-configuration",
  })
  if not document then return nil, err end
  if status ~= 200 then return failed(provider, "discovery answered " .. status) end
  if document.issuer ~= provider.issuer then return failed(provider, "it names another issuer") end
  for _, name in ipairs { "authorization_endpoint", "token_endpoint", "jwks_uri" } do
    if not is_safe(document[name]) then return failed(provider, name .. " is missing or not https") end
  end
  documents[provider.issuer] = { document = document, at = timer.now() }
  return document
end

-- by kid, and the list of all, for tokens that name none.
local function fetch_keys(provider, document)
  local set, err, status = fetch(provider, { url = document.jwks_uri })
  if not set then return nil, err end
  if status ~= 200 or type(set.keys) ~= "table" then return failed(provider, "it shows no keys") end
  local keys, all = {}, {}
  for _, jwk in ipairs(set.keys) do
    local pem, alg
    if type(jwk) == "table" and (jwk.use == nil or jwk.use == "sig") then pem, alg = jwt.to_pem(jwk) end
    if pem then
      local key = { alg = alg, key = pem }
      all[#all + 1] = key
      if type(jwk.kid) == "string" then keys[jwk.kid] = key end
    end
  end
  local made = { keys = keys, all = all, at = timer.now() }
  key_sets[provider.issuer] = made
  return made
end

-- Verifies by the keys that are known; once more with fresh ones if the token's key is not among them.
local function verify(provider, document, token)
  local set, err = key_sets[provider.issuer]
  local asked = { issuer = provider.issuer, audience = provider.client_id, leeway = LEEWAY }
  if not set or timer.now() - set.at >= KEPT then
    set, err = fetch_keys(provider, document)
    if not set then return nil, err end
  end
  local function check()
    asked.keys, asked.key = set.keys, nil
    local claims, why = jwt.verify(token, asked)
    if not claims and why.code == "key" and #set.all == 1 and not next(set.keys) then
      asked.key = set.all[1]
      claims, why = jwt.verify(token, asked)
    end
    return claims, why
  end
  local claims, why = check()
  if not claims and why.code == "key" and timer.now() - set.at >= PAUSE then
    set, err = fetch_keys(provider, document)
    if not set then return nil, err end
    claims, why = check()
  end
  if not claims then return failed(provider, "its token is refused: " .. why.code) end
  return claims
end

---@param verifier string
---@return string code_challenge of method S256
local function challenge_of(verifier)
  return crypto.base64url(crypto.sha256(verifier))
end

---Where to send somebody to log in.
---@param provider table
---@param login { state: string, nonce: string, verifier: string, redirect: string }
---@return string? address
---@return host.error? err upstream
function M.address(provider, login)
  local document, err = discover(provider)
  if not document then return nil, err end
  local endpoint = document.authorization_endpoint
  return endpoint .. (endpoint:find("?", 1, true) and "&" or "?") .. url.build {
    response_type = "code", client_id = provider.client_id, redirect_uri = login.redirect, scope = provider.scope,
    state = login.state, nonce = login.nonce, code_challenge = challenge_of(login.verifier),
    code_challenge_method = "S256",
  }
end

local function exchange(provider, document, login, code)
  local form = { grant_type = "authorization_code", code = code, redirect_uri = login.redirect,
    code_verifier = login.verifier, client_id = provider.client_id }
  local headers = { ["content-type"] = "application/x-www-form-urlencoded", accept = "application/json" }
  if provider.client_secret then
    local pair = url.encode(provider.client_id) .. ":" .. url.encode(provider.client_secret)
    headers.authorization = "Basic " .. crypto.base64(pair)
  end
  local answer, err, status = fetch(provider, {
    url = document.token_endpoint, method = "POST", headers = headers, body = url.build(form),
  })
  if not answer then return nil, err end
  if status ~= 200 then
    log.warn("an OpenID provider refused a code", { issuer = provider.issuer, reason = tostring(answer.error) })
    return nil, errors.new("unauthenticated", "The provider does not confirm this log-in")
  end
  if type(answer.id_token) ~= "string" then return failed(provider, "it gives no ID token") end
  return answer.id_token
end

-- Core 1.0 §3.1.3.7: what the signature and host.jwt do not check.
local function fault_of(provider, claims, nonce)
  if type(claims.sub) ~= "string" or claims.sub == "" or #claims.sub > 255 then return "no subject" end
  if type(claims.exp) ~= "number" then return "no time of expiry" end
  if type(claims.nonce) ~= "string" or not crypto.equal(claims.nonce, nonce) then return "another nonce" end
  if claims.azp ~= nil and claims.azp ~= provider.client_id then return "another party's" end
end

---Who has logged in: the claims of the ID token that a code is exchanged for.
---@param provider table
---@param login { nonce: string, verifier: string, redirect: string }
---@param code string
---@return { sub: string, email?: string, email_verified?: boolean, name?: string }? claims
---@return host.error? err unauthenticated, upstream
function M.identify(provider, login, code)
  local document, err = discover(provider)
  if not document then return nil, err end
  local token, refused = exchange(provider, document, login, code)
  if not token then return nil, refused end
  local claims, failure = verify(provider, document, token)
  if not claims then return nil, failure end
  local fault = fault_of(provider, claims, login.nonce)
  if fault then return failed(provider, "its token is refused: " .. fault) end
  return claims
end

---The dashboard's own page, to which every provider sends people back.
---@param name string
function M.callback(name)
  return settings.pages_url .. "/login/by/" .. name .. "/callback"
end

---Whether a client may be sent back to an address.
---@param name string
---@param address string
function M.may_return(name, address)
  if address == M.callback(name) then return true end
  for _, allowed in ipairs(settings.oidc[name].redirects) do
    if allowed == address then return true end
  end
  return false
end

return M
