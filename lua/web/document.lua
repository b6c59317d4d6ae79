-- web/document.lua: serves what is made of the route table, an OpenAPI or AsyncAPI document, as JSON with a tag.
--
-- It says which roles may call what (x-roles), so it changes within a generation with the roles' permissions: it is
-- written at the first request after. Making it may wait, and what it says may change meanwhile: then it is made again.
-- A worker that has just started reads the permissions first; who asks before waits for them.

local crypto = require "host.crypto"
local errors = require "web.errors"
local json = require "host.json"
local permission = require "web.permission"
local task = require "host.task"

local M = {}

--- Seconds that a request waits until it is known who may do what.
M.PATIENCE = 5
local PAUSE = 0.02

local function is_known()
  local waited = 0
  while permission.version == 0 and waited < M.PATIENCE do
    task.sleep(PAUSE)
    waited = waited + PAUSE
  end
  return permission.version ~= 0
end

---A handler, for routes that are raw.
---@param make fun(): table
---@return fun(req: table): integer?, any, table?
function M.handler(make)
  local text, tag, version

  local function write()
    while version ~= permission.version do
      local seen = permission.version
      local made = json.canonical(make()) -- the same octets, and so the same tag, in every worker
      if seen == permission.version then
        text, version = made, seen
        tag = '"' .. crypto.base64url(crypto.sha256(text):sub(1, 12)) .. '"'
      end
    end
  end

  return function(req)
    if not is_known() then return nil, errors.new("unavailable", "Who may do what is not known yet") end
    write()
    local headers = { etag = tag, ["cache-control"] = "no-cache" }
    if req:header("if-none-match") == tag then return 304, nil, headers end
    headers["content-type"] = "application/json"
    return 200, text, headers
  end
end

return M
