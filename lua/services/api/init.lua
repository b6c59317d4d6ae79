-- services/api/init.lua: the main REST API, with its live topics and its documents.

local docs = require "services.api.docs"
local hub = require "web.live"
local live = require "services.api.live"
local router = require "web.router"
local secure = require "web.secure"
local session = require "web.session"

local service

service = router.new {
  name = "api",
  prefix = "/api/v1",
  sparse = true,
  resources = {
    require "services.api.auth",
    require "services.api.passwords",
    require "services.api.second_factor",
    require "services.api.oidc",
    require "services.api.api_keys",
    require "services.api.users",
    require "services.api.families",
    require "services.api.profiles",
    require "services.api.schools",
    require "services.api.classes",
    require "services.api.rosters",
    require "services.api.meetings",
    require "services.api.calendar",
    require "services.api.courses",
    require "services.api.lessons",
    require "services.api.lesson_plans",
    require "services.api.prompt_templates",
    require "services.api.media",
    require "services.api.attachments",
    require "services.api.quizzes",
    require "services.api.attempts",
    require "services.api.assignments",
    require "services.api.gradebook",
    require "services.api.progress",
    require "services.api.runs",
    require "services.api.audit",
    require "services.api.consents",
    require "services.api.data_requests",
  },
  common = {
    require "services.api.jwks",
    live.routes,
    docs.routes(function() return service end, live.topics),
  },
  schemes = { user = session.bearer, socket = session.socket },
  headers = secure.data,
}

service.sockets, service.streams = hub.sockets, hub.streams

return service
