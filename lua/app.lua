-- app.lua: the table of contents: which services there are, and what they have in common. The core calls it once per
-- generation (setting app); which of the services a process runs says the setting services.

local attempt = require "model.attempt"
local clock = require "workflow.clock"
local db = require "model.db"
local engine = require "workflow.engine"
local event = require "model.event"
local health = require "web.health"
local idempotency = require "model.idempotency"
local limits = require "web.limits"
local live = require "web.live"
local memory = require "model.memory"
local migration = require "model.migration"
local redis = require "host.redis"
local sessions = require "model.session"
local settings = require "host.settings"
local task = require "host.task"
local timer = require "host.timer"
local tokens = require "web.session"
local workflows = require "workflows.all"

local modules = {
  api = "services.api",              -- the REST API, live topics, documents
  dashboard = "services.dashboard",  -- pages for teachers, students, parents, admins
  bridge = "services.bridge",        -- Roblox Studio and game servers
  mcp = "services.mcp",              -- AI clients
  content = "services.content",      -- the Ghost-compatible content API
}

-- What must answer before a service is ready.
local parts = {}
for _, name in ipairs(db.names) do
  parts[#parts + 1] = {
    name = name,
    check = function() return db[name]:ping() end,
    migrations = function() return migration.pending(name) end,
  }
end
parts[#parts + 1] = { name = "redis", check = function()
  local reply, err = redis.call("PING")
  return reply ~= nil or nil, err
end }

local platform = {
  origins = settings.origins,
  limiter = limits.new {
    default = { requests = settings.rate_limit, seconds = 60 },
    auth = { requests = settings.auth_rate_limit, seconds = 60, by = "address" },
  },
  idempotency = idempotency,
  check_answers = settings.check_answers,
  routes_of = function(service) return health.routes(service, parts) end,
}

local hub = live.use(event)

local services = {}
for name in pairs(settings.services) do
  local module = modules[name] or error(("there is no service %q"):format(name), 0)
  services[name] = require(module).equip(platform)
end

-- Ended sessions first: until they are known nobody is let in.
local function watch_sessions()
  sessions.watch(function(session_id)
    tokens.end_session(session_id)
    hub.end_session(session_id)
  end)
  tokens.filled()
end

local function start()
  task.spawn("ended sessions", watch_sessions)
  task.spawn("live topics", hub.start)
  limits.start()
  clock.start(engine.new {
    workflows = workflows.scripts, source = workflows.source,
    lease = settings.workflow_lease, slots = settings.workflow_slots,
  })
  timer.every("close attempts whose time is over", 15, attempt.expire)
  timer.every("forget old events", 600, event.prune)
  timer.every("forget old answers", 600, idempotency.prune)
  timer.every("forget what has expired", 600, memory.prune)
  for name, service in pairs(services) do
    if service.start then task.spawn(name, service.start) end
  end
end

return { services = services, start = start }
