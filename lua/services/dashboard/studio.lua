-- services/dashboard/studio.lua: what connects a teacher to Roblox: pairing the Studio plugin, keys of game servers.

local class = require "model.class"
local game_server = require "model.game_server"
local guard = require "web.guard"
local page = require "services.dashboard.page"
local place = require "model.place"
local schema = require "web.schema"

local NewServer = schema.object { name = schema.text(1, 100), class_id = schema.id() }

local function show(req)
  local servers, err = game_server.list(req.user, { limit = 100 })
  if not servers then return nil, err end
  local classes, failure = class.list(req.user, {}, { limit = 100, sort = { { "name", "asc" } } })
  if not classes then return nil, failure end
  return page.show(req, "studio", { title = "Roblox", servers = servers.items, classes = classes.items })
end

local function pair(req)
  local made, err = place.make_code(req.user)
  if not made then return nil, err end
  return page.part("code", { code = made.code, says = "Type this code into the ToolboxAI plugin within ten minutes." })
end

local function add_server(req)
  local made, err = game_server.create(req.user, req.body)
  if not made then return nil, err end
  return page.part("code", { code = made.key, says = "The game server's key. It is shown this once: keep it secret." })
end

local function revoke(req)
  local done, err = game_server.revoke(req.user, req.params.server_id)
  if not done then return nil, err end
  return page.go(req, "/studio")
end

local role = guard.role

return {
  ["/studio"] = { GET = { "Studio and game servers", role("teacher", show) } },
  ["/studio/pair"] = { POST = { "A code for the plugin", role("teacher", pair) } },
  ["/studio/servers"] = { POST = { "A key for a game server", role("teacher", add_server), form = NewServer } },
  ["/studio/servers/{server_id}/revoke"] = { POST = { "Make a key void", role("teacher", revoke) } },
}
