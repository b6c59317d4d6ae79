-- services/dashboard/init.lua: pages for teachers, students, parents and admins, rendered here and kept live over a
-- WebSocket. Sessions are cookies; every change carries a token that other sites cannot know.

local guard = require "web.guard"
local json = require "host.json"
local live = require "web.live"
local page = require "services.dashboard.page"
local router = require "web.router"
local secure = require "web.secure"
local server = require "host.server"
local session = require "model.session"
local settings = require "host.settings"
local tokens = require "web.session"
local ws = require "host.ws"

-- With setting reload_pages every open page hears which generation runs, when it connects and at each swap, so that it
-- loads itself again when it is of an older one.
local PAGES = "pages"

local function generation()
  return json.encode { type = "generation", generation = server.whoami().generation }
end

local function open_socket(req)
  local socket = live.socket(req)
  if socket and settings.reload_pages then
    socket:join(PAGES)
    socket:send(generation())
  end
end

local service = router.new {
  name = "dashboard",
  produces = "text/html",
  resources = {
    require "services.dashboard.login",
    require "services.dashboard.account",
    require "services.dashboard.classes",
    require "services.dashboard.courses",
    require "services.dashboard.lessons",
    require "services.dashboard.runs",
    require "services.dashboard.learn",
    require "services.dashboard.children",
    require "services.dashboard.studio",
    require "services.dashboard.admin",
    require "services.dashboard.static",
    { ["/ws"] = { GET = { "Live topics of a page", guard.signed_in(open_socket), raw = true } } },
  },
  schemes = { user = tokens.pages(session.resume, session.LIFETIME) },
  headers = secure.page,
  failed = page.failed,
  after = page.after,
}

service.sockets = live.sockets

function service.start()
  if settings.reload_pages then ws.broadcast(PAGES, generation()) end
end

return service
