--- Our game module's own files against a running bridge: a player reads stations and answers questions; the events go
--- out in batches, each batch twice, as after a lost answer. Prints what the bridge said as JSON.
---   toolboxd run game.lua URL KEY LESSON ROBLOX_USER STATIONS [QUESTION CHOICE]…

local crypto = require "host.crypto"
local json = require "host.json"
local roblox = require "tests.support.roblox_world"
local roblox_http = require "tests.support.roblox_http"

local arguments = { ... }
local url, key, lesson, player, stations = unpack(arguments, 1, 5)

local api = roblox.load("shared/Api").new(roblox_http, url)
api.token = "Bearer " .. key
local told, warnings = {}, {}
local outbox = roblox.load("game/Outbox").new({
  api = {
    call = function(_, method, path, body)
      local answer, failure = api:call(method, path, body)
      table.insert(told, answer or failure)
      answer, failure = api:call(method, path, body)
      table.insert(told, answer or failure)
      return answer, failure
    end,
  },
  backoff = roblox.load("shared/Backoff").new(math.random),
  new_key = crypto.uuid,
  warn = function(text) table.insert(warnings, text) end,
})

local questions = (#arguments - 5) / 2
local tracker = roblox.load("game/Tracker").new(lesson, stations + questions, os.time, function(event)
  outbox:add(event)
end)
for station = 1, stations do tracker:read(tonumber(player), tostring(station)) end
for i = 6, #arguments, 2 do tracker:answer(tonumber(player), arguments[i], arguments[i + 1]) end

local left = outbox:flush()
while left == 0 do left = outbox:flush() end
print(json.encode { told = json.array(told), warnings = json.array(warnings), unsent = left or 0 })
return 0
