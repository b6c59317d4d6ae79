-- services/bridge/downloads.lua: files to take along: a lesson as a Roblox model, the Studio plugin, the game module,
-- and their sources one by one.

local errors = require "web.errors"
local file = require "host.file"
local guard = require "web.guard"
local lesson = require "model.lesson"
local material = require "sync.material"
local package = require "services.bridge.package"
local quiz = require "model.quiz"
local rbxmx = require "sync.rbxmx"
local rules = require "sync.rules"
local scene = require "model.scene"
local schema = require "web.schema"

local XML = "application/xml"

local function attachment(name)
  return { ["content-disposition"] = ('attachment; filename="%s"'):format(name) }
end

-- What a lesson has not is left out of the model; other failures stop the download.
local function optional(value, err)
  if value or err.code == "not_found" then return value, nil end
  return nil, err
end

local function lesson_model(req)
  local found, err = lesson.find(req.user, req.params.lesson_id)
  if not found then return nil, err end
  local asked, no_quiz = optional(quiz.of_lesson(req.user, found.id))
  if no_quiz then return nil, no_quiz end
  local described, no_scene = optional(scene.of_lesson(req.user, found.id))
  if no_scene then return nil, no_scene end
  local root = rules.build(material.of(found, asked and asked.questions, described and described.description))
  return 200, rbxmx.write { root }, attachment("lesson-" .. found.id .. ".rbxmx")
end

local function package_model(name)
  return function()
    return 200, rbxmx.write { package.build(name) }, attachment("toolbox-" .. name .. ".rbxmx")
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
