-- sync/diff.lua: the difference of two instance trees as a patch, which the Studio plugin applies. Called by the
-- bridge, which keeps the tree of every revision of a place.
--
-- A patch is {removed, added, updated}, to be applied in that order:
--   removed  ids; each takes its descendants along
--   added    {id, parent, class, name, properties, attributes}, parents before their children
--   updated  {id, and what changed of: parent, name, properties, attributes}, parents before their children, so that
--            no step of a re-parenting makes a cycle
-- An instance that loses a property or attribute, or changes its class, is replaced (removed and added again): a
-- script cannot put a property back to its default. Whatever hung below it is added again with it.

local tree = require "sync.tree"
local value = require "sync.value"

local M = {}

local function lost_a_key(old, new)
  for key in pairs(old) do
    if new[key] == nil then return true end
  end
  return false
end

-- Which instances of the old tree stay: those that are in both trees, with the same class, having lost nothing, below
-- instances that stay.
local function find_kept(old_root, new_index)
  local kept = {}
  tree.walk(old_root, function(old, parent)
    local entry = new_index[old.id]
    local new = entry and entry.node
    kept[old.id] = new ~= nil
      and new.class == old.class
      and (parent == nil or kept[parent.id])
      and not lost_a_key(old.properties, new.properties)
      and not lost_a_key(old.attributes, new.attributes)
  end)
  return kept
end

-- The entries of new that are not in old or differ there; nil if there are none.
local function changed_keys(old, new)
  local changed
  for key, item in pairs(new) do
    if not value.equal(old[key], item) then
      changed = changed or {}
      changed[key] = item
    end
  end
  return changed
end

local function update_of(old, old_parent, new, new_parent)
  local update = {
    id = new.id,
    parent = new_parent ~= old_parent and new_parent or nil,
    name = new.name ~= old.name and new.name or nil,
    properties = changed_keys(old.properties, new.properties),
    attributes = changed_keys(old.attributes, new.attributes),
  }
  if update.parent or update.name or update.properties or update.attributes then return update end
end

local function addition_of(node, parent)
  return {
    id = node.id,
    parent = parent.id,
    class = node.class,
    name = node.name,
    properties = next(node.properties) and node.properties or nil,
    attributes = next(node.attributes) and node.attributes or nil,
  }
end

--- The patch that turns one tree into another. Both must have the same root (sync/tree.lua's place).
function M.compare(old_root, new_root)
  if old_root.id ~= new_root.id or old_root.class ~= new_root.class then
    error("only trees with the same root can be compared", 2)
  end
  local old_index, new_index = tree.index(old_root), tree.index(new_root)
  local kept = find_kept(old_root, new_index)
  if not kept[old_root.id] then error("the root of a place cannot be replaced", 2) end
  local patch = { removed = {}, added = {}, updated = {} }

  tree.walk(old_root, function(old, parent)
    if not kept[old.id] and kept[parent.id] then
      table.insert(patch.removed, old.id)
    end
  end)
  tree.walk(new_root, function(new, parent)
    if not kept[new.id] then
      table.insert(patch.added, addition_of(new, parent))
      return
    end
    local entry = old_index[new.id]
    local update = update_of(entry.node, entry.parent, new, parent and parent.id)
    if update then table.insert(patch.updated, update) end
  end)
  return patch
end

--- Whether a patch changes nothing.
function M.is_empty(patch)
  return #patch.removed == 0 and #patch.added == 0 and #patch.updated == 0
end

return M
