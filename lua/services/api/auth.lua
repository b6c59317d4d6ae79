-- services/api/auth.lua: signing up, logging in and out, and the sessions that this makes.

local cursor = require "web.cursor"
local guard = require "web.guard"
local opened_session = require "services.api.opened"
local schema = require "web.schema"
local session = require "model.session"
local shapes = require "services.api.shapes"
local tokens = require "web.session"
local user = require "model.user"

local optional = schema.optional

-- A new password has the model's least length; an old one is whatever it was.
local password = schema.password(user.MIN_PASSWORD, user.MAX_PASSWORD)
local any_password = schema.password(1, user.MAX_PASSWORD)

local SignUp = schema.object {
  login = shapes.login, password = password, name = shapes.name,
  role = schema.describe(schema.enum { "student", "teacher", "parent" }, "An admin is made by another admin"),
  email = optional(schema.email()),
  birth_date = schema.describe(schema.date(), "Below 13 a guardian is asked first: see /auth/child-sign-up"),
}

local LogIn = schema.object {
  login = schema.describe(schema.text(1, 254), "Login or e-mail address"), password = any_password,
}

local Refresh = schema.object { refresh_token = schema.text(1, 200) }

local where, finish = opened_session.where, opened_session.finish

---@param req api.signUp
local function sign_up(req)
  local person, err = user.sign_up(req.body)
  if not person then return nil, err end
  local opened, failure = session.open_for(person, where(req))
  if not opened then return nil, failure end
  return 201, opened_session.answer(opened), { location = shapes.USERS .. "/" .. person.id }
end

---@param req api.logIn
local function log_in(req)
  local attempt = where(req)
  attempt.login, attempt.password = req.body.login, req.body.password
  return finish(session.open(attempt))
end

---@param req api.refresh
local function refresh(req)
  return finish(session.refresh(req.body.refresh_token))
end

-- The own worker need not wait for the notification that tells all others.
local function end_session(req, session_id)
  local done, err = session.close(req.user.id, session_id)
  if not done then return nil, err end
  tokens.end_session(session_id)
  return 204
end

---@param req api.logOut
local function log_out(req)
  return end_session(req, req.user.session_id)
end

---@param req api.logOutEverywhere
local function log_out_everywhere(req)
  local count, err = session.close_all(req.user.id)
  if not count then return nil, err end
  tokens.end_session(req.user.session_id)
  return 204
end

---@param req api.listSessions
local function list_sessions(req)
  return cursor.list(req, function(page) return session.list(req.user, page) end)
end

---@param req api.endSession
local function close_session(req)
  local open, err = session.find(req.user, req.params.session_id)
  if not open then return nil, err end
  return end_session(req, open.id)
end

local public, signed_in = guard.public, guard.signed_in
local tags = { "Accounts" }

return {
  ["/auth/sign-up"] = {
    POST = { "Open an account", public(sign_up), body = SignUp, out = shapes.Tokens,
      creates = shapes.USERS, made = "user", limit = "auth",
      errors = { "conflict", "forbidden" }, id = "signUp", tags = tags,
      description = "Opens an account for oneself and logs in with it." },
  },
  ["/auth/log-in"] = {
    POST = { "Log in", public(log_in), body = LogIn, out = opened_session.LoggedIn, limit = "auth",
      errors = { "unauthenticated", "forbidden" }, auth = "login", id = "logIn", tags = tags,
      description = "Whoever has a second factor gets a challenge instead of tokens: see /auth/second-factor." },
  },
  ["/auth/refresh"] = {
    POST = { "Exchange a refresh token for the next one", public(refresh), body = Refresh, out = shapes.Tokens,
      limit = "auth", errors = { "unauthenticated" }, auth = "refresh", id = "refresh", tags = tags,
      description = "A refresh token is good once. One that comes a second time ends its session." },
  },
  ["/auth/log-out"] = {
    POST = { "End this session", signed_in(log_out), auth = "logout", id = "logOut", tags = tags,
      description = "Ends the access and refresh tokens of the session, on all nodes, within a second." },
  },
  ["/auth/log-out-everywhere"] = {
    POST = { "End all of one's sessions", signed_in(log_out_everywhere), id = "logOutEverywhere", tags = tags },
  },
  ["/sessions"] = {
    GET = { "List one's open sessions", signed_in(list_sessions), query = cursor.query({}),
      out = schema.list(shapes.Session),
      id = "listSessions", tags = tags },
  },
  ["/sessions/{session_id}"] = {
    DELETE = { "End one of one's sessions", signed_in(close_session),
      params = { session_id = schema.id(shapes.SESSIONS) }, id = "endSession", tags = tags },
  },
}
