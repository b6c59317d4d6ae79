-- services/mcp/tools/context.lua: tools by which a client keeps something between conversations. Everybody has a store
-- of one's own: whose it is comes from the token, never from arguments.

local memory = require "model.memory"
local schema = require "web.schema"

local optional, describe = schema.optional, schema.describe

local Entry = schema.object {
  id = schema.id(), key = schema.nullable(schema.text(1, 200)), category = schema.text(1, 40),
  source = schema.text(0, 100), content = schema.multiline(1, 100000), tokens = schema.integer(0),
  priority = schema.integer(0, 100), pinned = schema.boolean(), updated_at = schema.time(),
}

local context = describe(optional(schema.text(1, 100), "default"), "Which of your contexts")

local function update(user, arguments)
  local stored, err = memory.put(user, arguments)
  if not stored then return nil, err end
  local evicted = {}
  for i, row in ipairs(stored.evicted) do evicted[i] = type(row.key) == "string" and row.key or row.id end
  return { id = stored.memory.id, tokens = stored.memory.tokens, evicted = evicted, used = stored.used,
    budget = stored.budget }
end

local function query(user, arguments)
  local found, err = memory.list(user, {
    context = arguments.context, search = arguments.text, source = arguments.source,
    min_priority = arguments.min_priority, keys = arguments.keys,
  }, { limit = arguments.limit })
  if not found then return nil, err end
  return { entries = found.items, more = found.next ~= nil }
end

local function clear(user, arguments)
  local forgotten, err = memory.forget(user, arguments.context, arguments)
  if not forgotten then return nil, err end
  return { forgotten = forgotten }
end

return {
  {
    name = "context_update", title = "Keep something",
    description = "Keeps a text for later conversations. With a key it replaces what had that key. Over the budget the"
      .. " entries that are worth least are forgotten; their keys are told.",
    input = schema.object {
      content = schema.multiline(1, 100000), context = context, key = optional(schema.text(1, 200)),
      source = optional(schema.text(0, 100)), priority = optional(schema.integer(0, 100), 50),
      category = optional(schema.enum { "system", "user", "history", "knowledge", "workspace" }, "knowledge"),
      pinned = optional(schema.boolean(), false),
      ttl = describe(optional(schema.integer(1, 31536000)), "Seconds after which it is forgotten"),
    },
    output = schema.object {
      id = schema.id(), tokens = describe(schema.integer(0), "Estimated: four octets each"),
      evicted = schema.array(schema.text(1, 200), 0, 10000), used = schema.integer(0), budget = schema.integer(0),
    },
    annotations = { readOnlyHint = false, destructiveHint = false, idempotentHint = false, openWorldHint = false },
    run = update,
  },
  {
    name = "context_query", title = "Recall",
    description = "What you have kept: by words, keys, source or least priority; newest first.",
    input = schema.object {
      context = context, text = optional(schema.text(1, 200)),
      keys = optional(schema.array(schema.text(1, 200), 1, 50)),
      source = optional(schema.text(1, 100)), min_priority = optional(schema.integer(0, 100)),
      limit = optional(schema.integer(1, 100), 20),
    },
    output = schema.object { entries = schema.array(Entry, 0, 100), more = schema.boolean() },
    annotations = { readOnlyHint = true, openWorldHint = false }, run = query,
  },
  {
    name = "context_clear", title = "Forget",
    description = "Forgets entries by keys, by source, or, with all, everything of a context.",
    input = schema.object {
      context = context, keys = optional(schema.array(schema.text(1, 200), 1, 50)),
      source = optional(schema.text(1, 100)), all = optional(schema.boolean()),
    },
    output = schema.object { forgotten = schema.integer(0) },
    annotations = { readOnlyHint = false, destructiveHint = true, idempotentHint = true, openWorldHint = false },
    run = clear,
  },
}
