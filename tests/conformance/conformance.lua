-- The service that protocol suites, the reload proof and the fault suite talk to: each route shows one thing of the
-- core. Run by config/conformance.lua.

local crypto = require "host.crypto"
local http = require "host.http"
local json = require "host.json"
local log = require "host.log"
local server = require "host.server"
local task = require "host.task"

local answer = require "answer"
local faults = require "faults"

if type(answer) ~= "string" then
  error("answer.lua: expected a string, got " .. type(answer), 0)
end

local TEXT = { ["content-type"] = "text/plain; charset=utf-8" }
local JSON = { ["content-type"] = "application/json" }

local STATUS_OF_BODY_ERROR = { too_large = 413, timeout = 408, closed = 400 }

local function text(status, body)
  return status, body, TEXT
end

-- The value of one parameter of the query, decoded; nil if it is not there.
local function parameter(req, name)
  for key, value in req.query:gmatch("([^&=]+)=([^&]*)") do
    if key == name then
      return (value:gsub("+", " "):gsub("%%(%x%x)", function(hex) return string.char(tonumber(hex, 16)) end))
    end
  end
  return nil
end

local function echo(req)
  local body, err = req:body()
  if not body then
    return text(STATUS_OF_BODY_ERROR[err.code], err.message)
  end
  return 200, body, { ["content-type"] = req:header("content-type") or "application/octet-stream" }
end

local function sleep(req)
  local ms = tonumber(parameter(req, "ms"))
  if not ms or ms < 0 then
    return text(400, "ms: expected a number of milliseconds")
  end
  task.sleep(ms / 1000)
  return text(200, answer)
end

local function sum(req)
  local url = parameter(req, "url")
  if not url then
    return text(400, "url: expected the address to fetch")
  end
  local response, err = http.request { url = url }
  if not response then
    return text(err.code == "timeout" and 504 or 502, err.message)
  end
  return text(200, tostring(#response.body))
end

-- An answer in pieces, each sent before the next is made.
local function stream(req)
  local pieces = tonumber(parameter(req, "pieces")) or 3
  req:start(200, { ["content-type"] = parameter(req, "type") or "text/plain", etag = '"stream"' })
  for i = 1, pieces do
    task.sleep(0.001)
    if not req:write(("piece %d of a text that repeats itself, "):format(i):rep(20)) then return end
  end
  req:finish { ["x-pieces"] = tostring(pieces) }
end

-- Takes the content piece by piece and tells its length. With a pause between two, the client has to wait.
local function count(req)
  local octets, pause = 0, tonumber(parameter(req, "pause")) or 0
  while true do
    local piece, err = req:read(1e9)
    if err then return text(STATUS_OF_BODY_ERROR[err.code], err.message) end
    if not piece then return text(200, tostring(octets)) end
    octets = octets + #piece
    if pause > 0 then task.sleep(pause / 1000) end
  end
end

local function events(req)
  local opened = req:events { handler = "greeting" }
  if opened then
    opened:send { data = "hello" }
    opened:close()
  end
end

local function hash()
  return text(200, crypto.password_hash("a password"))
end

local function spin(req)
  if parameter(req, "jit") == "1" then
    return faults.spin_compiled()
  end
  return faults.spin_interpreted()
end

local function socket(handler)
  return function(req)
    req:websocket { handler = handler, state = { n = 0 } }
  end
end

local ROUTES = {
  ["/healthz"] = { GET = function() return text(200, "ok") end },
  ["/answer"] = { GET = function() return text(200, answer) end },
  ["/whoami"] = { GET = function() return 200, json.encode(server.whoami()), JSON end },
  ["/echo"] = { POST = echo },
  ["/sleep"] = { GET = sleep },
  ["/stream"] = { GET = stream },
  ["/count"] = { POST = count },
  ["/events"] = { GET = events },
  ["/sum"] = { GET = sum },
  ["/spin"] = { GET = spin },
  ["/hash"] = { GET = hash },
  ["/hog"] = { GET = faults.hog },
  ["/crash"] = { GET = faults.crash },
  ["/ws"] = { GET = socket("echo") },
  ["/ws/answer"] = { GET = socket("answer") },
}

for _, path in ipairs { "/healthz", "/answer", "/whoami" } do
  ROUTES[path].HEAD = ROUTES[path].GET
end

local function allowed(methods)
  local names = {}
  for name in pairs(methods) do
    names[#names + 1] = name
  end
  table.sort(names)
  return table.concat(names, ", ")
end

local function handle(req)
  local methods = ROUTES[req.path]
  if not methods then
    return text(404, "no such route")
  end
  local run = methods[req.method]
  if not run then
    return 405, "method not allowed", { ["content-type"] = TEXT["content-type"], allow = allowed(methods) }
  end
  req:label(req.method .. " " .. req.path)
  return run(req)
end

return {
  services = {
    conformance = {
      handle = handle,
      sockets = {
        echo = {
          message = function(ws, data, binary)
            local sent, err = ws:send(data, binary)
            if not sent then log.warn("the echo was not sent", { code = err.code }) end
          end,
          close = function(_, code)
            if code == 1013 then log.info("the reader was too slow") end
          end,
        },
        answer = {
          message = function(ws)
            ws.state.n = ws.state.n + 1
            ws:send(answer .. " " .. ws.state.n)
          end,
        },
      },
      streams = { greeting = {} },
    },
  },
}
