-- toolboxd announce: tells everybody who follows the topic "system" something, such as work on the server tonight.

local event = require "model.event"
local shapes = require "services.api.shapes"
local validate = require "web.validate"

local usage = [[
usage: toolboxd announce [--config FILE] [--alert] TEXT

Sends TEXT (1 to 500 characters) to all who follow the live topic "system": as a notice, or as an alert, which programs
show at once. Whoever is away finds it by the cursor, as long as events are kept (setting retention.events).]]

local check = validate.compile(shapes.announcement)

local function run(...)
  local words = { ... }
  local kind = words[1] == "--alert" and table.remove(words, 1) and "alert" or "notice"
  if #words ~= 1 or words[1]:sub(1, 2) == "--" then
    io.stderr:write(usage, "\n")
    return 2
  end
  local found = {}
  local announcement = check({ message = words[1] }, "#", found)
  if found[1] then
    io.stderr:write("toolboxd announce: TEXT: ", found[1].message, "\n")
    return 2
  end
  local id, err = event.announce(kind, announcement)
  if not id then
    io.stderr:write("toolboxd announce: ", err.reason or err.message, "\n")
    return 1
  end
  return 0
end

return { usage = usage, run = run }
