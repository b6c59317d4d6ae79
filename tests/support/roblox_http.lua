--- Roblox's HttpService over host.http, so that the Luau files talk to a real bridge. Long polls take their time.

local http = require "host.http"
local json = require "host.json"

local M = {}

function M.JSONEncode(_, value)
  return json.encode(value)
end

function M.JSONDecode(_, text)
  local value, err = json.decode(text)
  if err then error("Can't parse JSON", 0) end
  return value
end

function M.RequestAsync(_, request)
  local response, err = http.request {
    url = request.Url, method = request.Method, headers = request.Headers, body = request.Body, timeout = 40,
  }
  if not response then error(err.message, 0) end
  return {
    Success = response.status >= 200 and response.status < 300, StatusCode = response.status,
    Headers = response.headers, Body = response.body or "",
  }
end

return M
