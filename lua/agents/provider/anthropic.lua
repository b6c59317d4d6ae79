-- agents/provider/anthropic.lua: Anthropic's messages, streamed.

local stream = require "agents.provider.stream"

local M = {}

local Provider = {}
Provider.__index = Provider

local VERSION = "2023-06-01"

---@param settings { url?: string, model: string, key?: string }
function M.new(settings)
  return setmetatable({
    name = "anthropic", model = settings.model, key = settings.key,
    url = stream.address(settings.url or "https://api.anthropic.com", "/messages"),
  }, Provider)
end

-- What each event adds to the reply.
local handlers = {}

function handlers.message_start(reply, value)
  local usage = type(value.message) == "table" and value.message.usage
  if type(usage) == "table" then reply.input_tokens = usage.input_tokens or 0 end
end

function handlers.content_block_delta(reply, value, on_text)
  local text = type(value.delta) == "table" and value.delta.text
  if type(text) ~= "string" then return end
  reply.pieces[#reply.pieces + 1] = text
  if on_text then on_text(text) end
end

function handlers.message_delta(reply, value)
  if type(value.delta) == "table" and type(value.delta.stop_reason) == "string" then
    reply.finish = value.delta.stop_reason
  end
  if type(value.usage) == "table" then reply.output_tokens = value.usage.output_tokens or 0 end
end

function handlers.message_stop()
  return "end"
end

function handlers.error(_, value)
  local err = type(value.error) == "table" and value.error or {}
  local passing = err.type == "overloaded_error" or err.type == "api_error" or err.type == "rate_limit_error"
  return nil, { code = passing and "upstream" or "provider", message = tostring(err.message or "the stream failed") }
end

--- One answer; as agents/provider/openai.lua's.
function Provider:complete(request, on_text)
  local reply = { pieces = {}, input_tokens = 0, output_tokens = 0 }
  local ok, err = stream.post({
    name = "the model's server", url = self.url,
    headers = { ["x-api-key"] = self.key, ["anthropic-version"] = VERSION },
    body = {
      model = self.model, system = request.system, messages = request.messages, max_tokens = request.max_tokens,
      stream = true,
    },
  }, function(event)
    local handler = handlers[event.event]
    if not handler then return end -- ping, and events that are not known yet
    local value, bad = stream.decode("the model's server", event)
    if not value then return nil, bad end
    return handler(reply, value, on_text)
  end)
  if not ok then return nil, err end
  if not reply.finish then return nil, { code = "closed", message = "the model's server did not finish its answer" } end
  return { text = table.concat(reply.pieces), truncated = reply.finish == "max_tokens",
    input_tokens = reply.input_tokens, output_tokens = reply.output_tokens }
end

return M
