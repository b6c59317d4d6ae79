-- web/router.lua: from tables of declared routes to the service that the core calls.
--
-- How to write a service:
--
--   local guard, router, schema = require "web.guard", require "web.router", require "web.schema"
--
--   local function show(req)                       -- a handler: input → one model call → value
--     return thing.find(req.user, req.params.thing_id)   -- value | nil, err { code, message, field? } from the model
--   end
--
--   local routes = {
--     ["/things/{thing_id}"] = {                   -- path parameters are UUIDs unless `params` says otherwise
--       GET = { "Show a thing", guard.signed_in(show), out = Thing },
--     },
--     ["/things"] = {
--       POST = { "Make a thing", guard.role("teacher", make), body = New, out = Thing, creates = true },
--     },
--   }
--
--   return router.new { name = "things", prefix = "/api/v1", resources = { routes }, schemes = { user = … } }
--
-- router.new returns the table that app.lua puts under services.NAME: handle, and you add sockets, streams, start.
-- app.lua equips every service with what all have in common (health, limits, CORS, Idempotency-Key): say nothing of it.
--
-- A route is { summary, guarded handler, … } with these fields, all optional:
--   params, query   name → schema (query = false: the handler reads it itself, as foreign protocols ask)
--                                              body    schema of a JSON body       form   object schema of an HTML form
--   out             schema of the answer       status  default 200; 201 if it creates; 204 without out
--   creates         true or a collection path: Idempotency-Key is honoured, Location and ETag are set on 201
--   made            the field of the answer that holds the object, if it is not the answer itself
--   tagged = true   has an ETag though it has no id, such as all that is at a path which PUT replaces
--   if_match        PUT and PATCH ask for it: the tag that GET of the path, or of that above, shows; "*": there is none
--   body_limit      octets (a number)          produces  media type, default that of the service (application/json)
--   raw = true      the handler answers itself by req.http, or returns status, octets, headers
--   upload          media type of a body that is read piece by piece (web/upload.lua): by the handler, or before it by
--   receive         fun(req) → { identity, discard } | nil, err: becomes req.body; discard is called in the end,
--                   whatever the handler has made of it
--   files           media types that a raw route answers with
--   cache           Cache-Control              limit   name of a rate limit, or false for none
--   errors          { "conflict", … } codes for the documents beside those that every such route has
--   id, tags, shared, auth, description        for the documents; says: what a success means; also: more statuses that
--                   come with the same answer; hidden = true: not in them
--
-- A handler returns value; status, value, headers; status (no body); or nil, err. web/errors.lua knows err.code;
-- web/answer.lua has words for what is no value, such as "done".
-- The words of web/guard.lua say who may call: public, signed_in, role(…), by("scheme", …). A scheme is
-- { check = fun(req) → caller | nil, err, openapi = security scheme object }, given to router.new under schemes.

local cors = require "web.cors"
local endpoint = require "web.endpoint"
local errors = require "web.errors"
local guard = require "web.guard"
local keys = require "util.keys"
local log = require "host.log"
local paths = require "web.paths"
local request = require "web.request"
local schema = require "web.schema"
local secure = require "web.secure"
local sparse = require "web.sparse"

local M = {}

local methods = { "GET", "POST", "PUT", "PATCH", "DELETE" }
local is_method = {}
for _, method in ipairs(methods) do is_method[method] = true end

-- Where a function was written, for messages and for `toolboxd routes`.
local function place_of(fn)
  local info = debug.getinfo(fn, "S")
  return ("%s:%d"):format(info.short_src, info.linedefined)
end

local function refuse(label, declared, message)
  local fn = guard.is(declared[2]) and declared[2].handler or declared[2]
  local place = type(fn) == "function" and place_of(fn) .. ": " or ""
  error(("%sroute %s %s"):format(place, label, message), 0)
end

local function path_parameters(path, declared)
  local params = {}
  for name in path:gmatch("{([%a_][%w_]*)}") do params[name] = declared and declared[name] or schema.id() end
  return params
end

