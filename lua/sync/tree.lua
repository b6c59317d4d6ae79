-- sync/tree.lua: trees of Roblox instances as plain data, the common currency of sync/: the rules build them,
-- sync/diff.lua compares them, sync/rbxmx.lua writes them to a file, the roblox database stores them as JSON.
--
-- A node is {id, class, name, properties, attributes, children}:
--   id          stable over all versions of the lesson and unique in the tree ("lesson:…/quiz/question:2"): the
--               plugin finds its instance by it, whatever the teacher has renamed or moved
--   properties  name → value of sync/value.lua
--   attributes  name → string, number or boolean
--   children    list of nodes; their order carries no meaning, as in Roblox

local M = {}

--- The most instances one tree may have: a scene above this is a mistake and would choke Studio.
M.MAX_NODES = 5000
--- The deepest nesting allowed.
M.MAX_DEPTH = 32
M.MAX_ID = 200
M.MAX_NAME = 100

-- The classes our rules may make: containers, values, parts and what shows text on them, and the scripts of the
-- downloadable plugin. Anything else in a tree is a mistake in a rule.
local CLASSES = {}
for class in ([[Folder Configuration Model StringValue Part SpawnLocation SurfaceGui BillboardGui TextLabel PointLight
    ProximityPrompt Script LocalScript ModuleScript]]):gmatch("%S+") do
  CLASSES[class] = true
end

-- Names are shown in Studio's explorer: one line, short. A cut never splits a UTF-8 sequence.
local function tidy_name(text)
  local name = text:gsub("%c+", " ")
  if #name <= M.MAX_NAME then return name end
  local cut = M.MAX_NAME
  while cut > 0 and name:byte(cut + 1) >= 0x80 and name:byte(cut + 1) < 0xC0 do cut = cut - 1 end
  return name:sub(1, cut)
end

local function check_attributes(attributes)
  for name, value in pairs(attributes) do
    if #name > 100 or not name:find("^[%w._/-]+$") or name:find("^RBX") then
      error("a bad name for an attribute: " .. name, 4)
    end
    local kind = type(value)
    if kind ~= "string" and kind ~= "number" and kind ~= "boolean" then
      error("attribute " .. name .. " must be a string, number or boolean, not a " .. kind, 4)
    end
  end
end

--- Makes a node. Misuse (a class no rule may make, a bad id or attribute) raises.
--- @param fields table id, class, name; optional properties, attributes, children
function M.node(fields)
  if type(fields.id) ~= "string" or fields.id == "" or #fields.id > M.MAX_ID then
    error("a node needs an id of 1 to " .. M.MAX_ID .. " bytes", 2)
  end
  if not CLASSES[fields.class] then error("no rule may make a " .. tostring(fields.class), 2) end
  check_attributes(fields.attributes or {})
  return {
    id = fields.id,
    class = fields.class,
    name = tidy_name(fields.name),
    properties = fields.properties or {},
    attributes = fields.attributes or {},
    children = fields.children or {},
  }
end

--- The root of everything that ToolboxAI owns in a place: a folder with the trees of its lessons.
function M.place(children)
  return M.node({ id = "toolbox", class = "Folder", name = "ToolboxAI", children = children })
end

--- Calls visit(node, parent or nil) for every node, parents before their children.
function M.walk(node, visit, parent)
  visit(node, parent)
  for _, child in ipairs(node.children) do
    M.walk(child, visit, node)
  end
end

--- An index of the tree: id → {node, parent = parent's id or nil}, and the number of nodes. Raises on an id used twice
--- and on a tree over the limits.
function M.index(root)
  local index, count = {}, 0
  local function add(node, parent, depth)
    count = count + 1
    if count > M.MAX_NODES then error("a tree has at most " .. M.MAX_NODES .. " instances", 3) end
    if depth > M.MAX_DEPTH then error("a tree is at most " .. M.MAX_DEPTH .. " levels deep", 3) end
    if index[node.id] then error("two instances with the id " .. node.id, 3) end
    index[node.id] = { node = node, parent = parent }
    for _, child in ipairs(node.children) do
      add(child, node.id, depth + 1)
    end
  end
  add(root, nil, 1)
  return index, count
end

return M
