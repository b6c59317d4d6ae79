-- services/bridge/downloads.lua: files to take along: a lesson as a Roblox model, the Studio plugin, the game module,
-- and their sources one by one.

local errors = require "web.errors"
local file = require "host.file"
local guard = require "web.guard"
local material = require "sync.material"
local bundle = require "services.bridge.package"
local rbxmx = require "sync.rbxmx"
local rules = require "sync.rules"
local schema = require "web.schema"

local XML = "application/xml"

local function attachment(name)
  return { ["content-disposition"] = ('attachment; filename="%s"'):format(name) }
end

local function lesson_model(req)
  local found, err = material.find(req.user, req.params.lesson_id)
  if not found then return nil, err end
  return 200, rbxmx.write { rules.build(found) }, attachment("lesson-" .. found.lesson.id .. ".rbxmx")
end

local function package_model(name)
  return function()
    return 200, rbxmx.write { bundle.build(name) }, attachment("toolbox-" .. name .. ".rbxmx")
  end
end

local function source(req)
  local text = file.read(("lua/roblox/%s/%s"):format(req.params.folder, req.params.name))
  if not text then return nil, errors.new("not_found", "There is no such file") end
  return 200, text
end

return {
  ["/lessons/{lesson_id}/model.rbxmx"] = {
    GET = { "Download a lesson as a Roblox model", guard.role("teacher", lesson_model), produces = XML },
  },
  ["/plugin.rbxmx"] = {
    GET = { "Download the Studio plugin", guard.public(package_model("plugin")), produces = XML },
  },
  ["/game.rbxmx"] = {
    GET = { "Download the game server's module", guard.public(package_model("game")), produces = XML },
  },
  ["/luau/{folder}/{name}"] = {
    GET = {
      "Read a Luau source", guard.public(source), produces = "text/plain; charset=utf-8",
      params = {
        folder = schema.enum { "plugin", "game", "shared" },
        name = schema.text(1, 60, { pattern = "[%w.]+", json_pattern = "^[A-Za-z0-9.]+$" }),
      },
    },
  },
}