local function default_status(declared)
  if declared.status then return declared.status end
  if declared.creates then return 201 end
  local has_answer = declared.out or declared.produces or declared.raw
  return has_answer and 200 or 204
end

-- The schema of the object that an answer is, or holds.
local function object_of(declared)
  local out = declared.out
  return declared.made and out.fields[declared.made] or out
end

local function is_object(out)
  return out ~= nil and out.kind == "object" and out.fields.id ~= nil
end

-- A declaration with everything filled in that others (endpoint, documents, limits) read.
local function complete(service, prefix, path, method, declared)
  local full = prefix .. path
  local label = method .. " " .. full
  if not is_method[method] then refuse(label, declared, "has an unknown method") end
  if type(declared[1]) ~= "string" then refuse(label, declared, "does not start with a summary") end
  if not guard.is(declared[2]) then
    refuse(label, declared, "does not say who may call it: wrap its handler in public, signed_in, role or by")
  end
  local rule = declared[2]
  if rule.scheme and not (service.schemes and service.schemes[rule.scheme]) then
    refuse(label, declared, ("wants the scheme %q, which the service does not have"):format(rule.scheme))
  end
  local route = {}
  for name, value in pairs(declared) do route[name] = value end
  route.summary, route.guard = declared[1], rule
  route.method, route.path, route.label, route.service = method, full, label, service.name
  route.where = place_of(rule.handler)
  route.params = path_parameters(full, declared.params)
  route.status = default_status(declared)
  route.produces = declared.produces or service.produces or "application/json"
  route.negotiated = not declared.raw or declared.produces ~= nil
  route.sparse = service.sparse and sparse.of(route) or nil
  if route.sparse then
    route.query = {}
    for name, parameter in pairs(declared.query or {}) do route.query[name] = parameter end
    route.query.fields = route.sparse.parameter
  end
  route.tagged = not declared.raw and (declared.tagged or is_object(object_of(declared)))
    and (method ~= "POST" or route.status == 201) and method ~= "DELETE"
  if declared.if_match == nil then
    route.if_match = (method == "PUT" or method == "PATCH") and not declared.raw
  end
  return route
end

