-- services/bridge/init.lua: the bridge to Roblox: the Studio plugin and game servers. Teachers and students call it
-- with the API's tokens, plugins with the token of their pairing, game servers with their key.

local document = require "web.document"
local errors = require "web.errors"
local feed = require "services.bridge.feed"
local game_server = require "model.game_server"
local guard = require "web.guard"
local openapi = require "web.openapi"
local place = require "model.place"
local router = require "web.router"
local secure = require "web.secure"
local session = require "web.session"

-- A scheme whose callers carry a secret that the model knows: Authorization: Bearer SECRET.
local function secret_scheme(description, find)
  return {
    openapi = { type = "http", scheme = "bearer", description = description },
    check = function(req)
      local header = req.http:header("authorization") or ""
      local secret = header:match("^[Bb][Ee][Aa][Rr][Ee][Rr] +([%w_-]+)$")
      if not secret then return nil, errors.new("unauthenticated") end
      return find(secret)
    end,
  }
end

local service

-- Plugins of others find the routes described as the API's are.
local function describe()
  return openapi.document(service, {
    title = "ToolboxAI Roblox bridge", version = "1.0.0", server = "/",
    description = "Roblox Studio receives lessons as patches of instances; game servers post what players do.",
  })
end

service = router.new {
  name = "bridge",
  prefix = "/v1",
  resources = {
    require "services.bridge.studio",
    require "services.bridge.game",
    require "services.bridge.downloads",
  },
  common = {
    { ["/openapi.json"] = { GET = { "The OpenAPI document", guard.public(document.handler(describe)), raw = true,
      hidden = true } } },
  },
  schemes = {
    user = session.bearer,
    studio = secret_scheme("The token of a Studio session", place.session),
    game = secret_scheme("The key of a game server", game_server.authenticate),
  },
  headers = secure.data,
}

--- Called once when the generation starts.
service.start = feed.start

return service
