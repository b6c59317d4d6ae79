-- web/asyncapi.lua: the AsyncAPI 3 document of the live topics, from the declarations that web/live.lua checks with
-- and a service's list of topics: { { name, address, summary, events = { kind → { summary, schema } } } }.

local json = require "host.json"
local jsonschema = require "web.jsonschema"
local keys = require "util.keys"
local live = require "web.live"

local M = {}

local function message(name, summary, schema)
  return { name = name, title = name, summary = summary, contentType = "application/json", payload = schema }
end

local function event_schema(kind, data, components)
  local envelope = jsonschema.convert(live.messages.event, components)
  envelope.properties.kind = { const = kind }
  envelope.properties.data = jsonschema.convert(data, components)
  return envelope
end

local says = {
  subscribed = "The topic is followed; cursor is the newest event's id",
  unsubscribed = "The topic is no longer followed: as was asked, or because it may no longer be",
  pong = "Answer to ping", error = "A command failed",
}

---@param topics table[]
---@param info { title: string, version: string, host: string, path: string, secure: boolean }
---@return table document
function M.document(topics, info)
  local schemas, messages, received = {}, {}, json.array {}
  for _, name in ipairs(keys.sorted(says)) do
    messages[name] = message(name, says[name], jsonschema.convert(live.messages[name], schemas))
    received[#received + 1] = { ["$ref"] = "#/channels/live/messages/" .. name }
  end
  local listed = {}
  for _, topic in ipairs(topics) do
    for _, kind in ipairs(keys.sorted(topic.events)) do
      local event = topic.events[kind]
      local name = topic.name .. "." .. kind
      messages[name] = message(name, ("%s (topic %s)"):format(event[1], topic.address),
        event_schema(kind, event[2], schemas))
      received[#received + 1] = { ["$ref"] = "#/channels/live/messages/" .. name }
    end
    listed[#listed + 1] = { name = topic.name, address = topic.address, summary = topic.summary,
      ["x-roles"] = json.array(topic.roles) }
  end
  messages.command = message("command", "What a client says", jsonschema.convert(live.Command, schemas))
  return {
    asyncapi = "3.0.0",
    info = { title = info.title, version = info.version, description = info.description },
    defaultContentType = "application/json",
    servers = { main = { host = info.host, protocol = info.secure and "wss" or "ws", pathname = "/" } },
    channels = {
      live = { address = info.path, title = "Live topics", messages = messages, ["x-topics"] = json.array(listed) },
    },
    operations = {
      say = {
        action = "receive", channel = { ["$ref"] = "#/channels/live" }, summary = "Follow topics",
        messages = json.array { { ["$ref"] = "#/channels/live/messages/command" } },
      },
      hear = {
        action = "send", channel = { ["$ref"] = "#/channels/live" }, summary = "Answers and events",
        messages = received,
      },
    },
    components = { schemas = schemas },
  }
end

return M
