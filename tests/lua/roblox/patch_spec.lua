local diff = require "sync.diff"
local material = require "tests.support.sync_material"
local roblox = require "tests.support.roblox_world"
local rules = require "sync.rules"
local tree = require "sync.tree"

local world, patches

-- What stands in the world below our folder, as a map from id to what a tree says of it.
local function standing()
  local found = {}
  for _, instance in ipairs(patches:find_root():GetDescendants()) do
    local id = instance:GetAttribute("ToolboxId")
    if id then
      found[id] = instance.ClassName .. " " .. instance.Name .. " in " .. instance.Parent:GetAttribute("ToolboxId")
    end
  end
  return found
end

local function described(root)
  local found = {}
  tree.walk(root, function(node, parent)
    if parent then found[node.id] = node.class .. " " .. node.name .. " in " .. parent.id end
  end)
  return found
end

local function place(change)
  local given = material.lesson()
  if change then change(given) end
  return tree.place({ rules.build(given) })
end

local function apply(old, new)
  return patches:apply(diff.compare(old, new))
end

local function find(id)
  return assert(patches:index(patches:find_root())[id], "no " .. id)
end

local LESSON = "lesson:" .. material.lesson().lesson.id

describe("roblox/plugin/Patch.luau", function()
  before_each(function()
    world = roblox.new()
    patches = roblox.load("plugin/Patch", world).new({
      workspace = world.workspace, collection = world.collection, history = world.history,
      values = roblox.load("plugin/Values", world),
    })
  end)

  it("builds the whole lesson from nothing", function()
    assert.same({ skipped = 0 }, apply(tree.place({}), place()))
    assert.same(described(place()), standing())
    assert.same({ "Commit" }, world.recordings)
  end)

  it("makes Roblox's own values of properties", function()
    apply(tree.place({}), place())
    local spawn = find(LESSON .. "/scene/spawn")
    assert.same({ "Vector3", 8, 0.5, 8 }, spawn.Size)
    assert.same({ "CFrame", 0, 0.25, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1 }, spawn.CFrame)
    assert.is_true(spawn.Anchored)
  end)

  it("follows changes", function()
    apply(tree.place({}), place())
    local function change(given)
      given.lesson.sections[3] = { heading = "Rain", body = "Drops fall." }
      given.quiz.questions[2] = nil
      given.scene.environment = "ocean"
    end
    assert.same({ skipped = 0 }, apply(place(), place(change)))
    assert.same(described(place(change)), standing())
    assert.equal("Drops fall.", find(LESSON .. "/text/section:3").Value)
  end)

  it("takes everything back when one step fails", function()
    apply(tree.place({}), place())
    local before = standing()
    local patch = diff.compare(place(), tree.place({}))
    table.insert(patch.added, { id = "new", parent = "toolbox", class = "Folder", name = "New",
      properties = { Colour = { Bool = true } } })
    local result, message = patches:apply(patch)
    assert.is_nil(result)
    assert.truthy(message:find("Colour is not a valid member", 1, true))
    assert.same({ "Commit", "Cancel" }, world.recordings)
    assert.same(before, standing())
  end)

  it("says so when a value is of a type it does not know", function()
    local patch = { removed = {}, updated = {}, added = {
      { id = "a", parent = "toolbox", class = "Folder", name = "A", properties = { Name = { Rect = {} } } },
    } }
    local _, message = patches:apply(patch)
    assert.truthy(message:find("does not know values of the type Rect", 1, true))
  end)

  it("waits while Studio records something else", function()
    world.busy = true
    assert.is_nil((apply(tree.place({}), place())))
    assert.same({}, world.recordings)
  end)

  it("moves aside what the teacher has put into our instances", function()
    apply(tree.place({}), place())
    local mine = world.env.Instance.new("Part")
    mine.Name = "My tree"
    mine.Parent = find(LESSON .. "/scene")
    apply(place(), tree.place({}))
    assert.equal("ToolboxAI kept", mine.Parent.Name)
    assert.equal(world.workspace, mine.Parent.Parent)
    assert.same({}, standing())
  end)

  it("leaves alone what the teacher has removed, and counts it", function()
    apply(tree.place({}), place())
    find(LESSON .. "/text/section:1").Parent = nil
    local result = apply(place(), place(function(given) given.lesson.sections[1].body = "New text." end))
    assert.same({ skipped = 1 }, result)
  end)

  it("does no harm when the same patch comes twice", function()
    local patch = diff.compare(tree.place({}), place())
    patches:apply(patch)
    assert.same({ skipped = 0 }, patches:apply(patch))
    assert.same(described(place()), standing())
  end)

  it("replaces everything of ours by a snapshot", function()
    apply(tree.place({}), place(function(given) given.lesson.title = "Old" end))
    find(LESSON .. "/scene").Parent = nil
    local snapshot = diff.compare(tree.place({}), place())
    snapshot.snapshot = true
    assert.same({ skipped = 0 }, patches:apply(snapshot))
    assert.same(described(place()), standing())
  end)
end)