local function allow_of(entry)
  local allowed = {}
  for _, method in ipairs(methods) do
    if entry.routes[method] then
      allowed[#allowed + 1] = method
      if method == "GET" then allowed[#allowed + 1] = "HEAD" end
    end
  end
  allowed[#allowed + 1] = "OPTIONS"
  return table.concat(allowed, ", ")
end

local function mount(service, tree, prefix, resource)
  for _, path in ipairs(keys.sorted(resource)) do
    for _, method in ipairs(keys.sorted(resource[path])) do
      local route = complete(service, prefix, path, method, resource[path][method])
      local entry = tree:add(route.path)
      entry.routes = entry.routes or {}
      if entry.routes[method] then
        error(("route %s is declared at %s and at %s"):format(route.label, entry.routes[method].where, route.where), 0)
      end
      entry.routes[method] = route
      entry.allow = allow_of(entry)
      service.routes[#service.routes + 1] = route
    end
  end
  table.sort(service.routes, function(a, b)
    if a.path ~= b.path then return a.path < b.path end
    return a.method < b.method
  end)
end

-- Which route shows what another one makes, changes or deletes, with the tag that If-Match is compared with: GET of its
-- path; of the path above, as of a submission that is graded; of what lies below a collection.
local function find_shown(service)
  local here, below = {}, {}
  for _, route in ipairs(service.routes) do
    if route.method == "GET" and route.tagged then
      here[route.path] = route
      local collection = route.path:match("^(.*)/{[%w_]+}$")
      if collection then below[collection] = route end
    end
  end
  for _, route in ipairs(service.routes) do
    if route.creates then
      route.shown = below[type(route.creates) == "string" and route.creates or route.path]
    elseif route.if_match == true then
      route.shown = here[route.path] or here[route.path:match("^(.*)/")]
      if not route.shown then refuse(route.label, route, "asks for a tag that no GET shows: see if_match") end
    elseif route.method == "DELETE" then
      route.shown = here[route.path]
    end
  end
end

-- Errors that Lua raised become texts with a traceback; what the core raises to end a task is a table and passes on.
local function describe(raised)
  if type(raised) == "table" then return raised end
  return debug.traceback(tostring(raised), 2)
end

local function problem(service, req, err)
  local status, body, headers
  if service.failed then
    status, body, headers = service.failed(req, err)
  else
    status, body, headers = errors.answer(err, req.http.id)
  end
  for name, value in pairs(service.headers or {}) do
    if headers[name] == nil then headers[name] = value end
  end
  return status, body, headers
end

local function options(entry)
  return 204, nil, { allow = entry and entry.allow or "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS" }
end

local function dispatch(service, tree, http)
  local req = request.new(http)
  local path = http.path
  if path == "*" then return options() end
  local entry, segments = tree:find(path)
  if not entry then return problem(service, req, errors.new("not_found", "There is nothing at this path")) end
  local method = http.method
  local name = method == "HEAD" and "GET" or method
  local route = entry.routes[name]
  if not route then
    if method == "OPTIONS" then return options(entry) end
    return problem(service, req, errors.new("method_not_allowed", "This path knows " .. entry.allow, {
      headers = { allow = entry.allow },
    }))
  end
  http:label(route.label)
  req.route, req.params = route, segments
  local ok, status, body, headers = xpcall(route.run, describe, req)
  if not ok then
    if type(status) == "table" then error(status, 0) end
    log.error("a handler failed", { route = route.label, error = status })
    return problem(service, req, { code = "internal" })
  end
  if status then
    if service.after then return service.after(req, status, body, headers) end
    return status, body, headers
  end
  if body then
    if not errors.status(body.code or "") then
      log.error("a handler returned an unknown error", {
        route = route.label, code = tostring(body.code), error = tostring(body.message),
      })
    end
    return problem(service, req, body)
  end
end

---Builds a service. Its routes are checked here; a wrong one raises with file:line.
---@param service table
---  name       of the service, as in the setting services
---  resources  list of route tables (path → method → route)
---  prefix     before every path, such as "/api/v1"; not before those of `common`
---  common     list of route tables without the prefix
---  schemes    name → { check, openapi }; "user" is what signed_in and role ask
---  headers    on every answer that its handler does not send itself (web/secure.lua)
---  produces   default media type
---  sparse     true: GET routes have the parameter fields (web/sparse.lua)
---  failed     fun(req, err) → status, body, headers instead of problem+json
---  after      fun(req, status, body, headers) → status, body, headers: the last word on every answer
---  What equip() is given by app.lua, unless the service has its own:
---  origins    pages of which other origins may call (web/cors.lua)
---  public_url how clients reach the service: where that is https, browsers are told to insist on it
---  limiter    fun(route) → step (web/limits.lua)     idempotency  store (web/idempotency.lua)
---  check_answers  true: every answer is checked against what the route declares, a mismatch is a 500
---@return table service with handle(http), equip(platform) and routes
function M.new(service)
  local tree, share = paths.new(), nil
  service.routes = {}
  for _, resource in ipairs(service.resources) do mount(service, tree, service.prefix or "", resource) end
  for _, resource in ipairs(service.common or {}) do mount(service, tree, "", resource) end
  find_shown(service)

  ---Adds what all services have in common and compiles the routes.
  function service.equip(platform)
    for name, value in pairs(platform) do
      if service[name] == nil then service[name] = value end
    end
    if service.public_url then service.headers = secure.strict(service.headers or {}, service.public_url) end
    if platform.routes_of then mount(service, tree, "", platform.routes_of(service.name)) end
    for _, route in ipairs(service.routes) do route.run = endpoint.compile(route, service) end
    share = cors.new(service.origins)
    return service
  end

  function service.handle(http)
    if not share then service.equip {} end
    local status, body, headers = dispatch(service, tree, http)
    if not status then return end
    if http:header("origin") then headers = share(http, status, headers) end
    return status, body, headers
  end

  return service
end

return M
