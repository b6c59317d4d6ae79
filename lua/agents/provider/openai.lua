-- agents/provider/openai.lua: chat completions as OpenAI and the servers compatible with it speak them, streamed.

local stream = require "agents.provider.stream"

local M = {}

local Provider = {}
Provider.__index = Provider

---@param settings { url?: string, model: string, key?: string }
function M.new(settings)
  return setmetatable({
    name = "openai", model = settings.model, key = settings.key,
    url = stream.address(settings.url or "https://api.openai.com", "/chat/completions"),
  }, Provider)
end

local function messages_of(request)
  local messages = { { role = "system", content = request.system } }
  for _, message in ipairs(request.messages) do messages[#messages + 1] = message end
  return messages
end

--- One answer.
---@param request { system: string, messages: { role: string, content: string }[], max_tokens: integer }
---@param on_text? fun(text: string) called with each piece
---@return { text: string, truncated: boolean, input_tokens: integer, output_tokens: integer }? reply
---@return table? err
function Provider:complete(request, on_text)
  local pieces, reply, finish = {}, { input_tokens = 0, output_tokens = 0 }, nil
  local ok, err = stream.post({
    name = "the model's server", url = self.url,
    headers = { authorization = self.key and "Bearer " .. self.key or nil },
    body = {
      model = self.model, messages = messages_of(request), max_tokens = request.max_tokens, stream = true,
      stream_options = { include_usage = true }, response_format = { type = "json_object" },
    },
  }, function(event)
    if event.data == "[DONE]" then return "end" end
    local value, bad = stream.decode("the model's server", event)
    if not value then return nil, bad end
    if type(value.error) == "table" then
      return nil, { code = "upstream", message = tostring(value.error.message) }
    end
    if type(value.usage) == "table" then
      reply.input_tokens, reply.output_tokens = value.usage.prompt_tokens or 0, value.usage.completion_tokens or 0
    end
    local choice = type(value.choices) == "table" and value.choices[1]
    if not choice then return end
    if type(choice.finish_reason) == "string" then finish = choice.finish_reason end
    local text = type(choice.delta) == "table" and choice.delta.content
    if type(text) == "string" and text ~= "" then
      pieces[#pieces + 1] = text
      if on_text then on_text(text) end
    end
  end)
  if not ok then return nil, err end
  if not finish then return nil, { code = "closed", message = "the model's server did not finish its answer" } end
  reply.text, reply.truncated = table.concat(pieces), finish == "length"
  return reply
end

return M
