-- web/health.lua: GET /healthz (this process answers) and GET /readyz (it can do its work), the same for every service.
--
-- Ready means: each database answers and has all its migrations, and Redis answers. What is asked is told by app.lua,
-- since this layer knows no database. Answers are remembered for a second: probes are cheap whoever sends them.

local guard = require "web.guard"
local json = require "host.json"
local schema = require "web.schema"
local task = require "host.task"
local timer = require "host.timer"
local utf8 = require "util.utf8"

local M = {}

local Part = schema.object {
  name = schema.text(1, 100),
  ok = schema.boolean(),
  reason = schema.nullable(schema.text(0, 1000)),
  migrations = schema.optional(schema.enum { "applied", "pending", "unknown" }),
}

local Ready = schema.named("Readiness", schema.object {
  ready = schema.boolean(),
  service = schema.text(1, 100),
  parts = schema.array(Part),
})

-- What /healthz answers. Another word will do for trying how an edit is served.
local WELL = "ok"

-- Seconds for which an answer is remembered, and for which each part is waited.
local TTL, LIMIT = 1, 3

-- One line that fits the schema, whatever a library put into its message.
local function one_line(text)
  text = tostring(text):gsub("[%s%c]+", " ")
  return utf8.cut(text, 300)
end

-- One part: a function that returns true, or nil and err.
local function ask(part)
  local ok, err = task.within(LIMIT, function()
    local good, why = part.check()
    return good and { ok = true } or { ok = false, reason = why and why.message or "no answer" }
  end)
  local found = ok or { ok = false, reason = err and err.message or "no answer" }
  found.name, found.reason = part.name, found.reason or json.null
  if part.migrations and found.ok then
    local pending, failure = part.migrations()
    found.migrations = not pending and "unknown" or #pending == 0 and "applied" or "pending"
    if not pending then
      found.ok, found.reason = false, failure and failure.message or "migrations cannot be read"
    elseif #pending > 0 then
      found.ok, found.reason = false, "missing: " .. table.concat(pending, ", ")
    end
  end
  if found.reason ~= json.null then found.reason = one_line(found.reason) end
  return found
end

---@param service string name
---@param parts { name: string, check: (fun(): any, host.error?), migrations?: (fun(): string[]?, host.error?) }[]
---@return table resource routes without a prefix
function M.routes(service, parts)
  local last, at

  local function look()
    local now = timer.now()
    if last and now - at < TTL then return last end
    local jobs = {}
    for i, part in ipairs(parts) do jobs[i] = function() return ask(part) end end
    local found, ready = task.all(jobs), true
    for _, part in ipairs(found) do ready = ready and part.ok end
    last, at = { ready = ready, service = service, parts = found }, now
    return last
  end

  local function readyz()
    local found = look()
    return found.ready and 200 or 503, found, not found.ready and { ["retry-after"] = 2 } or nil
  end

  return {
    ["/healthz"] = {
      GET = { "Whether the process answers", guard.public(function() return 200, { status = WELL } end),
        out = schema.object { status = schema.const(WELL) }, limit = false, produces = "application/json",
        id = "health", tags = { "Operation" } },
    },
    ["/readyz"] = {
      GET = { "Whether the service can do its work, and what is missing", guard.public(readyz), out = Ready,
        limit = false, produces = "application/json", id = "readiness", tags = { "Operation" }, also = { 503 } },
    },
  }
end

return M
