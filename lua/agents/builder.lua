-- agents/builder.lua: describes the Roblox scene of a lesson: the stations that a student walks to. What they are built
-- of decides lua/sync/scene.lua, so a model never writes code or coordinates.

local schema = require "web.schema"
local scene = require "model.scene"
local prompt = require "agents.prompt"

local M = { name = "scene" }

M.schema = schema.object {
  title = schema.text(1, 200),
  environment = schema.enum(scene.ENVIRONMENTS),
  stations = schema.array(schema.object {
    kind = schema.enum(scene.KINDS), title = schema.text(1, 200), text = schema.multiline(1, 2000),
  }, 1, scene.MAX_STATIONS),
}

M.task = "Describe a scene that students walk through: a board for each section with its essence in at most 60 words,"
  .. " and a"
  .. " term station for each important term. A reader stands in front of each for a few seconds."

---@param material { grade: integer, plan: table, written: table }
function M.request(material)
  return prompt.user(
    ("Grade: %d."):format(material.grade),
    prompt.data("Environment", material.plan.environment),
    prompt.data("Title", material.plan.title),
    prompt.data("Sections", material.written.sections),
    prompt.data("Glossary", material.written.glossary))
end

function M.check(value)
  return scene.problem(value)
end

return M
