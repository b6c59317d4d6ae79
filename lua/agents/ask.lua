-- agents/ask.lua: lets an agent do its work in a flow, through whatever provider the run has. Every call of a model is
-- a step of its own, so that a crash never pays for an answer twice. An answer that does not fit is sent back with what
-- is wrong, a limited number of times.
--
-- An agent is { name, schema, request(material) → messages, check(value, material) → problem or nil, task }.

local json = require "host.json"
local timer = require "host.timer"
local validate = require "web.validate"
local prompt = require "agents.prompt"

local M = {}

--- How often an answer is sent back, and how long one may be, in tokens.
M.REPAIRS, M.MAX_TOKENS = 2, 8000

--- Calls of models that one run may make.
M.MAX_CALLS = 24

-- Seconds between two signs of life while a model writes.
local TOLD_EVERY = 1

local function describe(errors)
  local lines = {}
  for i, err in ipairs(errors) do
    if i > 10 then break end
    lines[i] = ("%s: %s"):format(err.pointer, err.message)
  end
  return table.concat(lines, "\n")
end

-- The value, or nil and what is wrong with it.
local function fit(agent, value, material)
  local checked, errors = validate.check(agent.schema, value)
  if not checked then return nil, describe(errors) end
  local problem = agent.check and agent.check(checked, material)
  if problem then return nil, problem end
  return checked
end

-- Models like to wrap their JSON in words or fences.
local function read_object(text)
  local object = text:match("%b{}")
  local value, err = json.decode(object or text)
  if type(value) ~= "table" then return nil, "the answer is no JSON object: " .. (err and err.message or "another"
    .. " value") end
  return value
end

local function call(flow, provider, agent, request)
  flow.calls = (flow.calls or 0) + 1
  return flow:step(agent.name, { system = request.system, messages = request.messages }, function()
    if flow.calls > M.MAX_CALLS then
      return nil, { code = "budget", message = ("a run may call a model %d times"):format(M.MAX_CALLS) }
    end
    local characters, told = 0, timer.now()
    return provider:complete(request, function(text)
      characters = characters + #text
      if timer.now() - told >= TOLD_EVERY then
        told = timer.now()
        flow:tell { step = agent.name, characters = characters }
      end
    end)
  end)
end

local function converse(flow, provider, agent, material)
  local request = { system = prompt.system(agent.task, agent.schema), messages = agent.request(material),
    max_tokens = M.MAX_TOKENS }
  local problem
  for _ = 0, M.REPAIRS do
    local reply = call(flow, provider, agent, request)
    local value, fitting
    value, problem = read_object(reply.text)
    if value then
      fitting, problem = fit(agent, value, material)
      if fitting then return fitting end
    end
    if reply.truncated then problem = "the answer was cut off: it must be shorter" end
    local messages = { unpack(request.messages) }
    messages[#messages + 1] = { role = "assistant", content = reply.text ~= "" and reply.text or "{}" }
    messages[#messages + 1] = { role = "user", content = "That does not fit:\n" .. problem .. "\nAnswer again with the"
      .. " whole JSON object." }
    request = { system = request.system, messages = messages, max_tokens = request.max_tokens }
  end
  return flow:step(agent.name .. " answer", {}, function()
    return nil, { code = "answer", message = ("the model's answer to %s does not fit: %s"):format(agent.name, problem) }
  end)
end

--- What an agent makes of some material.
---@param flow table from workflow/flow.lua
---@param provider table from agents/provider/choose.lua
---@param agent table
---@param material table plain data
---@return table value that fits the agent's schema
function M.ask(flow, provider, agent, material)
  local extract = provider.extract and provider.extract[agent.name]
  if not extract then return converse(flow, provider, agent, material) end
  return flow:step(agent.name, material, function()
    local value, err = extract(material)
    if not value then return nil, err end
    local fitting, problem = fit(agent, value, material)
    if not fitting then return nil, { code = "answer", message = problem } end
    return fitting
  end)
end

return M
