-- sync/parts.lua: the building blocks of a scene: parts, boards with text on them, buttons. Used by sync/scene.lua.
-- Lengths are studs (Roblox's unit, about 28 cm), angles degrees about the vertical axis.

local tree = require "sync.tree"
local value = require "sync.value"

local M = {}

-- Enum items by name; the numbers are Roblox's own, as files and properties take them.
local MATERIAL = {
  SmoothPlastic = 272, Wood = 512, WoodPlanks = 528, Marble = 784, Slate = 800, Grass = 1280, Sand = 1296,
  Fabric = 1312,
}
local FRONT_FACE = 5
local PIXELS_PER_STUD = 1

-- Roblox shows longer texts too, but scaled down until nobody can read them; the full text is in the lesson's folder.
local BOARD_TEXT = 700

-- Text shortened to what a board can show, at a word's end.
local function shorten(text)
  if #text <= BOARD_TEXT then return text end
  local cut = text:sub(1, BOARD_TEXT):match("^(.*)%s") or text:sub(1, BOARD_TEXT):gsub("[\128-\255]+$", "")
  return cut .. " …"
end

--- A block that stays where it is put. at is its middle.
--- @param fields table id, name, at = {x, y, z}, size = {x, y, z}, color = {r, g, b}, material; optional turn, class,
--- attributes, children
function M.block(fields)
  local at, size, color = fields.at, fields.size, fields.color
  local material = MATERIAL[fields.material] or error("no material " .. tostring(fields.material), 2)
  return tree.node({
    id = fields.id,
    class = fields.class or "Part",
    name = fields.name,
    properties = {
      Anchored = value.bool(true),
      CFrame = value.placed(at[1], at[2], at[3], fields.turn),
      Color = value.rgb(color[1], color[2], color[3]),
      Material = value.enum(material),
      Size = value.vector3(size[1], size[2], size[3]),
    },
    attributes = fields.attributes,
    children = fields.children,
  })
end

local function label(id, name, text, top, height, color)
  return tree.node({
    id = id,
    class = "TextLabel",
    name = name,
    properties = {
      BackgroundTransparency = value.float(1),
      Position = value.udim2(0.04, 0, top, 0),
      Size = value.udim2(0.92, 0, height, 0),
      Text = value.string(text),
      TextColor3 = value.rgb(color[1], color[2], color[3]),
      TextScaled = value.bool(true),
      TextWrapped = value.bool(true),
    },
  })
end

local function surface(id, children)
  return tree.node({
    id = id,
    class = "SurfaceGui",
    name = "Text",
    properties = {
      Face = value.enum(FRONT_FACE),
      LightInfluence = value.float(0),
      PixelsPerStud = value.float(40),
      SizingMode = value.enum(PIXELS_PER_STUD),
    },
    children = children,
  })
end

--- What a player does at a part: a prompt that shows when the player is near. The game module reads the attributes.
function M.prompt(id, action, attributes)
  return tree.node({
    id = id,
    class = "ProximityPrompt",
    name = "Prompt",
    properties = {
      ActionText = value.string(action),
      MaxActivationDistance = value.float(14),
      RequiresLineOfSight = value.bool(false),
    },
    attributes = attributes,
  })
end

--- A board with a title and a text on its front.
--- @param fields table as block's, and title, text, ink = {r, g, b}; the size is the board's own
function M.board(fields)
  local children = {
    surface(fields.id .. "/face", {
      label(fields.id .. "/title", "Title", fields.title, 0.03, 0.2, fields.ink),
      label(fields.id .. "/body", "Body", shorten(fields.text), 0.26, 0.7, fields.ink),
    }),
  }
  for _, child in ipairs(fields.children or {}) do
    table.insert(children, child)
  end
  return M.block({
    id = fields.id,
    name = fields.name,
    at = fields.at,
    turn = fields.turn,
    size = { 16, 9, 0.6 },
    color = fields.color,
    material = fields.material,
    attributes = fields.attributes,
    children = children,
  })
end

--- A button that a player presses: a small block with one line of text and a prompt.
function M.button(fields)
  return M.block({
    id = fields.id,
    name = fields.name,
    at = fields.at,
    turn = fields.turn,
    size = { 3.4, 1.6, 0.6 },
    color = fields.color,
    material = fields.material,
    children = {
      surface(fields.id .. "/face", { label(fields.id .. "/label", "Label", fields.text, 0.1, 0.8, fields.ink) }),
      M.prompt(fields.id .. "/prompt", fields.action, fields.attributes),
    },
  })
end

return M
