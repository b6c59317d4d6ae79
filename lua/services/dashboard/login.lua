-- services/dashboard/login.lua: logging in (by password, second factor or another provider) and out, and where each
-- role begins.

local guard = require "web.guard"
local identity = require "model.identity"
local oidc = require "web.oidc"
local page = require "services.dashboard.page"
local schema = require "web.schema"
local session = require "model.session"
local settings = require "host.settings"
local tokens = require "web.session"
local url = require "util.url"

local optional = schema.optional

local LogIn = schema.object {
  login = schema.text(1, 254), password = schema.password(1, 1024), next = optional(schema.text(1, 500)),
}

local Code = schema.object {
  challenge = schema.text(1, 200), code = schema.text(1, 20), needs = schema.enum { "code", "enrol" },
  next = optional(schema.text(1, 500)),
}

local homes = { teacher = "/classes", admin = "/classes", student = "/learn", parent = "/children" }

-- Only paths of this site: an address with a host would send people to a stranger after logging in.
local function is_own_path(path)
  return path ~= nil and path:find("^/[^/\\]") ~= nil and not path:find("[%c\\]")
end

local function where(req)
  return { client = req:client(), address = req:remote() }
end

local function form_again(req, given, message)
  return page.show(req, "login", { title = "Log in", next = given.next, login = given.login, message = message,
    providers = oidc.providers() }, message and 401 or 200)
end

local function form(req)
  return form_again(req, { next = req.query.next })
end

-- What can be said on the form; everything else is a problem of its own.
local told = { unauthenticated = true, forbidden = true, rate_limited = true, invalid = true }

local function ask_code(req, given, begun, message)
  return page.show(req, "second_factor", { title = "Second factor", challenge = given.challenge, needs = given.needs,
    next = given.next, begun = begun, message = message }, message and 401 or 200)
end

-- Somebody has shown who they are, or must show more.
local function go_in(req, opened, next_page)
  if opened.challenge then
    local begun, err
    if opened.needs == "enrol" then
      begun, err = session.enrol(opened.challenge)
      if not begun then return nil, err end
    end
    return ask_code(req, { challenge = opened.challenge, needs = opened.needs, next = next_page }, begun)
  end
  local cookie = { ["set-cookie"] = tokens.cookie(opened.user, opened.session_id, session.LIFETIME) }
  local home = is_own_path(next_page) and next_page or homes[opened.user.role]
  if not opened.recovery_codes then return page.go(req, home, cookie) end
  local status, text = page.show(req, "recovery_codes", { title = "Recovery codes", codes = opened.recovery_codes,
    home = home })
  return status, text, cookie
end

local function log_in(req)
  local own, foreign = tokens.check_origin(req)
  if not own then return nil, foreign end
  local body, attempt = req.body, where(req)
  attempt.login, attempt.password = body.login, body.password
  local opened, err = session.open(attempt)
  if opened then return go_in(req, opened, body.next) end
  if not told[err.code] then return nil, err end
  return form_again(req, body, err.message)
end

local function show_code(req)
  local own, foreign = tokens.check_origin(req)
  if not own then return nil, foreign end
  local body = req.body
  local open = body.needs == "enrol" and session.open_by_enrolling or session.open_by_code
  local opened, err = open(body.challenge, body.code, where(req))
  if opened then return go_in(req, opened, body.next) end
  if not told[err.code] then return nil, err end
  return ask_code(req, body, nil, err.message)
end

-- ---- By another provider: the state also lies in a cookie, so that nobody is logged in by a stranger's link ----

local STATE = "toolbox_state"

local function state_cookie(state, seconds)
  local secure = settings.pages_url:find("^https:") and "; Secure" or ""
  return ("%s=%s; Path=/login; Max-Age=%d; HttpOnly; SameSite=Lax%s"):format(STATE, state, seconds, secure)
end

local function go_to_provider(req)
  local name = req.params.provider
  local provider, unknown = oidc.provider(name)
  if not provider then return nil, unknown end
  local login, err = identity.begin(name, oidc.callback(name))
  if not login then return nil, err end
  local address, failure = oidc.address(provider, login)
  if not address then return nil, failure end
  return page.go(req, address, { ["set-cookie"] = state_cookie(login.state, identity.PATIENCE) })
end

local function claims_of(req, name)
  local provider, unknown = oidc.provider(name)
  if not provider then return nil, unknown end
  local query = url.parse(req.http.query or "") or {} -- providers add what they like
  if type(query.code) ~= "string" or type(query.state) ~= "string" then
    return nil, { code = "unauthenticated", message = "The provider did not let you in" }
  end
  if req:cookie(STATE) ~= query.state then
    return nil, { code = "unauthenticated", message = "This log-in was begun in another browser" }
  end
  local login, err = identity.take(name, query.state)
  if not login then return nil, err end
  return oidc.identify(provider, login, query.code)
end

local function come_back(req)
  local name = req.params.provider
  local claims, err = claims_of(req, name)
  local account
  if claims then account, err = identity.account(name, claims) end
  if not account and err.code == "not_found" and claims then
    err = { code = "forbidden", message = "No account is linked to this one: log in and link it first" }
  end
  local opened
  if account then opened, err = session.admit(account, where(req)) end
  if opened then return go_in(req, opened) end
  if not told[err.code] then return nil, err end
  return form_again(req, {}, err.message)
end

local function log_out(req)
  local done, err = session.close(req.user.id, req.user.session_id)
  if not done then return nil, err end
  tokens.end_session(req.user.session_id)
  return page.go(req, "/login", { ["set-cookie"] = tokens.no_cookie() })
end

local function home(req)
  return page.go(req, homes[req.user.role])
end

local provider_name = { provider = schema.text(1, 50, { pattern = "%l[%l%d-]*" }) }

return {
  ["/"] = { GET = { "Where this person begins", guard.signed_in(home) } },
  ["/login"] = {
    GET = { "The log-in form", guard.public(form), query = { next = optional(schema.text(1, 500)) } },
    POST = { "Log in", guard.public(log_in), form = LogIn, limit = "auth" },
  },
  ["/login/code"] = { POST = { "Show the second factor", guard.public(show_code), form = Code, limit = "auth" } },
  ["/login/by/{provider}"] = {
    GET = { "Go to another provider to log in", guard.public(go_to_provider), params = provider_name, limit = "auth" },
  },
  ["/login/by/{provider}/callback"] = {
    GET = { "Come back from there", guard.public(come_back), params = provider_name, limit = "auth", query = false },
  },
  ["/logout"] = { POST = { "Log out", guard.signed_in(log_out) } },
}
