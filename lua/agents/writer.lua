-- agents/writer.lua: writes the lesson after the plan: sections and a glossary.

local schema = require "web.schema"
local prompt = require "agents.prompt"

local M = { name = "write" }

M.schema = schema.object {
  sections = schema.array(schema.object { heading = schema.text(1, 200), body = schema.multiline(1, 20000) }, 1, 20),
  glossary = schema.array(schema.object { term = schema.text(1, 200), definition = schema.multiline(1, 2000) }, 0, 40),
}

M.task = "Write the lesson after the plan: one section for each heading of the outline, in plain paragraphs without"
  .. " markup,"
  .. " and a glossary of the terms that the students must know."

---@param material { source_text: string, subject: string, grade: integer, plan: table }
function M.request(material)
  return prompt.user(
    ("Subject: %s. Grade: %d."):format(material.subject, material.grade),
    prompt.data("Plan", material.plan),
    prompt.source(material.source_text))
end

-- Two terms that read the same help nobody.
function M.check(value)
  local seen = {}
  for i, entry in ipairs(value.glossary) do
    local term = entry.term:lower()
    if seen[term] then return ("#/glossary/%d/term: is there twice"):format(i - 1) end
    seen[term] = true
  end
end

return M
