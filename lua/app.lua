-- app.lua: the table of contents: which services there are, and what they have in common. The core calls it once per
-- generation (setting app); which of the services a process runs says the setting services. `ready` is asked before a
-- server starts, `start` runs in each worker after a swap.

local attempt = require "model.attempt"
local api_key = require "model.api_key"
local clock = require "workflow.clock"
local data_request = require "workflows.data_request"
local db = require "model.db"
local engine = require "workflow.engine"
local event = require "model.event"
local health = require "web.health"
local idempotency = require "model.idempotency"
local keyring = require "web.keyring"
local limits = require "web.limits"
local live = require "web.live"
local log = require "host.log"
local media = require "model.media"
local migration = require "model.migration"
local permission = require "model.permission"
local permissions = require "web.permission"
local postman = require "workflow.postman"
local redis = require "host.redis"
local resealing = require "model.resealing"
local retention = require "model.retention"
local sessions = require "model.session"
local settings = require "host.settings"
local signing_key = require "model.signing_key"
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
  public_url = settings.public_url,
  limiter = limits.new {
    default = { requests = settings.rate_limit, seconds = settings.rate_window },
    auth = { requests = settings.auth_rate_limit, seconds = settings.rate_window, by = "address" },
  },
  idempotency = idempotency,
  check_answers = settings.check_answers,
  routes_of = function(service) return health.routes(service, parts) end,
}

local hub = live.use(event)
tokens.use_api_keys(api_key.caller)

local services = {}
for name in pairs(settings.services) do
  local module = modules[name] or error(("there is no service %q"):format(name), 0)
  services[name] = require(module).equip(platform)
end

-- Keys, permissions and ended sessions first: until they are known nobody is let in.
local function watch_sessions()
  signing_key.watch(keyring.use)
  permission.watch(permissions.use)
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
  postman.start()
  timer.every("seal anew after a change of the data key", 10, resealing.tick)
  timer.every("forget what was kept long enough", 600, retention.sweep)
  timer.every("erase whose account a guardian has closed long ago", 600, data_request.erase_closed)
  timer.every("remove files that nobody has", 600, function() return media.sweep(settings.media_kept) end)
  for name, service in pairs(services) do
    if service.start then task.spawn(name, service.start) end
  end
end

-- Seconds; a start waits no longer for a database to say what was migrated.
local PATIENCE = 4

-- Why a server must not start on this database: what was not applied, or was changed or lost after it was applied; ""
-- if nothing. nil, err if the database does not answer: that is no reason, since it may come back, and /readyz tells.
local function wrong_schema(name)
  return task.within(PATIENCE, function()
    local pending, err = migration.pending(name)
    if not pending then return err.code == "conflict" and err.message or nil, err end
    if #pending == 0 then return "" end
    return ("%s: not applied: %s; toolboxd migrate up applies it"):format(name, table.concat(pending, ", "))
  end)
end

local function ready()
  local checks = {}
  for _, name in ipairs(db.names) do
    if settings.databases[name] then
      checks[#checks + 1] = function()
        local wrong, err = wrong_schema(name)
        if wrong then return wrong end
        log.warn("the schema cannot be checked before the start",
          { database = name, reason = err and (err.reason or err.message) })
        return ""
      end
    end
  end
  for _, wrong in ipairs(task.all(checks)) do
    if wrong ~= "" then return wrong end
  end
end

return { services = services, start = start, ready = ready }
