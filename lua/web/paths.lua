-- web/paths.lua: from a request's path to the route that declares it. A tree of segments: a literal segment wins over
-- a {parameter}, and paths without parameters are found by one look-up.

local M = {}

local Paths = {}
Paths.__index = Paths

local find, sub = string.find, string.sub

---@return table an empty tree
function M.new()
  return setmetatable({ literal = {}, root = { children = {} } }, Paths)
end

---Adds a declared path, or finds it again.
---@param path string such as "/classes/{class_id}/students"
---@return table entry with path and names of its parameters; the caller keeps what it wants in it
function Paths:add(path)
  local node, names = self.root, {}
  for segment in path:gmatch("/([^/]*)") do
    local name = segment:match("^{([%a_][%w_]*)}$")
    if name then
      names[#names + 1] = name
      node.parameter = node.parameter or { children = {} }
      node = node.parameter
    else
      if segment:find("[{}]") then error(("path %q: a parameter fills a whole segment"):format(path), 0) end
      node.children[segment] = node.children[segment] or { children = {} }
      node = node.children[segment]
    end
  end
  local entry = node.entry
  if not entry then
    entry = { path = path, names = names }
    node.entry = entry
    if #names == 0 then self.literal[path] = entry end
  elseif entry.path ~= path then
    error(("paths %q and %q are the same"):format(path, entry.path), 0)
  end
  return entry
end

-- Depth first, literal before parameter; values are collected on the way back.
local function walk(node, path, at, depth, values)
  if at > #path + 1 then return node.entry end
  local stop = find(path, "/", at, true) or #path + 1
  local segment = sub(path, at, stop - 1)
  local child = node.children[segment]
  if child then
    local entry = walk(child, path, stop + 1, depth, values)
    if entry then return entry end
  end
  child = node.parameter
  if child and segment ~= "" then
    local entry = walk(child, path, stop + 1, depth + 1, values)
    if entry then
      values[entry.names[depth]] = segment
      return entry
    end
  end
end

---@param path string of a request
---@return table? entry
---@return table<string, string>? segments values of the parameters; nil if the path has none
function Paths:find(path)
  local entry = self.literal[path]
  if entry then return entry end
  local values = {}
  entry = walk(self.root, path, 2, 1, values)
  return entry, values
end

return M
