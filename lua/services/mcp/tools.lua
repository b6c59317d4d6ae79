-- services/mcp/tools.lua: the registry of tools: what a caller may see of them, and calling one.
--
-- A tool is { name, title, description, permissions?, input, output, annotations,
--   run = fun(user, arguments) → value | nil, err }
--
-- Input and output are schemas of lua/web/schema.lua: they check and shape what goes through, and clients read them as
-- JSON Schema. permissions says who has the tool (any of them suffices); without it everybody who is signed in. Which
-- objects a caller may touch is asked in the model, as for the API.

local errors = require "web.errors"
local json = require "host.json"
local jsonschema = require "web.jsonschema"
local log = require "host.log"
local permission = require "web.permission"
local shape = require "web.shape"
local validate = require "web.validate"

local M = {}

local order, by_name = {}, {}

-- The tool as tools/list shows it.
local function describe(tool)
  return {
    name = tool.name,
    title = tool.title,
    description = tool.description,
    inputSchema = jsonschema.convert(tool.input),
    outputSchema = jsonschema.convert(tool.output),
    annotations = tool.annotations,
  }
end

for _, file in ipairs({ "lessons", "progress", "context" }) do
  for _, tool in ipairs(require("services.mcp.tools." .. file)) do
    if by_name[tool.name] then error("two tools are called " .. tool.name, 0) end
    by_name[tool.name] = { tool = tool, shown = describe(tool), shape = shape.compile(tool.output) }
    order[#order + 1] = tool.name
  end
end

local function may_use(user, tool)
  return tool.permissions == nil or permission.may(user.role, tool.permissions) == true
end

--- The tools that a person has, always in the same order.
function M.list(user)
  local shown = json.array {}
  for _, name in ipairs(order) do
    local entry = by_name[name]
    if may_use(user, entry.tool) then shown[#shown + 1] = entry.shown end
  end
  return shown
end

local function failed(text)
  return { isError = true, content = json.array { { type = "text", text = text } } }
end

-- One sentence for each thing that is wrong, so that the model can put it right.
local function complaint(found)
  local lines = { "The arguments do not fit the tool's schema:" }
  for _, err in ipairs(found) do
    lines[#lines + 1] = ("%s: %s"):format(err.pointer, err.message)
  end
  return table.concat(lines, "\n")
end

-- What of a failure is for the caller: a server-side one says no more than its title, as in the API.
local function reason(err)
  local status = errors.status(err.code or "")
  if not status or (status >= 500 and err.code ~= "unavailable") then return errors.title("internal") end
  local field = err.field and err.field .. ": " or ""
  return field .. (err.message or errors.title(err.code))
end

--- Calls a tool. Bad arguments and failed work are results that say so (isError), as the protocol asks.
---@param user table
---@param name string
---@param arguments any
---@return table? result nil: the caller has no such tool
function M.call(user, name, arguments)
  local entry = by_name[name]
  if not entry or not may_use(user, entry.tool) then return nil end
  local found = {}
  arguments = validate.compile(entry.tool.input)(arguments, "#", found)
  if found[1] then return failed(complaint(found)) end
  local value, err = entry.tool.run(user, arguments)
  if value == nil then
    if not errors.status(err.code or "") then
      log.error("a tool failed", { tool = name, code = tostring(err.code), error = tostring(err.message) })
    end
    return failed(reason(err))
  end
  local shaped = entry.shape(value)
  return { content = json.array { { type = "text", text = json.encode(shaped) } }, structuredContent = shaped }
end

return M
