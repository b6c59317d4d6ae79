-- A small model of Roblox for specs of the Luau files: instances with parents, attributes and tags, properties checked
-- by class, an undo history that really takes back, and a loader that runs a .luau file as Roblox would. It stands for
-- the engine's documented behaviour, no more; the flows talk to the real bridge.

local M = {}

-- The properties that a script may set, by class. Setting another raises, as in Roblox.
local BASE = { "Name", "Parent" }
local CLASSES = {
  Folder = {}, Configuration = {}, Model = {},
  StringValue = { "Value" },
  Part = { "Anchored", "CFrame", "Color", "Material", "Shape", "Size" },
  SpawnLocation = { "Anchored", "CFrame", "Color", "Material", "Size" },
  SurfaceGui = { "Face", "LightInfluence", "PixelsPerStud", "SizingMode" },
  TextLabel = {
    "BackgroundTransparency", "Position", "Size", "Text", "TextColor3", "TextScaled", "TextWrapped",
  },
  ProximityPrompt = { "ActionText", "MaxActivationDistance", "RequiresLineOfSight" },
}

local function is_property(class, name)
  for _, list in ipairs({ BASE, CLASSES[class] }) do
    for _, known in ipairs(list) do
      if known == name then return true end
    end
  end
  return false
end

local methods = {}

function methods.GetChildren(self)
  local list = {}
  for _, child in ipairs(self._.children) do table.insert(list, child) end
  return list
end

function methods.GetDescendants(self)
  local list = {}
  for _, child in ipairs(self._.children) do
    table.insert(list, child)
    for _, below in ipairs(child:GetDescendants()) do table.insert(list, below) end
  end
  return list
end

function methods.FindFirstChild(self, name)
  for _, child in ipairs(self._.children) do
    if child.Name == name then return child end
  end
  return nil
end

function methods.GetAttribute(self, name) return self._.attributes[name] end
function methods.SetAttribute(self, name, item) self._.attributes[name] = item end
function methods.IsA(self, class) return self._.class == class end

local function set_parent(self, parent)
  local above = parent
  while above do
    if above == self then error("parenting " .. self.Name .. " so would result in a circular reference", 3) end
    above = above.Parent
  end
  local old = self._.fields.Parent
  if old then
    for i, child in ipairs(old._.children) do
      if child == self then table.remove(old._.children, i) break end
    end
  end
  self._.fields.Parent = parent
  if parent then table.insert(parent._.children, self) end
end

local instance_meta = {
  __index = function(self, name)
    if methods[name] then return methods[name] end
    if name == "ClassName" then return self._.class end
    if not is_property(self._.class, name) then error(name .. " is not a valid member of " .. self._.class, 2) end
    return self._.fields[name]
  end,
  __newindex = function(self, name, item)
    if not is_property(self._.class, name) then error(name .. " is not a valid member of " .. self._.class, 2) end
    if name == "Parent" then set_parent(self, item) else self._.fields[name] = item end
  end,
}

--- A fresh world: {workspace, collection, history, env}; env are the globals a Luau file sees.
function M.new()
  local world = { all = {}, recordings = {} }

  local function new_instance(class)
    if not CLASSES[class] then error("Unable to create an Instance of type \"" .. class .. "\"", 2) end
    local made = setmetatable({ _ = { class = class, fields = { Name = class }, children = {}, attributes = {},
      tags = {} } }, instance_meta)
    table.insert(world.all, made)
    return made
  end

  local function copy(map)
    local result = {}
    for k, v in pairs(map) do result[k] = v end
    return result
  end

  local function remember()
    local state = {}
    for _, instance in ipairs(world.all) do
      local own = instance._
      state[instance] = { fields = copy(own.fields), children = copy(own.children), attributes = copy(own.attributes),
        tags = copy(own.tags) }
    end
    return state
  end

  world.workspace = new_instance("Model")
  world.collection = {
    HasTag = function(_, instance, tag) return instance._.tags[tag] == true end,
    AddTag = function(_, instance, tag) instance._.tags[tag] = true end,
  }
  world.history = {
    TryBeginRecording = function()
      if world.busy then return nil end
      world.before = remember()
      return "recording"
    end,
    FinishRecording = function(_, _, operation)
      table.insert(world.recordings, operation)
      if operation == "Cancel" then
        for instance, state in pairs(world.before) do
          for k, v in pairs(state) do instance._[k] = v end
        end
      end
    end,
  }
  local function constructor(kind)
    return { new = function(...) return { kind, ... } end }
  end
  world.env = setmetatable({
    Instance = { new = new_instance },
    Vector3 = constructor("Vector3"), Color3 = constructor("Color3"), UDim2 = constructor("UDim2"),
    CFrame = constructor("CFrame"),
    Enum = { FinishRecordingOperation = { Commit = "Commit", Cancel = "Cancel" } },
  }, { __index = _G })
  return world
end

--- Runs a ModuleScript of lua/roblox and returns what it returns.
--- @param world table of M.new, or nil for a file that needs nothing of Roblox
function M.load(path, world)
  local chunk = assert(loadfile("lua/roblox/" .. path .. ".luau"))
  return setfenv(chunk, world and world.env or _G)()
end

return M
