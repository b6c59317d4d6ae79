-- services/api/docs.lua: the API's documents and the page that shows them. Swagger UI's files lie in the static folder
-- /docs/assets (setting services.api.static); nothing comes from elsewhere.

local asyncapi = require "web.asyncapi"
local document = require "web.document"
local guard = require "web.guard"
local openapi = require "web.openapi"
local settings = require "host.settings"
local task = require "host.task"

local M = {}

M.VERSION = "1.0.0"

local PAGE = [[<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>ToolboxAI API</title>
<link rel="icon" href="/docs/assets/favicon-32x32.png">
<link rel="stylesheet" href="/docs/assets/swagger-ui.css">
<div id="docs"></div>
<script src="/docs/assets/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>
</html>
]]

local START = [[
window.SwaggerUIBundle({
  url: "/openapi.json", dom_id: "#docs", deepLinking: true, persistAuthorization: false,
  validatorUrl: null, // a service elsewhere, which would learn of the document
});
]]

local TAGS = {
  { name = "Accounts", description = "Signing up, logging in and out" },
  { name = "Second factor", description = "Codes from an authenticator app, for staff" },
  { name = "Other providers", description = "Logging in by OpenID Connect" },
  { name = "API keys", description = "For machines" },
  { name = "People", description = "Users, their schools, families and profiles" },
  { name = "Classes", description = "Classes, who is in them, when they meet and who was there" },
  { name = "Courses", description = "Lessons in order" },
  { name = "Lessons", description = "Written by hand or made from a text" },
  { name = "Content", description = "Prompts that teachers keep, files that people upload" },
  { name = "Quizzes", description = "Questions with their answers" },
  { name = "Attempts", description = "What students answer" },
  { name = "Assignments", description = "What classes are given to do, and what is handed in" },
  { name = "Gradebook", description = "Grades summed up by weighted categories" },
  { name = "Mastery", description = "How well students meet objectives" },
  { name = "Progress", description = "What students have done" },
  { name = "Runs", description = "Durable workflows" },
  { name = "Live", description = "WebSocket and event stream" },
  { name = "Privacy", description = "Who changed what, consents, requests of those whose data it is" },
  { name = "Operation", description = "Health" },
}

local PAGE_HEADERS = {
  ["content-security-policy"] = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:;"
    .. " frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
}

---@param service fun(): table the service that is documented, known when the first request comes
---@param topics table[]
---@return table routes without a prefix
function M.routes(service, topics)
  local function make_openapi()
    return openapi.document(service(), {
      title = "ToolboxAI API", version = M.VERSION, server = "/", asyncapi = "/asyncapi.json",
      description = "Teachers, students, parents and admins: classes, lessons, quizzes and progress.",
      tags = TAGS,
    }, function() task.sleep(0) end)
  end

  local function make_asyncapi()
    return asyncapi.document(topics, {
      title = "ToolboxAI live topics", version = M.VERSION, path = "/ws",
      host = settings.public_url:match("^%w+://([^/]+)") or "localhost",
      secure = settings.public_url:find("^https:") ~= nil,
      description = "Events come at least once: keep the last id and give it back as `after`.",
    })
  end

  local function file(text, kind, headers)
    return function()
      local all = { ["content-type"] = kind, ["cache-control"] = "no-cache" }
      for name, value in pairs(headers or {}) do all[name] = value end
      return 200, text, all
    end
  end

  local public = guard.public
  local function hidden(summary, handler)
    return { GET = { summary, public(handler), raw = true, limit = false, hidden = true } }
  end

  return {
    ["/openapi.json"] = hidden("The OpenAPI document", document.handler(make_openapi)),
    ["/asyncapi.json"] = hidden("The AsyncAPI document of the live topics", document.handler(make_asyncapi)),
    ["/docs"] = hidden("The reference page", file(PAGE, "text/html; charset=utf-8", PAGE_HEADERS)),
    ["/docs/start.js"] = hidden("Starts the reference page", file(START, "text/javascript; charset=utf-8")),
  }
end

return M
