local diff = require "sync.diff"
local tree = require "sync.tree"
local value = require "sync.value"

-- The plainest reading of what a patch means, written without a look at diff.lua: instances in a flat table, each step
-- done literally. It raises where Roblox would: a parent that is not there, a cycle.
local Place = {}
Place.__index = Place

local function place_of(root)
  local self = setmetatable({ items = {} }, Place)
  tree.walk(root, function(node, parent)
    self.items[node.id] = {
      class = node.class, name = node.name, parent = parent and parent.id, properties = {}, attributes = {},
    }
    for k, v in pairs(node.properties) do self.items[node.id].properties[k] = v end
    for k, v in pairs(node.attributes) do self.items[node.id].attributes[k] = v end
  end)
  return self
end

function Place:destroy(id)
  assert(self.items[id], "destroying what is not there: " .. id)
  local below = {}
  for child, item in pairs(self.items) do
    if item.parent == id then table.insert(below, child) end
  end
  for _, child in ipairs(below) do self:destroy(child) end
  self.items[id] = nil
end

function Place:set_parent(id, parent)
  local above = parent
  while above do
    assert(above ~= id, "a cycle at " .. id)
    above = assert(self.items[above], "no parent " .. above).parent
  end
  self.items[id].parent = parent
end

function Place:apply(patch)
  for _, id in ipairs(patch.removed) do self:destroy(id) end
  for _, one in ipairs(patch.added) do
    assert(not self.items[one.id], "added twice: " .. one.id)
    self.items[one.id] = {
      class = one.class, name = one.name, properties = one.properties or {}, attributes = one.attributes or {},
    }
    self:set_parent(one.id, one.parent)
  end
  for _, one in ipairs(patch.updated) do
    local item = assert(self.items[one.id], "updating what is not there: " .. one.id)
    if one.parent then self:set_parent(one.id, one.parent) end
    item.name = one.name or item.name
    for k, v in pairs(one.properties or {}) do item.properties[k] = v end
    for k, v in pairs(one.attributes or {}) do item.attributes[k] = v end
  end
end

local function check(old, new)
  local patch = diff.compare(old, new)
  local place = place_of(old)
  place:apply(patch)
  assert.same(place_of(new).items, place.items)
  return patch
end

local function part(id, fields)
  fields = fields or {}
  return tree.node({
    id = id, class = fields.class or "Part", name = fields.name or id, properties = fields.properties,
    attributes = fields.attributes, children = fields.children,
  })
end

describe("sync.diff", function()
  it("finds nothing between equal trees", function()
    local function build() return tree.place({ part("a", { children = { part("b") } }) }) end
    assert.is_true(diff.is_empty(diff.compare(build(), build())))
  end)

  it("sends only what changed", function()
    local patch = check(
      tree.place({ part("a", { properties = { Anchored = value.bool(true), Size = value.vector3(1, 1, 1) } }) }),
      tree.place({ part("a", { properties = { Anchored = value.bool(true), Size = value.vector3(1, 2, 1) } }) })
    )
    assert.same({ removed = {}, added = {}, updated = {
      { id = "a", properties = { Size = { Vector3 = { 1, 2, 1 } } } },
    } }, patch)
  end)

  it("removes a subtree by its top alone", function()
    local patch = check(tree.place({ part("a", { children = { part("b", { children = { part("c") } }) } }) }),
      tree.place({ part("a") }))
    assert.same({ "b" }, patch.removed)
  end)

  it("adds parents before their children", function()
    local patch = check(tree.place({}), tree.place({ part("a", { children = { part("b") } }) }))
    assert.same({ "a", "b" }, { patch.added[1].id, patch.added[2].id })
    assert.same({ "toolbox", "a" }, { patch.added[1].parent, patch.added[2].parent })
  end)

  it("moves an instance without making it again", function()
    local patch = check(tree.place({ part("a", { children = { part("c") } }), part("b") }),
      tree.place({ part("a"), part("b", { children = { part("c") } }) }))
    assert.same({ removed = {}, added = {}, updated = { { id = "c", parent = "b" } } }, patch)
  end)

  it("swaps parent and child without a cycle on the way", function()
    check(tree.place({ part("a", { children = { part("b") } }) }),
      tree.place({ part("b", { children = { part("a") } }) }))
  end)

  it("saves nothing from below an instance that goes: it is added again", function()
    local patch = check(tree.place({ part("a", { children = { part("c") } }), part("b") }),
      tree.place({ part("b", { children = { part("c") } }) }))
    assert.same({ "a" }, patch.removed)
    assert.equal("c", patch.added[1].id)
  end)

  it("replaces what changes its class or loses a property, with everything below", function()
    local patch = check(tree.place({ part("a", { children = { part("b") } }) }),
      tree.place({ part("a", { class = "Model", children = { part("b") } }) }))
    assert.same({ "a" }, patch.removed)
    assert.equal(2, #patch.added)
    patch = check(tree.place({ part("a", { attributes = { Points = 1 } }) }), tree.place({ part("a") }))
    assert.same({ "a" }, patch.removed)
  end)

  it("refuses trees with different roots", function()
    assert.has_error(function() diff.compare(tree.place({}), part("x")) end)
  end)

  it("turns any tree into any other", function()
    -- A small generator of its own: the same trees in every run.
    local state = 20260101
    local function random(n)
      state = (state * 16807) % 2147483647
      return state % n + 1
    end
    local function random_tree()
      local nodes = { tree.place({}) }
      for _ = 1, random(14) do
        local id = "n" .. random(20)
        local taken = false
        for _, node in ipairs(nodes) do taken = taken or node.id == id end
        if not taken then
          local node = part(id, {
            class = ({ "Part", "Folder", "Model" })[random(3)],
            name = "name" .. random(3),
            properties = random(2) == 1 and { Anchored = value.bool(random(2) == 1) } or {},
            attributes = random(3) == 1 and { Order = random(3) } or {},
          })
          table.insert(nodes[random(#nodes)].children, node)
          table.insert(nodes, node)
        end
      end
      return nodes[1]
    end
    for _ = 1, 500 do check(random_tree(), random_tree()) end
  end)
end)
