-- agents/provider/stream.lua: what the providers have in common: one streamed POST, its failures in words that
-- workflow/flow.lua knows to try again or not, and the events of the answer one by one.

local http = require "host.http"
local json = require "host.json"
local sse = require "util.sse"
local utf8 = require "util.utf8"

local M = {}

--- Octets of an answer that are kept; no lesson needs more.
M.MOST = 512 * 1024

-- Status → code. rate_limited and upstream are tried again (workflow/flow.lua), the others are for people.
local function failure(name, response)
  local body = {}
  while #table.concat(body) < 4096 do
    local chunk = response:read()
    if not chunk then break end
    body[#body + 1] = chunk
  end
  response:close()
  local decoded = json.decode(table.concat(body))
  local detail = type(decoded) == "table" and type(decoded.error) == "table" and decoded.error.message
  local status = response.status
  local code = status == 429 and "rate_limited" or status >= 500 and "upstream"
    or (status == 401 or status == 403) and "refused_key" or "provider"
  local says = type(detail) == "string" and ": " .. utf8.cut(detail, 300) or ""
  return nil, {
    code = code, retry_after = tonumber(response.headers["retry-after"]),
    message = ("%s answered %d%s"):format(name, status, says),
  }
end

--- Posts a request and calls handle(event) for each event of the answer until it returns "end".
---@param call { name: string, url: string, headers: table, body: table }
---@param handle fun(event: { event: string, data: string }): "end"|nil, table? nil, err ends with a failure
---@return boolean? ok
---@return table? err
function M.post(call, handle)
  local headers = { ["content-type"] = "application/json", accept = "text/event-stream" }
  for name, value in pairs(call.headers) do headers[name] = value end
  local response, err = http.request {
    url = call.url, method = "POST", headers = headers, body = json.encode(call.body), stream = true, timeout = 60,
    idle_timeout = 60,
  }
  if not response then return nil, err end
  if response.status ~= 200 then return failure(call.name, response) end
  local reader, size = sse.new(), 0
  while true do
    local chunk, broken = response:read()
    if not chunk then
      return nil, broken or { code = "closed", message = call.name .. " ended the stream before the answer was whole" }
    end
    size = size + #chunk
    local events, wrong = reader:feed(chunk)
    if size > M.MOST * 4 then wrong = { code = "provider", message = call.name .. " sends without end" } end
    if wrong then
      response:close()
      return nil, wrong
    end
    for _, event in ipairs(events) do
      local done, bad = handle(event)
      if done or bad then
        response:close()
        return done and true or nil, bad
      end
    end
  end
end

--- The data of an event as a table.
---@return table?
---@return table? err
function M.decode(name, event)
  local value = json.decode(event.data)
  if type(value) ~= "table" then return nil, { code = "upstream", message = name .. " sent what is no JSON" } end
  return value
end

--- The address of an endpoint below a configured base, with or without its /v1.
---@param base string
---@param path string such as "/chat/completions"
function M.address(base, path)
  base = base:gsub("/+$", "")
  return base:find("/v1$") and base .. path or base .. "/v1" .. path
end

return M
