-- sync/scene.lua: sync rule: a walk-through place. The description (model/scene.lua) says what stands where; this
-- rule says how it is built: a board for each station, turned to the spawn; the props; and on an arc around
-- everything a board for each question of the quiz, with a button for each choice.
--
-- Reads material.scene: {title, theme, size = {width, depth}, spawn = {x, y, z}, stations = {{id, kind, title, text,
-- position}…}, props = {{name, shape, size, position, color, material}…}}, material.quiz if there is one, and
-- material.lesson.id. Positions of stations are where they stand, of props their middle.

local parts = require "sync.parts"
local tree = require "sync.tree"

local M = { name = "scene" }

-- How each theme looks: the ground, and the boards that stand on it with their ink. One that is not listed looks like
-- a classroom.
local LOOKS = {
  classroom = { ground = "WoodPlanks", floor = { 181, 149, 110 }, board = "SmoothPlastic", back = { 31, 74, 58 } },
  laboratory = { ground = "Concrete", floor = { 205, 210, 214 }, board = "SmoothPlastic", back = { 24, 62, 92 } },
  outdoor = { ground = "Grass", floor = { 88, 130, 66 }, board = "Wood", back = { 92, 64, 42 } },
  historical = { ground = "Cobblestone", floor = { 160, 150, 134 }, board = "Fabric", back = { 60, 26, 34 } },
  futuristic = { ground = "Metal", floor = { 120, 126, 140 }, board = "SmoothPlastic", back = { 26, 24, 66 } },
  underwater = { ground = "Sand", floor = { 120, 170, 180 }, board = "SmoothPlastic", back = { 20, 60, 95 } },
  space_station = { ground = "Slate", floor = { 70, 72, 84 }, board = "SmoothPlastic", back = { 18, 20, 38 } },
  fantasy = { ground = "Grass", floor = { 104, 120, 84 }, board = "Slate", back = { 66, 40, 88 } },
}
local INK = { 248, 246, 238 }

local SPACING = 20 -- studs of arc from one question's middle to the next: a board is 16 wide
local NEAREST = 32 -- the arc's smallest radius
local CLEARANCE = 24 -- studs between what the description places and the questions
local ARC = 270 -- degrees; the gap lies behind the player who spawns

-- The turn that makes a part at (x, z) look at the spawn.
local function turn_to(spawn, x, z)
  return math.deg(math.atan2(x - spawn[1], z - spawn[3]))
end

-- How far from the spawn anything described reaches.
local function reach(scene)
  local farthest = 0
  local function measure(position, margin)
    local dx, dz = position[1] - scene.spawn[1], position[3] - scene.spawn[3]
    farthest = math.max(farthest, math.sqrt(dx * dx + dz * dz) + margin)
  end
  for _, station in ipairs(scene.stations) do measure(station.position, parts.BOARD[1] / 2) end
  for _, prop in ipairs(scene.props) do measure(prop.position, math.max(prop.size[1], prop.size[3]) / 2) end
  return farthest
end

-- Where the i-th of n questions stands. Angle 0 is straight ahead of the spawn (-Z).
local function place_on_arc(scene, i, n, radius)
  local angle = n == 1 and 0 or math.rad(-ARC / 2 + ARC * (i - 1) / (n - 1))
  return {
    x = scene.spawn[1] + radius * math.sin(angle), y = scene.spawn[2], z = scene.spawn[3] - radius * math.cos(angle),
    -- the unit steps towards the spawn, and to the left of somebody who looks at the board
    near_x = -math.sin(angle), near_z = math.cos(angle),
    left_x = -math.cos(angle), left_z = -math.sin(angle),
  }
end

local function station_node(base, i, station, scene, look)
  local id = base .. "/station:" .. station.id
  local p = station.position
  return parts.board({
    id = id,
    name = ("Station %02d %s"):format(i, station.title),
    at = { p[1], p[2] + parts.BOARD[2] / 2 + 1.5, p[3] },
    turn = turn_to(scene.spawn, p[1], p[3]),
    title = station.title,
    text = station.text,
    color = look.back,
    material = look.board,
    ink = INK,
    attributes = { Kind = station.kind },
    children = { parts.prompt(id .. "/prompt", "I have read this", { Event = "checkpoint", Station = station.id }) },
  })
end

local function rgb(text)
  local r, g, b = text:match("^#(%x%x)(%x%x)(%x%x)$")
  return { tonumber(r, 16), tonumber(g, 16), tonumber(b, 16) }
end

local function prop_node(base, i, prop)
  return parts.block({
    id = base .. "/prop:" .. i,
    name = prop.name,
    at = prop.position,
    size = prop.size,
    shape = prop.shape,
    color = rgb(prop.color),
    material = prop.material,
  })
end

-- The buttons stand in a row in front of the question's board, two studs nearer to the player.
local function choice_buttons(id, question, spot, turn, look)
  local buttons = {}
  local choices = question.choices or {}
  for i, choice in ipairs(choices) do
    local aside = ((#choices + 1) / 2 - i) * 3.9
    buttons[i] = parts.button({
      id = id .. "/choice:" .. choice.id,
      name = ("Choice %d"):format(i),
      at = { spot.x + 2 * spot.near_x + spot.left_x * aside, spot.y + 1.2,
        spot.z + 2 * spot.near_z + spot.left_z * aside },
      turn = turn,
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

local function question_node(base, i, question, spot, scene, look)
  local id = base .. "/question:" .. question.id
  local turn = turn_to(scene.spawn, spot.x, spot.z)
  local children = choice_buttons(id, question, spot, turn, look)
  table.insert(children, 1, parts.board({
    id = id .. "/board",
    name = "Board",
    at = { spot.x, spot.y + parts.BOARD[2] / 2 + 3, spot.z },
    turn = turn,
    title = ("Question %d"):format(i),
    text = question.prompt,
    color = look.back,
    material = look.board,
    ink = INK,
  }))
  return tree.node({ id = id, class = "Model", name = ("Question %02d"):format(i), children = children })
end

-- The ground, around the spawn and large enough for all, and the place where players appear.
local function ground_nodes(base, scene, radius, look)
  local x, y, z = scene.spawn[1], scene.spawn[2], scene.spawn[3]
  local function side(asked) return math.min(2048, math.max(asked, 2 * (radius + CLEARANCE))) end
  return {
    parts.block({
      id = base .. "/ground", name = "Ground", at = { x, y - 0.5, z },
      size = { side(scene.size[1]), 1, side(scene.size[2]) }, color = look.floor, material = look.ground,
    }),
    parts.block({
      id = base .. "/spawn", name = "Spawn", class = "SpawnLocation", at = { x, y + 0.25, z }, size = { 8, 0.5, 8 },
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
  local look = LOOKS[scene.theme] or LOOKS.classroom
  local questions = material.quiz and material.quiz.questions or {}
  local described = reach(scene)
  local around = math.max(NEAREST, described + CLEARANCE, #questions * SPACING * 360 / ARC / (2 * math.pi))

  local children = ground_nodes(base, scene, #questions > 0 and around or described, look)
  for i, station in ipairs(scene.stations) do
    table.insert(children, station_node(base, i, station, scene, look))
  end
  for i, prop in ipairs(scene.props) do
    table.insert(children, prop_node(base, i, prop))
  end
  for i, question in ipairs(questions) do
    local spot = place_on_arc(scene, i, #questions, around)
    table.insert(children, question_node(base, i, question, spot, scene, look))
  end
  return tree.node({
    id = base,
    class = "Model",
    name = scene.title,
    attributes = { Theme = scene.theme },
    children = children,
  })
end

return M
