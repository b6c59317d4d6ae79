-- web/errors.lua: the registry of failure codes and their answers as problem details (RFC 9457).
-- Owns which HTTP status a code has. Models and handlers return `nil, err` with err = { code, message, … };
-- the router turns err into an answer here. A code nobody registered is a defect and answers 500.

local json = require "host.json"

local M = {}

M.content_type = "application/problem+json"

-- code = { status, title: the same for every occurrence, retry = seconds to wait before trying again }
local registry = {
  malformed = { 400, "The request cannot be parsed" },
  unauthenticated = { 401, "Authentication is needed" },
  forbidden = { 403, "Not allowed" },
  not_found = { 404, "Not found" },
  method_not_allowed = { 405, "Method not allowed" },
  not_acceptable = { 406, "Nothing acceptable can be sent" },
  request_timeout = { 408, "The request took too long to arrive" },
  conflict = { 409, "Conflict with the present state" },
  refused = { 409, "This does not go with what there is" },
  in_progress = { 409, "An equal request is being worked on", retry = 1 },
  gone = { 404, "Not found" },
  stale = { 412, "The object was changed meanwhile" },
  too_large = { 413, "The body is too large" },
  media_type = { 415, "Media type not supported" },
  no_such_range = { 416, "The file has no such part" },
  invalid = { 422, "The request breaks the schema" },
  key_reused = { 422, "Idempotency-Key was used with another request" },
  upgrade_required = { 426, "This address is for WebSockets" },
  no_precondition = { 428, "If-Match is missing" },
  rate_limited = { 429, "Too many requests" },
  internal = { 500, "Internal error" },
  upstream = { 502, "A service behind this one failed" },
  unavailable = { 503, "Temporarily unavailable", retry = 2 },
  timeout = { 504, "A service behind this one did not answer in time", retry = 2 },
}

---@param code string
---@return integer? status nil if nobody registered the code
function M.status(code)
  local known = registry[code]
  return known and known[1]
end

---@param code string
---@return string title
function M.title(code)
  return (registry[code] or registry.internal)[2]
end

---The code under which an error leaves. The validator lists what breaks the schema (errors); what a model calls invalid
---fits it and does not go with what there is: who reads the document could not have known.
---@param err host.error
---@return string?
function M.code_of(err)
  if err.code == "invalid" and not err.errors then return "refused" end
  return err.code
end

---Makes the second value of `return nil, errors.new(…)`.
---@param code string a registered code
---@param message? string what happened here, a sentence; default: the code's title
---@param fields? table members that are added to the problem, such as errors
---@return host.error
function M.new(code, message, fields)
  local known = registry[code] or error(("unknown error code %q"):format(tostring(code)), 2)
  local err = fields or {}
  err.code = code
  err.message = message or known[2]
  return err
end

-- A model names the field it refuses; the answer names it as the validator would.
local function errors_of(err, code)
  if err.errors then return json.array(err.errors) end
  if err.field then
    return json.array { { pointer = "#/" .. err.field, code = code, message = err.message } }
  end
end

-- What of err is for the client. Server-side failures say no more than their title.
local function members(err, code, status, known)
  local body = {
    type = "urn:toolbox:problem:" .. code,
    title = known[2],
    status = status,
    code = code,
  }
  if status < 500 or code == "unavailable" or code == "upstream" then
    body.detail = err.message
  end
  body.errors = errors_of(err, code)
  return body
end

---Turns an error value into an answer.
---@param err host.error
---@param id? string the request's id, so that a user can name it to the operator
---@return integer status
---@return string body
---@return table headers
function M.answer(err, id)
  local code = M.code_of(err)
  local known = registry[code]
  if not known then
    err, code, known = {}, "internal", registry.internal
  end
  local status = known[1]
  local body = members(err, code, status, known)
  body.request = id
  local headers = { ["content-type"] = M.content_type, ["cache-control"] = "no-store" }
  local retry = err.retry_after or known.retry
  if retry then headers["retry-after"] = math.ceil(retry) end
  if status == 401 then headers["www-authenticate"] = err.challenge or "Bearer" end
  for name, value in pairs(err.headers or {}) do headers[name] = value end
  return status, json.encode(body), headers
end

---The problem's schema for OpenAPI documents.
M.json_schema = {
  type = "object",
  required = { "type", "title", "status", "code" },
  properties = {
    type = { type = "string", format = "uri" },
    title = { type = "string" },
    status = { type = "integer", minimum = 400, maximum = 599 },
    code = { type = "string" },
    detail = { type = "string" },
    request = { type = "string" },
    errors = {
      type = "array",
      items = {
        type = "object",
        required = { "code", "message" },
        properties = {
          pointer = { type = "string", description = "JSON pointer into the body, as a URI fragment" },
          parameter = { type = "string" },
          header = { type = "string" },
          code = { type = "string" },
          message = { type = "string" },
        },
      },
    },
  },
}

return M
