-- web/openapi.lua: the OpenAPI 3.1 document of a service, from the same declarations that route and check its requests.

local errors = require "web.errors"
local json = require "host.json"
local jsonschema = require "web.jsonschema"
local keys = require "util.keys"
local permission = require "web.permission"
local refusals = require "web.refusals"
local settings = require "host.settings"

local M = {}

local verbs = { GET = "get", POST = "create", PUT = "replace", PATCH = "change", DELETE = "delete" }

-- "GET /api/v1/classes/{class_id}/students" → "getClassStudents" would need grammar; this needs none and is stable.
local function operation_id(route, prefix)
  if route.id then return route.id end
  local name = route.path:sub(#prefix + 1):gsub("[{}]", ""):gsub("[^%w]+", "_"):gsub("^_", ""):gsub("_$", "")
  return verbs[route.method] .. "_" .. name
end

local function problem(titles)
  return {
    description = table.concat(titles, " or "),
    content = { [errors.content_type] = { schema = { ["$ref"] = "#/components/schemas/Problem" } } },
  }
end

-- Refers to the refusals that a route can answer with: many routes share one, by its status and codes.
local function problems(route, responses, shared)
  local names, titles = {}, {}
  for _, code in ipairs(keys.sorted(refusals.of(route))) do
    local status = tostring(errors.status(code) or error(("%s: unknown error %q"):format(route.label, code), 0))
    names[status] = (names[status] or status) .. "-" .. code
    titles[status] = titles[status] or {}
    table.insert(titles[status], ("%s (`%s`)"):format(errors.title(code), code))
  end
  for status, name in pairs(names) do
    if not responses[status] then
      shared[name] = shared[name] or problem(titles[status])
      responses[status] = { ["$ref"] = "#/components/responses/" .. name }
    end
  end
end

local function success(route, components)
  local made = { description = route.says or (route.status == 204 and "Done" or "As asked") }
  if route.out then
    local whole = jsonschema.convert(route.out, components)
    local some = route.sparse and jsonschema.convert(route.sparse.out, components)
    made.content = { [route.produces] = { schema = some and { anyOf = json.array { whole, some } } or whole } }
  elseif route.files then
    made.content = {}
    for _, kind in ipairs(route.files) do made.content[kind] = { schema = { type = "string" } } end
  elseif route.status ~= 204 and route.produces ~= "application/json" then
    made.content = { [route.produces] = { schema = { type = "string" } } }
  elseif route.status ~= 204 then
    made.content = { [route.produces] = { schema = { type = "object" } } }
  end
  local headers = {}
  local function header(name, description)
    headers[name] = { schema = { type = "string" }, description = description }
  end
  if route.tagged then header("ETag", "For If-None-Match and If-Match") end
  if route.status == 201 then header("Location", "The object's path") end
  if next(headers) then made.headers = headers end
  return made
end

-- The id in the answer of a creation, as an expression of OpenAPI; nil if there is none.
local function id_of(route)
  local object, place = route.out, "$response.body#/"
  if object and route.made then object, place = object.fields[route.made], place .. route.made .. "/" end
  return object and object.fields.id and place .. "id"
end

-- Parameters of a path below the collection: those of the creation's own path, then the object's id.
local function link_parameters(route, name, id)
  local parameters = { [name] = id }
  for own in pairs(route.params) do parameters[own] = "$request.path." .. own end
  return parameters
end

-- `links` lead from a creation to its object.
local function links(route, by_label, prefix)
  local id = route.creates and id_of(route)
  if not id then return nil end
  local collection = type(route.creates) == "string" and route.creates or route.path
  local made
  for label, other in pairs(by_label) do
    local method, path = label:match("^(%u+) (.+)$")
    local name = path:sub(1, #collection + 1) == collection .. "/" and path:sub(#collection + 2):match("^{([%w_]+)}$")
    if name and other.method == method then
      made = made or {}
      local parameters = link_parameters(collection == route.path and route or { params = {} }, name, id)
      made[verbs[method]] = { operationId = operation_id(other, prefix), parameters = parameters }
    end
  end
  return made
end

local function responses_of(route, components, shared, by_label, prefix)
  local responses = {}
  local made = success(route, components)
  made.links = links(route, by_label, prefix)
  responses[tostring(route.status)] = made
  for _, status in ipairs(route.also or {}) do responses[tostring(status)] = success(route, components) end
  if (route.tagged or route.files) and route.method == "GET" then responses["304"] = { description = "Not changed" } end
  problems(route, responses, shared)
  return responses
end

local function parameter(name, place, declared, components, required)
  local schema = jsonschema.convert(declared, components)
  local made = { name = name, ["in"] = place, required = required, schema = schema, description = schema.description }
  schema.description = nil
  if declared.kind == "array" then made.style, made.explode = "form", false end -- one,two
  return made
end

local function parameters_of(route, components)
  local list = {}
  for _, name in ipairs(keys.sorted(route.params)) do
    list[#list + 1] = parameter(name, "path", route.params[name], components, true)
  end
  for _, name in ipairs(keys.sorted(route.query or {})) do
    local declared = route.query[name]
    list[#list + 1] = parameter(name, "query", declared, components, not declared.optional)
  end
  local function header(name, required, description)
    list[#list + 1] = {
      name = name, ["in"] = "header", required = required, description = description, schema = { type = "string" },
    }
  end
  if route.if_match == "*" then header("If-Match", true, "`*`: it has no ETag") end
  if route.if_match == true then header("If-Match", true, "The ETag that was seen, or `*`") end
  if route.creates then
    header("Idempotency-Key", false, ("1 to 200 visible characters; the answer is kept for %d hours and replayed")
      :format(settings.retention.answers / 3600))
    list[#list].schema = { type = "string", minLength = 1, maxLength = 200, pattern = "^[!-~]+$" }
  end
  return #list > 0 and json.array(list) or nil
end

-- A form with one file, as web/upload.lua reads it.
local upload = {
  type = "object", required = { "file" }, additionalProperties = false,
  properties = { file = { type = "string", contentMediaType = "application/octet-stream" } },
}

local function body_of(route, components)
  local declared = route.body or route.form
  if route.upload then
    return { required = true, content = { [route.upload] = { schema = upload } } }
  end
  if not declared then return nil end
  local kind = route.body and "application/json" or "application/x-www-form-urlencoded"
  return { required = true, content = { [kind] = { schema = jsonschema.convert(declared, components) } } }
end

local all_roles = { "admin", "parent", "student", "teacher" }

local function security(route)
  if not route.guard.scheme then return json.array {} end
  return json.array { { [route.guard.scheme] = json.array {} } }
end

local function operation(route, components, shared, by_label, prefix)
  local needed = route.guard.permissions
  local roles = needed and permission.roles(needed) or all_roles
  return {
    operationId = operation_id(route, prefix),
    summary = route.summary,
    description = route.description,
    tags = route.tags and json.array(route.tags) or nil,
    parameters = parameters_of(route, components),
    requestBody = body_of(route, components),
    responses = responses_of(route, components, shared, by_label, prefix),
    security = security(route),
    ["x-roles"] = json.array { unpack(roles) },
    ["x-shared"] = route.shared,
    ["x-auth"] = route.auth,
  }
end

-- The tags that operations have: those that are described, in that order, then the others.
local function tags_of(service, described)
  local others, list = {}, {}
  for _, route in ipairs(service.routes) do
    for _, name in ipairs(not route.hidden and route.tags or {}) do others[name] = true end
  end
  for i, tag in ipairs(described) do list[i], others[tag.name] = tag, nil end
  for _, name in ipairs(keys.sorted(others)) do list[#list + 1] = { name = name } end
  return json.array(list)
end

---@param service table as router.new returned it
---@param info { title: string, version: string, description?: string, server: string, asyncapi?: string,
---  tags?: { name: string, description: string }[] }
---@param pause? fun() called now and then: a document of many routes takes longer than a script should hold the loop
---@return table document ready for json.encode
function M.document(service, info, pause)
  local components, responses = { Problem = errors.json_schema }, {}
  local by_label, paths, prefix = {}, {}, service.prefix or ""
  for _, route in ipairs(service.routes) do by_label[route.label] = route end
  for i, route in ipairs(service.routes) do
    if pause and i % 16 == 0 then pause() end
    if not route.hidden then
      paths[route.path] = paths[route.path] or {}
      paths[route.path][route.method:lower()] = operation(route, components, responses, by_label, prefix)
    end
  end
  local schemes = {}
  for name, scheme in pairs(service.schemes or {}) do schemes[name] = scheme.openapi end
  return {
    openapi = "3.1.0",
    info = {
      title = info.title, version = info.version, description = info.description,
      license = { name = "MIT", identifier = "MIT" },
    },
    servers = json.array { { url = info.server } },
    tags = tags_of(service, info.tags or {}),
    paths = paths,
    components = { schemas = components, responses = responses, securitySchemes = schemes },
    ["x-asyncapi"] = info.asyncapi,
  }
end

return M
