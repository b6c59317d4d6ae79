-- sync/scene.lua: sync rule: a walk-through place. Boards stand on an arc around the spawn and face it, one for each
-- station of the described scene, then one for each question of the quiz with a button for each choice. The description
-- (model/scene.lua) says what is shown; where it stands is decided here, so that any description gives a scene one can
-- walk through.
--
-- Reads material.scene: {title, environment, stations = {{kind, title, text}…}}, material.quiz if there is one, and
-- material.lesson.id.

local parts = require "sync.parts"
local tree = require "sync.tree"

local M = { name = "scene" }

-- How each environment looks: the ground, and the boards that stand on it. One that is not listed looks like a
-- classroom.
local LOOKS = {
  classroom = { ground = "WoodPlanks", floor = { 181, 149, 110 }, board = "SmoothPlastic", back = { 31, 74, 58 } },
  forest = { ground = "Grass", floor = { 88, 130, 66 }, board = "Wood", back = { 92, 64, 42 } },
  desert = { ground = "Sand", floor = { 214, 190, 140 }, board = "Slate", back = { 120, 82, 58 } },
  ocean = { ground = "Sand", floor = { 120, 170, 180 }, board = "SmoothPlastic", back = { 20, 60, 95 } },
  space = { ground = "Slate", floor = { 70, 72, 84 }, board = "SmoothPlastic", back = { 18, 20, 38 } },
  museum = { ground = "Marble", floor = { 226, 222, 214 }, board = "Fabric", back = { 60, 26, 34 } },
}
local INK = { 248, 246, 238 }

local SPACING = 20 -- studs of arc from one board's middle to the next: a board is 16 wide
local NEAREST = 32 -- the arc's smallest radius
local MARGIN = 24 -- studs of ground behind the boards
local ARC = 270 -- degrees; the gap lies behind the player who spawns
local ASIDE = 3.9 -- studs from one button's middle to the next

local function radius_for(count)
  return math.max(NEAREST, count * SPACING * 360 / ARC / (2 * math.pi))
end

-- Where the i-th of n boards stands. Angle 0 is straight ahead of the spawn (-Z); turned so, the board's front faces
-- the spawn.
local function place_on_arc(i, n)
  local radius = radius_for(n)
  local degrees = n == 1 and 0 or -ARC / 2 + ARC * (i - 1) / (n - 1)
  local angle = math.rad(degrees)
  local sin, cos = math.sin(angle), math.cos(angle)
  return {
    x = radius * sin, z = -radius * cos, turn = 180 - degrees,
    -- the unit steps towards the spawn, and to the left of somebody who looks at the board
    near_x = -sin, near_z = cos, left_x = -cos, left_z = -sin,
  }
end

local function station_node(base, i, station, spot, look)
  local id = base .. "/station:" .. i
  return parts.board({
    id = id,
    name = ("Station %02d %s"):format(i, station.title),
    at = { spot.x, 6, spot.z },
    turn = spot.turn,
    title = station.title,
    text = station.text,
    color = look.back,
    material = look.board,
    ink = INK,
    attributes = { Kind = station.kind },
    children = { parts.prompt(id .. "/prompt", "I have read this", { Event = "checkpoint", Station = tostring(i) }) },
  })
end

-- The buttons stand in a row in front of the question's board, two studs nearer to the player.
local function choice_buttons(id, question, spot, look)
  local buttons = {}
  local choices = question.choices or {}
  for i, choice in ipairs(choices) do
    local aside = ((#choices + 1) / 2 - i) * ASIDE
    buttons[i] = parts.button({
      id = id .. "/choice:" .. choice.id,
      name = ("Choice %d"):format(i),
      at = { spot.x + 2 * spot.near_x + spot.left_x * aside, 1.2, spot.z + 2 * spot.near_z + spot.left_z * aside },
      turn = spot.turn,
      text = choice.text,
      action = "Choose",
      color = INK,
      ink = look.back,
      material = "SmoothPlastic",
      attributes = { Event = "answered", Question = question.id, Choice = choice.id },
    })
  end
  return buttons
end

local function question_node(base, i, question, spot, look)
  local id = base .. "/question:" .. question.id
  local children = choice_buttons(id, question, spot, look)
  table.insert(children, 1, parts.board({
    id = id .. "/board",
    name = "Board",
    at = { spot.x, 7.5, spot.z },
    turn = spot.turn,
    title = ("Question %d"):format(i),
    text = question.prompt,
    color = look.back,
    material = look.board,
    ink = INK,
  }))
  return tree.node({ id = id, class = "Model", name = ("Question %02d"):format(i), children = children })
end

-- The ground, large enough for all, and the place where players appear.
local function ground_nodes(base, count, look)
  local side = 2 * (radius_for(count) + MARGIN)
  return {
    parts.block({
      id = base .. "/ground", name = "Ground", at = { 0, -0.5, 0 }, size = { side, 1, side }, color = look.floor,
      material = look.ground,
    }),
    parts.block({
      id = base .. "/spawn", name = "Spawn", class = "SpawnLocation", at = { 0, 0.25, 0 }, size = { 8, 0.5, 8 },
      color = INK, material = "SmoothPlastic",
    }),
  }
end

function M.applies(material)
  return material.scene ~= nil
end

function M.build(material)
  local base = "lesson:" .. material.lesson.id .. "/scene"
  local scene = material.scene
  local look = LOOKS[scene.environment] or LOOKS.classroom
  local questions = material.quiz and material.quiz.questions or {}
  local count = #scene.stations + #questions

  local children = ground_nodes(base, count, look)
  for i, station in ipairs(scene.stations) do
    table.insert(children, station_node(base, i, station, place_on_arc(i, count), look))
  end
  for i, question in ipairs(questions) do
    table.insert(children, question_node(base, i, question, place_on_arc(#scene.stations + i, count), look))
  end
  return tree.node({
    id = base,
    class = "Model",
    name = scene.title,
    attributes = { Environment = scene.environment },
    children = children,
  })
end

return M
