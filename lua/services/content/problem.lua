-- services/content/problem.lua: failures as Ghost tells them: {"errors": [{message, context, type, code, …}]}. Clients
-- read errors[1].type and .message.

local errors = require "web.errors"
local json = require "host.json"

local M = {}

-- Ghost's type and the first half of its message, by status.
local KINDS = {
  [400] = { "BadRequestError", "Request not understood" },
  [401] = { "UnauthorizedError", "Authorisation" },
  [403] = { "NoPermissionError", "Permission" },
  [404] = { "NotFoundError", "Resource not found" },
  [405] = { "MethodNotAllowedError", "Method not allowed" },
  [406] = { "RequestNotAcceptableError", "Request not acceptable" },
  [422] = { "ValidationError", "Validation" },
  [429] = { "TooManyRequestsError", "Too many requests" },
  [500] = { "InternalServerError", "Internal server" },
  [503] = { "MaintenanceError", "Service unavailable" },
}

local SINGULAR = { posts = "post", pages = "page", tags = "tag", authors = "author", settings = "settings" }

-- "cannot list posts", "cannot read post": what the route was about to do.
local function doing(req)
  local about = req.route and req.route.ghost
  if not about then return "" end
  local verb, noun = about.verb, about.resource
  return (", cannot %s %s"):format(verb, verb == "read" and SINGULAR[noun] or noun)
end

-- What the router's own checks found wrong with a parameter, as one sentence.
local function context_of(err, status)
  if status >= 500 and err.code ~= "unavailable" then return json.null end
  local first = err.errors and err.errors[1]
  if first then return ("%s %s"):format(first.parameter or first.pointer or "", first.message) end
  return err.message or json.null
end

--- Answers an error of the router or of a handler. err.ghost_code becomes the member code.
function M.answer(req, err)
  local status = errors.status(err.code or "") or 500
  local kind = KINDS[status] or KINDS[500]
  local body = {
    message = kind[2] .. " error" .. doing(req) .. ".",
    context = context_of(err, status),
    type = kind[1],
    details = json.null,
    property = json.null,
    help = json.null,
    code = err.ghost_code or (status >= 500 and "UNEXPECTED_ERROR") or json.null,
    id = req.http.id,
    ghostErrorCode = json.null,
  }
  local headers = {
    ["content-type"] = "application/json; charset=utf-8",
    ["cache-control"] = status == 404 and "no-cache, max-age=0, must-revalidate, no-store"
      or "no-cache, private, no-store, must-revalidate, max-age=0",
    ["content-version"] = "v5.130",
    vary = "Accept-Version",
  }
  if status == 401 then headers["www-authenticate"] = 'Key realm="content"' end
  if status == 503 then headers["retry-after"] = 2 end
  for name, value in pairs(err.headers or {}) do headers[name] = value end
  return status, json.encode { errors = json.array { body } }, headers
end

return M
