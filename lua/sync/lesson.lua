-- sync/lesson.lua: sync rule: what a lesson says, as plain text in folders, so that any script in the place can show
-- it. Data only: no code is generated, so there is nothing to review but words.
--
-- Reads material.lesson: {id, title, subject?, grade?, summary?, objectives = {text…}, sections = {{heading, body}…},
-- glossary = {{term, definition}…}}.

local tree = require "sync.tree"
local value = require "sync.value"

local M = { name = "lesson" }

function M.applies(material)
  return material.lesson ~= nil
end

local function text_value(id, name, text, attributes)
  return tree.node({
    id = id,
    class = "StringValue",
    name = name,
    properties = { Value = value.string(text) },
    attributes = attributes,
  })
end

-- A folder of texts: one StringValue per item, numbered so that the explorer shows them in order.
local function folder_of(id, name, items, describe)
  local children = {}
  for i, item in ipairs(items or {}) do
    local title, text = describe(item)
    children[i] = text_value(id .. ":" .. i, ("%02d %s"):format(i, title), text, { Order = i })
  end
  return tree.node({ id = id, class = "Folder", name = name, children = children })
end

local function describe_objective(objective)
  return "Objective", objective
end

local function describe_section(section)
  return section.heading, section.body
end

local function describe_term(entry)
  return entry.term, entry.definition
end

function M.build(material)
  local lesson = material.lesson
  local id = "lesson:" .. lesson.id .. "/text"
  return tree.node({
    id = id,
    class = "Folder",
    name = "Lesson",
    attributes = { Title = lesson.title, Subject = lesson.subject, Grade = lesson.grade },
    children = {
      text_value(id .. "/summary", "Summary", lesson.summary or ""),
      folder_of(id .. "/objective", "Objectives", lesson.objectives, describe_objective),
      folder_of(id .. "/section", "Sections", lesson.sections, describe_section),
      folder_of(id .. "/term", "Glossary", lesson.glossary, describe_term),
    },
  })
end

return M
