-- tests/support/plans.lua: what statements a piece of code sends, and how much PostgreSQL reads to answer them.

local db = require "model.db"

local M = {}

--- Runs fn and gives the statements that it sent to a database: { text, parameters…, n }; then what it returned.
---@param database string
---@return table[] sent, any value, table? err
function M.sent_by(database, fn)
  local host, sent = db[database].host, {}
  local function note(text, ...) sent[#sent + 1] = { text, n = select("#", ...), ... } end
  rawset(db[database], "host", {
    query = function(_, text, ...) note(text, ...) return host:query(text, ...) end,
    batch = function(_, list)
      for _, statement in ipairs(list) do note(unpack(statement, 1, table.maxn(statement))) end
      return host:batch(list)
    end,
    transaction = function(_, ...) return host:transaction(...) end,
  })
  local ok, value, err = pcall(fn)
  rawset(db[database], "host", host)
  if not ok then error(value, 0) end
  return sent, value, err
end

-- Rows that a scan looked at, whether it passed them on or not; a probe that finds nothing is work too. Figures of a
-- node are those of one loop.
local function looked_at(node)
  local rows = node["Actual Rows"] + (node["Rows Removed by Filter"] or 0)
    + (node["Rows Removed by Index Recheck"] or 0)
  return math.max(rows, 1) * node["Actual Loops"]
end

local function walk(node, big, found)
  local name = node["Relation Name"]
  if big[name or ""] and node["Actual Loops"] > 0 then
    found.rows = found.rows + looked_at(node)
    if node["Node Type"] == "Seq Scan" then found.scanned = name end
  end
  for _, inner in ipairs(node.Plans or {}) do walk(inner, big, found) end
end

-- Tables that PostgreSQL would rather not read from end to end. Smaller ones it reads at a gulp, whatever there is.
local BIG = [[select c.relname as name from pg_class c where c.relkind = 'r' and c.relpages >= 40]]

local Explainer = {}
Explainer.__index = Explainer

-- The statement with its parameters written out, as EXECUTE of a prepared one: only so can its plan be that for any
-- parameters, which PostgreSQL takes after some runs if it looks no dearer.
local function execution(self, statement)
  local name = self.prepared[statement[1]]
  if not name then
    self.count = self.count + 1
    name = "explained_" .. self.count
    self.prepared[statement[1]] = name
    assert(self.conn:query(("prepare %s as %s"):format(name, statement[1])))
  end
  if statement.n == 0 then return "execute " .. name end
  local holes, values = {}, {}
  for i = 1, statement.n do holes[i], values[i] = "%L", ("$%d::text"):format(i) end
  return assert(self.conn:query(("select format('execute %s(%s)', %s) as text"):format(name,
    table.concat(holes, ", "), table.concat(values, ", ")), unpack(statement, 2, statement.n + 1)))[1].text
end

local function explained(self, mode, text)
  assert(self.conn:query("set plan_cache_mode = force_" .. mode .. "_plan"))
  local row = assert(self.conn:query("explain (analyze, buffers, timing off, format json) " .. text))[1]
  local plan = row["QUERY PLAN"][1].Plan
  local found = { rows = 0, blocks = plan["Shared Hit Blocks"] + plan["Shared Read Blocks"], mode = mode, text = text }
  walk(plan, self.big, found)
  return found
end

--- How PostgreSQL answers a statement, by really running it with the plan for these parameters and with that for any.
---@param statement table as sent_by gives it
---@return { rows: integer, blocks: integer, scanned: string?, mode: string, text: string }[] found rows of big tables
---and blocks of 8 KiB that it looked at, a big table that it read from end to end; nothing if it was explained before
function Explainer:explain(statement)
  local text = execution(self, statement)
  if self.seen[text] then return {} end
  self.seen[text] = true
  return { explained(self, "custom", text), explained(self, "generic", text) }
end

--- Runs fn(explainer) with a connection of its own to a database.
---@param database string
function M.explaining(database, fn)
  return assert(db[database].host:hold(function(conn)
    local self = setmetatable({ conn = conn, prepared = {}, count = 0, seen = {}, big = {} }, Explainer)
    for _, row in ipairs(assert(conn:query(BIG))) do self.big[row.name] = true end
    fn(self)
    return true
  end))
end

return M
