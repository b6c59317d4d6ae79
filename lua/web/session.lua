-- web/session.lua: who calls, from an access token or from the dashboard's cookie.
--
-- A token is a JWT that names a session (claim sid). It is believed without asking the database until it expires,
-- unless its session has ended: every worker keeps the table of the lately ended sessions. model/session.lua fills it
-- (app.lua joins the two); until it is filled nobody is let in, so a reload opens no gap. The keys that sign come from
-- model/signing_key.lua the same way (web/keyring.lua).

local crypto = require "host.crypto"
local errors = require "web.errors"
local keyring = require "web.keyring"
local settings = require "host.settings"
local task = require "host.task"
local timer = require "host.timer"

local M = {}

local ISSUER = "toolboxai"

---Audiences: a token of one is nothing to the other.
M.API, M.PAGES = "api", "dashboard"

---Seconds that a token is believed without asking the database.
M.LIFETIME = 900

-- How long a caller waits for the table of ended sessions when a generation has just begun.
local PATIENCE, PAUSE = 3, 0.005

local ended, filled, swept = {}, false, 0

---Notes that a session has ended. Its tokens are refused from now on.
---@param session_id string
function M.end_session(session_id)
  local now = timer.wall()
  if now - swept > 60 then
    swept = now
    for id, at in pairs(ended) do
      if now - at > M.LIFETIME + 120 then ended[id] = nil end
    end
  end
  ended[session_id] = now
end

---Says that the table holds every session that ended lately.
function M.filled()
  filled = true
end

local function wait_until_filled()
  local waited = 0
  while not filled do
    if waited >= PATIENCE then return nil, errors.new("unavailable", "Sessions cannot be checked now") end
    task.sleep(PAUSE)
    waited = waited + PAUSE
  end
  return true
end

local function sign(user, session_id, audience, seconds, more)
  local now = math.floor(timer.wall())
  local claims = {
    iss = ISSUER, aud = audience, sub = user.id, sid = session_id, role = user.role,
    sch = type(user.school_id) == "string" and user.school_id or nil, iat = now, exp = now + seconds,
  }
  for name, value in pairs(more or {}) do claims[name] = value end
  return keyring.sign(claims)
end

---Makes an access token for somebody who has proved who they are.
---@param user { id: string, role: string, school_id: any }
---@param session_id string
---@return string token
---@return integer seconds that it lives
function M.issue(user, session_id)
  return sign(user, session_id, M.API, M.LIFETIME), M.LIFETIME
end

-- `school_id` is absent, not null, for somebody without a school.
local function user_of(claims)
  return { id = claims.sub, role = claims.role, school_id = claims.sch, session_id = claims.sid, name = claims.name }
end

---The person behind an access token.
---@param token string
---@return { id: string, role: string, school_id: string?, session_id: string }? user
---@return host.error? err unauthenticated, unavailable
function M.user(token)
  if not filled then
    local ready, err = wait_until_filled()
    if not ready then return nil, err end
  end
  local claims, why = keyring.verify(token, ISSUER, M.API)
  if not claims then
    return nil, errors.new("unauthenticated", "The access token is not valid", {
      challenge = ('Bearer error="invalid_token", error_description="%s"'):format(why.code),
    })
  end
  if ended[claims.sid] then
    return nil, errors.new("unauthenticated", "The session has ended", {
      challenge = 'Bearer error="invalid_token", error_description="ended"',
    })
  end
  return user_of(claims)
end

-- Keys of machines: found by model/api_key.lua, which app.lua hands in.
local find_key

---@param find fun(secret: string): table?, host.error?
function M.use_api_keys(find)
  find_key = find
end

-- What only the person may do, however much a key of theirs may: accounts, and what lives as long as a session.
local personal = { auth = true, me = true, sessions = true, ["api-keys"] = true }

---The scope that a key needs for a route: the collection, and whether it reads or writes, such as "classes:read".
---@param route { path: string, method: string }
---@return string? scope nil: no key may
function M.scope_of(route)
  local collection = route.path:match("^/api/v1/([%l-]+)")
  if not collection or personal[collection] then return nil end
  return collection .. (route.method == "GET" and ":read" or ":write")
end

local function caller_of_key(req, secret)
  local caller, err = find_key(secret)
  if not caller then
    if err.code == "unauthenticated" then err.challenge = 'Bearer error="invalid_token"' end
    return nil, err
  end
  local needed = M.scope_of(req.route)
  for _, scope in ipairs(caller.scopes) do
    if scope == needed then
      caller.rate_key = "key:" .. caller.api_key_id
      return caller
    end
  end
  return nil, errors.new("forbidden", needed and "This needs a key with the scope " .. needed
    or "No key may do this: log in")
end

