-- services/content/init.lua: published lessons as posts, over Ghost's Content API, so that websites and
-- @tryghost/content-api read them unchanged. Read only: posts are made when a lesson is published (workflows/).

local crypto = require "host.crypto"
local errors = require "web.errors"
local guard = require "web.guard"
local json = require "host.json"
local parameters = require "web.parameters"
local post = require "model.post"
local problem = require "services.content.problem"
local query = require "services.content.query"
local resources = require "services.content.resources"
local router = require "web.router"
local schema = require "web.schema"
local secure = require "web.secure"
local session = require "web.session"

local HEADERS = {
  ["content-type"] = "application/json; charset=utf-8",
  ["cache-control"] = "public, max-age=0",
  ["content-version"] = "v5.130",
  vary = "Accept-Version, Accept-Encoding",
}

-- Old clients name a version in the path; they get what everybody gets, and are told.
local VERSIONS = { "v2", "v3", "v4", "canary" }

-- The key is in the query by Ghost's design; it names a site's reader, it is no secret.
local function check_key(req)
  local given, err = query.parse(req)
  if not given then return nil, err end
  local key = given.key
  if not key or key == "" then
    return nil, errors.new("forbidden", "Authorization failed: please check your credentials.")
  end
  if type(key) == "table" then
    return nil, errors.new("malformed", "Request contains more than one key.", { ghost_code = "INVALID_REQUEST" })
  end
  local known, failure
  if key:find("^%x+$") and #key == 26 then known, failure = post.key(key) end
  if known then return { id = known.id, given = given } end
  if failure and failure.code ~= "not_found" then return nil, failure end
  return nil, errors.new("unauthenticated", "Unknown Content API Key", { ghost_code = "UNKNOWN_CONTENT_API_KEY" })
end

local function site_of(req)
  return req.http.scheme .. "://" .. req.http.host
end

-- Writes the body with a tag of it, so that a reader who has it already gets 304. Members are in order: the same answer
-- has the same octets in every worker.
local function answer(req, body, deprecated)
  local text = json.canonical(body)
  local headers = {}
  for name, value in pairs(HEADERS) do headers[name] = value end
  headers.etag = ('W/"%s"'):format(crypto.base64url(crypto.sha256(text):sub(1, 15)))
  if deprecated then
    headers.deprecation = ('version="%s"'):format(deprecated)
    headers.link = ('<%s/ghost/api/content/>; rel="latest-version"'):format(site_of(req))
  end
  local seen = req.http:header("if-none-match")
  local tags = seen and parameters.entity_tags(seen)
  if tags and (tags == "*" or tags[headers.etag:sub(3)]) then
    headers["content-type"] = nil
    return 304, nil, headers
  end
  return 200, text, headers
end

-- A handler of the router for one action of a resource.
local function handler(act, by, deprecated)
  return guard.by("key", function(req)
    local asked, err = query.read(req.user.given)
    if not asked then return nil, err end
    local body, failure = act(req, asked, site_of(req), by, by and req.params[by])
    if not body then return nil, failure end
    return answer(req, body, deprecated)
  end)
end

local function add_slash(req)
  local rest = req.http.query ~= "" and "?" .. req.http.query or ""
  return 301, "", { location = req.path .. "/" .. rest, ["cache-control"] = "public, max-age=31536000" }
end

-- Each path with its slash, and without it a redirection to it.
local function mount(routes, path, summary, act, options)
  local route = {
    summary, handler(act, options.by, options.version), raw = true, query = false, params = options.params,
    ghost = { resource = options.resource, verb = options.by and "read" or "browse" },
  }
  routes[path .. "/"] = { GET = route }
  routes[path] = {
    GET = { "Go to " .. path .. "/", guard.public(add_slash), raw = true, query = false, params = options.params },
  }
end

local ID = { id = schema.text(24, 24, { pattern = "%x+", pattern_says = "must be 24 hex digits" }) }
local SLUG = { slug = schema.text(1, 191, { pattern = "[%w_-]+" }) }

local function mount_resource(routes, base, name, resource, version)
  local path = base .. name
  mount(routes, path, "Browse " .. name, resource.browse, { resource = name, version = version })
  if not resource.read then return end
  mount(routes, path .. "/{id}", "Read one of " .. name .. " by its id", resource.read,
    { resource = name, version = version, by = "id", params = ID })
  mount(routes, path .. "/slug/{slug}", "Read one of " .. name .. " by its slug", resource.read,
    { resource = name, version = version, by = "slug", params = SLUG })
end

local routes = {}
for name, resource in pairs(resources) do
  mount_resource(routes, "/ghost/api/content/", name, resource)
  for _, version in ipairs(VERSIONS) do
    mount_resource(routes, "/ghost/api/" .. version .. "/content/", name, resource, version)
  end
end

-- Keys are made by who publishes: a teacher for the school's website.
local function make_key(req)
  local made, err = post.make_key(req.body.name)
  if not made then return nil, err end
  return 201, made
end

routes["/v1/keys"] = {
  POST = {
    "Make a Content API key", guard.role("teacher", make_key), status = 201,
    body = schema.object { name = schema.text(1, 100) },
    out = schema.object {
      id = schema.id(), name = schema.text(1, 100), key = schema.describe(schema.text(26, 26), "Told this once"),
    },
  },
}

return router.new {
  name = "content",
  resources = { routes },
  schemes = {
    key = { check = check_key, openapi = { type = "apiKey", ["in"] = "query", name = "key" } },
    user = session.bearer,
  },
  headers = secure.data,
  origins = { "*" },
  failed = problem.answer,
}
