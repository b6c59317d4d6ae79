-- services/api/api_keys.lua: keys for machines, made by staff. A key is sent as a bearer token and may do what its
-- maker may, within its scopes (web/session.lua, scope_of). No key makes keys.

local answer = require "web.answer"
local api_key = require "model.api_key"
local cursor = require "web.cursor"
local guard = require "web.guard"
local schema = require "web.schema"

local API_KEYS = "/api/v1/api-keys"

local describe, nullable, optional = schema.describe, schema.nullable, schema.optional

local scope = schema.text(3, 60, {
  pattern = "%l[%l-]*:%l%l%l%l%l?", json_pattern = "^[a-z][a-z-]*:(read|write)$",
  pattern_says = "expected a collection and what may be done with it, such as classes:read", example = "classes:read",
})

local New = schema.object {
  name = schema.text(1, 100), scopes = describe(schema.array(scope, 1, 50), "Such as classes:read, lessons:write"),
  expires_at = optional(schema.time()),
}

local fields = {
  id = schema.id(API_KEYS), name = schema.text(1, 100), scopes = schema.array(scope, 1, 50),
  prefix = describe(schema.text(1, 20), "The key's first characters"), created_at = schema.time(),
  last_used_at = nullable(schema.time()), expires_at = nullable(schema.time()),
}

local Key = schema.named("ApiKey", schema.object(fields))
local NewKey = schema.named("NewApiKey", schema.extend(Key, {
  key = describe(schema.text(1, 100), "The key itself: shown this once"),
}))

---@param req api.createApiKey
local function create(req)
  return api_key.create(req.user, req.body)
end

---@param req api.listApiKeys
local function list(req)
  return cursor.list(req, function(page) return api_key.list(req.user, page) end)
end

---@param req api.showApiKey
local function show(req)
  return api_key.find(req.user, req.params.api_key_id)
end

---@param req api.revokeApiKey
local function revoke(req)
  return answer.done(api_key.revoke(req.user, req.params.api_key_id))
end

local role = guard.role
local tags = { "API keys" }
local by_id = { api_key_id = schema.id(API_KEYS) }

return {
  ["/api-keys"] = {
    GET = { "List one's API keys", role("teacher", list), query = cursor.query({}), out = schema.list(Key),
      id = "listApiKeys", tags = tags },
    POST = { "Make an API key", role("teacher", create), body = New, out = NewKey, creates = true,
      errors = { "conflict" }, id = "createApiKey", tags = tags },
  },
  ["/api-keys/{api_key_id}"] = {
    GET = { "Show an API key", role("teacher", show), params = by_id, out = Key, id = "showApiKey", tags = tags },
    DELETE = { "Revoke an API key", role("teacher", revoke), params = by_id, id = "revokeApiKey", tags = tags },
  },
}
