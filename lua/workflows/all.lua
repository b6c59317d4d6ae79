-- workflows/all.lua: the workflows that there are, for app.lua, which lets an engine run them.

local data_request = require "workflows.data_request"
local file = require "host.file"
local generate_lesson = require "workflows.generate_lesson"
local publish_lesson = require "workflows.publish_lesson"

local M = {}

M.scripts = {
  data_request = data_request,
  generate_lesson = generate_lesson,
  publish_lesson = publish_lesson,
}

--- The text of a workflow's script, which the setting assets brings into the set.
function M.source(name)
  return file.read("lua/workflows/" .. name .. ".lua")
end

return M
