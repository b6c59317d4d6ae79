-- agents/provider/choose.lua: the provider that the configuration names. A run keeps the name it began with.

local settings = require "host.settings"
local anthropic = require "agents.provider.anthropic"
local extractive = require "agents.provider.extractive"
local openai = require "agents.provider.openai"

local M = {}

local makers = { openai = openai.new, anthropic = anthropic.new }

--- The name that new runs begin with.
---@return string
function M.name()
  return settings.llm and settings.llm.provider or "extractive"
end

--- A provider by name.
---@return table? provider
---@return table? err configuration: what is missing
function M.named(name)
  if name == "extractive" then return extractive end
  local llm = settings.llm or {}
  if not makers[name] or name ~= llm.provider then
    return nil, { code = "configuration", message = ("the run asks for provider %s, the configuration has %s"):format(
      tostring(name), M.name()) }
  end
  if not llm.model then
    return nil, { code = "configuration", message = ("setting llm.model: provider %s needs it"):format(name) }
  end
  return makers[name](llm)
end

return M
