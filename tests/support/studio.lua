--- Our Studio plugin's own modules against a running bridge, in the small model of Roblox: pairs, then takes patches
--- until the wanted instance stands (or has gone) and prints what stands as a line of JSON, for each in turn.
---   toolboxd run studio.lua URL CODE WANTED_ID…      "-ID" waits until it has gone

local json = require "host.json"
local roblox = require "tests.support.roblox_world"
local roblox_http = require "tests.support.roblox_http"

local MOST_TURNS = 40

local arguments = { ... }
local url, code = arguments[1], arguments[2]

local world = roblox.new()
local patches = roblox.load("plugin/Patch", world).new({
  workspace = world.workspace, collection = world.collection, history = world.history,
  values = roblox.load("plugin/Values", world),
})
local settings = {}
local session = roblox.load("plugin/Session").new({
  api = roblox.load("shared/Api").new(roblox_http, url),
  backoff = roblox.load("shared/Backoff").new(math.random),
  store = { get = function(name) return settings[name] end, set = function(name, item) settings[name] = item end },
  apply = function(patch) return patches:apply(patch) end,
  changed = function() end,
})

local function standing()
  return patches:index(patches:find_root())
end

local function take_turns_until(wanted)
  local gone = wanted:match("^%-(.+)$")
  for _ = 1, MOST_TURNS do
    local index = standing()
    if gone and not index[gone] or not gone and index[wanted] then return end
    local wait = session:step()
    assert(wait < 5, session.message)
  end
  error(wanted .. " did not come: " .. session.state .. " " .. session.message, 0)
end

local paired, message = session:pair(code, 7, "A place", "1.0.0")
if not paired then
  print(json.encode { state = session.state, message = message })
  return 0
end

local function tell()
  local found = {}
  for id, instance in pairs(standing()) do
    found[id] = { class = instance.ClassName, name = instance.Name }
  end
  print(json.encode { state = session.state, revision = settings.Revision, instances = found,
    undoable_steps = #world.recordings })
  io.stdout:flush()
end

for i = 3, #arguments do
  take_turns_until(arguments[i])
  tell()
end
session:leave()
return 0