---The scheme of API clients: Authorization: Bearer TOKEN (RFC 6750), with an access token or a machine's key.
M.bearer = {
  openapi = { type = "http", scheme = "bearer", bearerFormat = "JWT" },
  check = function(req)
    local header = req.http:header("authorization")
    if not header then return nil, errors.new("unauthenticated") end
    -- Where the token begins; a pattern for all of it takes as long as everything else that a guard does.
    local begin = header:match("^[Bb][Ee][Aa][Rr][Ee][Rr] +()")
    if not begin then return nil, errors.new("unauthenticated", "Authorization is not of the form Bearer TOKEN") end
    local token = header:sub(begin)
    if find_key and token:find("^tbk_") then return caller_of_key(req, token) end
    return M.user(token)
  end,
}

---The scheme of WebSockets: as above, or for browsers, which cannot set headers there, as the subprotocol
---bearer.TOKEN beside toolbox.v1.
M.socket = {
  openapi = M.bearer.openapi,
  check = function(req)
    local protocols = req.http:header("sec-websocket-protocol")
    local token = protocols and protocols:match("bearer%.([%w%-._]+)")
    if token then return M.user(token) end
    return M.bearer.check(req)
  end,
}

M.COOKIE = "toolbox_session"

-- Names end at the first port-less host: the cookie is for this host's pages only, never for scripts.
local function cookie(token, seconds)
  local secure = settings.public_url:find("^https:") and "; Secure" or ""
  return ("%s=%s; Path=/; Max-Age=%d; HttpOnly; SameSite=Lax%s"):format(M.COOKIE, token, seconds, secure)
end

---Set-Cookie for somebody who logs in to the pages. Its token names the session as long as that may live, and the
---time until which it is believed without asking the database.
---@param user table with name, which the pages show
---@param session_id string
---@param seconds integer life of the session
---@return string
function M.cookie(user, session_id, seconds)
  local more = { name = user.name, fresh = math.floor(timer.wall()) + M.LIFETIME }
  return cookie(sign(user, session_id, M.PAGES, seconds, more), seconds)
end

---@return string Set-Cookie that takes it away
function M.no_cookie()
  return cookie("", 0)
end

---The token that forms and htmx send with every change: a page of another origin cannot read it.
---@param user table
---@return string
function M.csrf(user)
  return crypto.base64url(crypto.hmac("sha256", settings.token_secret, "csrf:" .. user.session_id):sub(1, 18))
end

-- Browsers say where a request comes from; a form of another site is refused whatever it knows.
local function is_own_origin(req)
  local site = req.http:header("sec-fetch-site")
  if site then return site == "same-origin" or site == "none" end
  local origin = req.http:header("origin")
  return not origin or origin:match("^https?://(.+)$") == req.http.host
end

local function check_csrf(req, user)
  if req.method == "GET" or req.method == "HEAD" then return true end
  if not is_own_origin(req) then return nil, errors.new("forbidden", "This form belongs to another site") end
  local given = user and (req.http:header("x-csrf-token") or "")
  if given and not crypto.equal(given, M.csrf(user)) then
    return nil, errors.new("forbidden", "The form has expired: load the page again")
  end
  return true
end

---For public forms such as log-in: nil, err if the form comes from another site.
function M.check_origin(req)
  return check_csrf(req, nil)
end

---The scheme of pages: the cookie. Past the time of its freshness it is renewed, if its session is open.
---@param resume fun(session_id: string): table?, host.error? the user of an open session, asked of the database
---@param lifetime integer seconds of a session
---@return table scheme
function M.pages(resume, lifetime)
  local function renew(req, claims)
    local user, err = resume(claims.sid)
    if not user then return nil, err.code == "unavailable" and err or errors.new("unauthenticated") end
    req.cookie_renewed = M.cookie(user, claims.sid, lifetime)
    return {
      id = user.id, role = user.role, school_id = type(user.school_id) == "string" and user.school_id or nil,
      session_id = claims.sid, name = user.name,
    }
  end

  local function find(req)
    local token = req:cookie(M.COOKIE)
    if not token or token == "" then return nil, errors.new("unauthenticated") end
    local ready, err = wait_until_filled()
    if not ready then return nil, err end
    local claims = keyring.verify(token, ISSUER, M.PAGES)
    if not claims or ended[claims.sid] then return nil, errors.new("unauthenticated") end
    if claims.fresh <= timer.wall() then return renew(req, claims) end
    return user_of(claims)
  end

  return {
    openapi = { type = "apiKey", ["in"] = "cookie", name = M.COOKIE },
    check = function(req)
      local user, err = find(req)
      if not user then return nil, err end
      local ok, refused = check_csrf(req, user)
      if not ok then return nil, refused end
      return user
    end,
  }
end

return M
