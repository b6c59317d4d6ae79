--- Sync rule: a walk-through place. Boards stand on an arc around the spawn and face it, one for each station of the
--- described scene, then one for each question of the quiz with a button for each choice. The description says what is
--- shown; where it stands is decided here, so that any description gives a scene one can walk through.
---
--- Reads material.scene: {environment, stations = {{title, text}…}}, material.quiz if there is one, material.lesson.id.

local parts = require "sync.parts"
local tree = require "sync.tree"
local value = require "sync.value"

local M = { name = "scene" }

-- How each environment looks: the ground and the boards that stand on it. An unknown one looks like a classroom.
local LOOKS = {
  classroom = {
    ground = "planks", floor = { 181, 149, 110 },
    board = "smooth", back = { 31, 74, 58 }, ink = { 245, 245, 240 },
  },
  forest = {
    ground = "grass", floor = { 88, 130, 66 },
    board = "wood", back = { 92, 64, 42 }, ink = { 250, 244, 226 },
  },
  desert = {
    ground = "sand", floor = { 214, 190, 140 },
    board = "slate", back = { 120, 82, 58 }, ink = { 255, 247, 230 },
  },
  ocean = {
    ground = "sand", floor = { 120, 170, 180 },
    board = "smooth", back = { 20, 60, 95 }, ink = { 235, 248, 255 },
  },
  space = {
    ground = "slate", floor = { 70, 72, 84 },
    board = "smooth", back = { 18, 20, 38 }, ink = { 220, 230, 255 },
  },
  museum = {
    ground = "marble", floor = { 226, 222, 214 },
    board = "fabric", back = { 60, 26, 34 }, ink = { 252, 246, 236 },
  },
}

local SPACING = 20 -- studs of arc from one board's middle to the next: a board is 16 wide
local NEAREST = 32 -- the arc's smallest radius
local ARC = 270 -- degrees; the gap lies behind the player who spawns

-- Where the i-th of n boards stands. Angle 0 is straight ahead of the spawn (-Z); the board is turned so that its front
-- face looks at the spawn.
local function place_on_arc(i, n)
  local radius = math.max(NEAREST, n * SPACING * 360 / ARC / (2 * math.pi))
  local angle = n == 1 and 0 or -ARC / 2 + ARC * (i - 1) / (n - 1)
  local r = math.rad(angle)
  return {
    x = radius * math.sin(r), z = -radius * math.cos(r), turn = 180 - angle,
    -- one stud to the board's left as the reader sees it, along the arc's tangent
    left_x = -math.cos(r), left_z = -math.sin(r),
    radius = radius,
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
    ink = look.ink,
    children = { parts.prompt(id .. "/prompt", "I have read this", { Event = "checkpoint", Station = i }) },
  })
end

-- The buttons stand in a row in front of the question's board, two studs nearer to the player.
local function choice_buttons(id, question, spot, look)
  local buttons = {}
  local choices = question.choices or {}
  local nearer = (spot.radius - 2) / spot.radius
  for i, choice in ipairs(choices) do
    local aside = ((#choices + 1) / 2 - i) * 3.9
    buttons[i] = parts.button({
      id = id .. "/choice:" .. i,
      name = ("Choice %d"):format(i),
      at = { spot.x * nearer + spot.left_x * aside, 1.2, spot.z * nearer + spot.left_z * aside },
      turn = spot.turn,
      text = choice.text,
      action = "Choose",
      color = look.ink,
      ink = look.back,
      material = "smooth",
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
    ink = look.ink,
  }))
  return tree.node({ id = id, class = "Model", name = ("Question %02d"):format(i), children = children })
end

local function ground_nodes(base, radius, look)
  local side = 2 * (radius + 24)
  return {
    parts.block({
      id = base .. "/ground", name = "Ground", at = { 0, -0.5, 0 }, size = { side, 1, side },
      color = look.floor, material = look.ground,
    }),
    parts.block({
      id = base .. "/spawn", name = "Spawn", class = "SpawnLocation", at = { 0, 0.25, 0 }, size = { 8, 0.5, 8 },
      color = look.ink, material = "smooth",
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

  local children = ground_nodes(base, place_on_arc(1, math.max(count, 1)).radius, look)
  for i, station in ipairs(scene.stations) do
    table.insert(children, station_node(base, i, station, place_on_arc(i, count), look))
  end
  for i, question in ipairs(questions) do
    table.insert(children, question_node(base, i, question, place_on_arc(#scene.stations + i, count), look))
  end
  table.insert(children, tree.node({
    id = base .. "/environment",
    class = "StringValue",
    name = "Environment",
    properties = { Value = value.string(scene.environment) },
  }))
  return tree.node({ id = base, class = "Model", name = "Scene", children = children })
end

return M
