-- services/dashboard/login.lua: logging in and out, and where each role begins.

local guard = require "web.guard"
local page = require "services.dashboard.page"
local schema = require "web.schema"
local session = require "model.session"
local tokens = require "web.session"

local LogIn = schema.object {
  login = schema.text(1, 254), password = schema.password(1, 1024), next = schema.optional(schema.text(1, 500)),
}

local homes = { teacher = "/classes", admin = "/classes", student = "/learn", parent = "/children" }

-- Only paths of this site: an address with a host would send people to a stranger after logging in.
local function is_own_path(path)
  return path ~= nil and path:find("^/[^/\\]") ~= nil and not path:find("[%c\\]")
end

local function form(req)
  return page.show(req, "login", { title = "Log in", next = req.query.next })
end

local function log_in(req)
  local own, foreign = tokens.check_origin(req)
  if not own then return nil, foreign end
  local body = req.body
  local opened, err = session.open {
    login = body.login, password = body.password, client = req:header("user-agent") or "", address = req:remote(),
  }
  if not opened then
    if err.code ~= "unauthenticated" and err.code ~= "forbidden" then return nil, err end
    local again = { title = "Log in", next = body.next, login = body.login, message = err.message }
    return page.show(req, "login", again, 401)
  end
  local target = is_own_path(body.next) and body.next or homes[opened.user.role]
  return page.go(req, target, { ["set-cookie"] = tokens.cookie(opened.user, opened.session_id, session.LIFETIME) })
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

return {
  ["/"] = { GET = { "Where this person begins", guard.signed_in(home) } },
  ["/login"] = {
    GET = { "The log-in form", guard.public(form), query = { next = schema.optional(schema.text(1, 500)) } },
    POST = { "Log in", guard.public(log_in), form = LogIn, limit = "auth" },
  },
  ["/logout"] = { POST = { "Log out", guard.signed_in(log_out) } },
}
