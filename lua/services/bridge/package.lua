-- services/bridge/package.lua: the Luau of lua/roblox/ as an instance tree that Studio takes: one script with its
-- modules below it, so that `require(script.Api)` finds them.

local file = require "host.file"
local tree = require "sync.tree"
local value = require "sync.value"

local M = {}

local FOLDERS = { plugin = { "plugin", "shared" }, game = { "game", "shared" } }

-- X.server.luau is a Script, X.luau a ModuleScript, as Rojo has it.
local function script_of(path)
  local name = path:match("([^/]+)%.luau$")
  local script = name:match("^(.+)%.server$")
  return tree.node({
    id = "luau:" .. path,
    class = script and "Script" or "ModuleScript",
    name = script or name,
    properties = { Source = value.source(file.read(path)) },
  })
end

--- The tree of a package.
---@param name "plugin"|"game"
function M.build(name)
  local main, modules = nil, {}
  for _, folder in ipairs(FOLDERS[name]) do
    for _, path in ipairs(file.list("lua/roblox/" .. folder .. "/")) do
      local script = script_of(path)
      if script.class == "Script" then main = script else modules[#modules + 1] = script end
    end
  end
  main.children = modules
  main.name = "ToolboxAI"
  return main
end

return M
