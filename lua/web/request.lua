-- web/request.lua: a request as a handler sees it: what the router has checked, and the host's request behind it.
--
--   req.params, req.query, req.body   values that fit the route's declaration
--   req.user                          who calls, as the scheme of the route's guard says; false on public routes
--   req.revision                      what If-Match says the caller has seen; nil for "*"
--   req.http                          the host's request (lua/host/server.lua), for answers that are no JSON

local utf8 = require "util.utf8"

---@class web.request
---@field method string
---@field path string
---@field params table<string, any>
---@field query table<string, any>
---@field body any
---@field user any
---@field revision integer?
---@field http host.request
local Request = {}
Request.__index = Request

---@param name string lower case
---@return string?
function Request:header(name)
  return self.http:header(name)
end

---@return string address of the client
function Request:remote()
  return self.http.remote
end

---@return string trace id
function Request:id()
  return self.http.id
end

---@return string name what the client calls itself (User-Agent), for people to read: at most 200 characters
function Request:client()
  return utf8.line(self.http:header("user-agent") or "", 200)
end

---The value of a cookie.
---@param name string of letters, digits, "_" and "-"
---@return string?
function Request:cookie(name)
  local header = self.http:header("cookie")
  if not header then return nil end
  return (";" .. header:gsub(",%s*", ";")):match(";%s*" .. name:gsub("%-", "%%-") .. "=([^;%s]*)")
end

local M = {}

---@param http host.request
---@return table req
function M.new(http)
  return setmetatable({ http = http, method = http.method, path = http.path, user = false }, Request)
end

return M
