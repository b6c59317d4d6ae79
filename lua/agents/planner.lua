-- agents/planner.lua: decides what the lesson is about: title, objectives, an outline, and where its scene plays.

local schema = require "web.schema"
local scene = require "model.scene"
local prompt = require "agents.prompt"

local M = { name = "plan" }

M.schema = schema.object {
  title = schema.text(1, 200),
  summary = schema.multiline(1, 1000),
  objectives = schema.array(schema.multiline(1, 500), 1, 8),
  outline = schema.array(schema.object {
    heading = schema.text(1, 200), points = schema.array(schema.multiline(1, 500), 0, 10),
  }, 1, 12),
  environment = schema.enum(scene.ENVIRONMENTS),
}

M.task = "Plan a lesson: a title, a summary of two sentences, one to eight measurable objectives, an outline with the"
  .. " points of each section, and the environment in which a walk-through scene of it shall play."

---@param material { source_text: string, title?: string, subject: string, grade: integer }
function M.request(material)
  return prompt.user(
    ("Subject: %s. Grade: %d."):format(material.subject, material.grade),
    material.title and prompt.data("The teacher's title for it", material.title) or "Find a title.",
    prompt.source(material.source_text))
end

return M
