-- services/dashboard/static.lua: the dashboard's own style sheet and scripts. They belong to the accepted set, so a
-- reload changes them together with the pages. htmx and uPlot are static folders of the core (setting services).

local errors = require "web.errors"
local file = require "host.file"
local guard = require "web.guard"
local schema = require "web.schema"

local FOLDER = "lua/services/dashboard/static/"

local types = { css = "text/css; charset=utf-8", js = "text/javascript; charset=utf-8", svg = "image/svg+xml" }

local function send(req)
  local name = req.params.name
  local kind = types[name:match("%.(%w+)$")]
  local path = FOLDER .. name
  local digest = kind and file.digest(path)
  if not digest then return nil, errors.new("not_found") end
  local tag = '"' .. digest:sub(1, 24):gsub("[^%w]", function(c) return ("%02x"):format(c:byte()) end) .. '"'
  local headers = { ["content-type"] = kind, etag = tag, ["cache-control"] = "no-cache" }
  if req:header("if-none-match") == tag then return 304, nil, headers end
  return 200, file.read(path), headers
end

return {
  ["/ui/{name}"] = {
    GET = { "A style sheet or script of the dashboard", guard.public(send), raw = true, limit = false,
      params = { name = schema.text(1, 60, { pattern = "[%w_-]+%.%w+", json_pattern = "^[\\w-]+\\.[a-z]+$" }) } },
  },
}
