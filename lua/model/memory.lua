-- model/memory.lua: what AI clients keep for a person between conversations. A person has any number of contexts, each
-- with a budget of tokens; over it, the entries that are worth least per token are forgotten, pinned ones last.

local json = require "host.json"
local pg = require "host.pg"
local db = require "model.db"
local page = require "model.page"
local id = require "util.id"

local M = {}

--- Tokens that one context may hold.
M.BUDGET = 128000

local COLUMNS = "m.id, m.context, m.key, m.category, m.source, m.content, m.tokens, m.priority, m.pinned,"
  .. " m.last_used_at, m.expires_at, m.created_at, m.updated_at, m.revision"
local ALIVE = "(m.expires_at is null or m.expires_at > now())"
local DAYS_IDLE = "extract(epoch from now() - m.last_used_at) / 86400.0"

--- An estimate: four octets a token.
function M.tokens(text)
  return math.ceil(#text / 4)
end

-- Forgets the least valuable entries until the context fits. Value halves for every week without use.
local function evict(tx, user_id, context)
  local rows, err = tx:query({ "delete from memories where id in (select v.id from (select m.id,"
    .. " sum(m.tokens) over (order by m.pinned desc, (m.priority + 1) * power(0.5, " .. DAYS_IDLE .. " / 7.0)"
    .. " / greatest(m.tokens, 1) desc, m.id desc) as used"
    .. " from memories m where m.user_id = ?::uuid and m.context = ?) v where v.used > ?) returning id, key",
    user_id, context, M.BUDGET })
  if not rows then return nil, err end
  return json.array(rows)
end

--- Keeps something. An entry with a key replaces the one with that key.
---@param entry table content; optional: context, key, category, source, priority (0–100), pinned, ttl (seconds)
---@return { memory: table, evicted: table[], used: integer, budget: integer }?
function M.put(user, entry)
  local context, tokens = entry.context or "default", M.tokens(entry.content)
  return db.memory:transaction(function(tx)
    local row, err = tx:one({ "insert into memories as m (id, user_id, context, key, category, source, content,"
      .. " tokens, priority, pinned, expires_at)"
      .. " values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, now() + ?::float8 * interval '1 second')"
      .. " on conflict (user_id, context, key) do update set category = excluded.category, source = excluded.source,"
      .. " content = excluded.content, tokens = excluded.tokens, priority = excluded.priority,"
      .. " pinned = excluded.pinned, expires_at = excluded.expires_at, last_used_at = now() returning " .. COLUMNS,
      id.uuid(), user.id, context, entry.key, entry.category or "knowledge", entry.source or "", entry.content, tokens,
      entry.priority or 50, entry.pinned or false, entry.ttl })
    if not row then return nil, err end
    local evicted, failure = evict(tx, user.id, context)
    if not evicted then return nil, failure end
    local used, broken = tx:one({ "select coalesce(sum(m.tokens), 0)::bigint as used from memories m"
      .. " where m.user_id = ?::uuid and m.context = ?", user.id, context })
    if not used then return nil, broken end
    return { memory = row, evicted = evicted, used = used.used, budget = M.BUDGET }
  end)
end

--- Entries of the own store, newest first. filter: { context?, search?, source?, min_priority?, keys?: string[] }
function M.list(user, filter, pages)
  local where = { { "m.user_id = ?::uuid and m.context = ?", user.id, filter.context or "default" }, ALIVE }
  if filter.search then where[#where + 1] = { "m.search @@ websearch_to_tsquery('english', ?)", filter.search } end
  if filter.source then where[#where + 1] = { "m.source = ?", filter.source } end
  if filter.min_priority then where[#where + 1] = { "m.priority >= ?::integer", filter.min_priority } end
  if filter.keys then where[#where + 1] = { "m.key = any(?::text[])", pg.array(filter.keys) } end
  local list, err = page.list(db.memory, {
    select = "select " .. COLUMNS .. " from memories m",
    where = where,
    columns = { id = { "m.id", "uuid" }, priority = { "m.priority", "integer" } },
    unique = "id",
  }, pages)
  if not list then return nil, err end
  local ids = {}
  for i, row in ipairs(list.items) do ids[i] = row.id end
  if #ids > 0 then
    local used, failure = db.memory:query({ "update memories set last_used_at = now() where id = any(?::uuid[])"
      .. " and last_used_at < now() - interval '1 minute'", pg.array(ids) })
    if not used then return nil, failure end
  end
  return list
end

--- Forgets entries: by keys, by source, or all of a context.
---@param which { keys?: string[], source?: string, all?: boolean }
---@return integer? forgotten
function M.forget(user, context, which)
  local condition
  if which.keys then condition = { "and m.key = any(?::text[])", pg.array(which.keys) }
  elseif which.source then condition = { "and m.source = ?", which.source }
  elseif which.all then condition = ""
  else return db.fail("invalid", "name keys, a source, or all") end
  return db.memory:run({ "delete from memories m where m.user_id = ?::uuid and m.context = ?",
    user.id, context or "default" }, condition)
end

return M
