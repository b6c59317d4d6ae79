-- model/bulk.lua: rows by the million, with COPY. Called by model/district.lua.
--
-- A table is filled faster without its indexes and references: each is then made once from all rows, by a sort or a
-- join, instead of ten million times for one row. They are taken off and made again from what the catalogue says, in
-- the caller's transaction, so that a failure leaves the table as it was.

local M = {}

--- PostgreSQL's NULL in the text that COPY reads.
M.NULL = "\\N"

-- Rows that go to PostgreSQL as one piece.
local PIECE = 1000

local concat = table.concat

-- What takes a table's indexes and references off, and what makes them again: keys before what refers to them.
local FITTINGS = [[
select format('alter table %s drop constraint %I', c.conrelid::regclass, c.conname) as off,
       format('alter table %s add constraint %I %s', c.conrelid::regclass, c.conname,
              pg_get_constraintdef(c.oid)) as make, c.contype = 'f' as last
  from pg_constraint c where c.conrelid = $1::regclass and c.contype in ('p', 'u', 'f')
   and not exists (select 1 from pg_constraint r where r.confrelid = c.conrelid and r.conindid = c.conindid)
 union all
select format('drop index %s', i.indexrelid::regclass), pg_get_indexdef(i.indexrelid), false
  from pg_index i where i.indrelid = $1::regclass
   and not exists (select 1 from pg_constraint c where c.conindid = i.indexrelid)
 order by last]]

-- The rows as COPY's text, in pieces. A value must hold no tab, line feed or backslash, but for NULL.
-- Each table is written by functions of its own that all end in the same few: LuaJIT would make traces of each pair and
-- throw them away again, which costs ten times as much as interpreting them.
local function pieces(rows)
  jit.off(rows, true)
  return coroutine.wrap(function()
    local lines, count = {}, 0
    local function emit(...)
      count = count + 1
      lines[count] = concat({ ... }, "\t")
      if count == PIECE then
        lines[count + 1] = ""
        coroutine.yield(concat(lines, "\n", 1, count + 1))
        count = 0
      end
    end
    jit.off(emit)
    rows(emit)
    lines[count + 1] = ""
    if count > 0 then coroutine.yield(concat(lines, "\n", 1, count + 1)) end
    return nil
  end)
end

local function each(conn, fittings, name)
  for _, row in ipairs(fittings) do
    local done, err = conn:query(row[name])
    if not done then return nil, err end
  end
  return true
end

--- Fills a table, within a transaction.
---@param conn host.pg.connection held without pipeline
---@param name string of the table
---@param columns string their names
---@param rows fun(emit: fun(...: string|number)) calls emit for each row with its values
---@return integer? count
---@return host.pg.error? err
function M.fill(conn, name, columns, rows)
  local fittings, err = conn:query(FITTINGS, name)
  if not fittings then return nil, err end
  local off, failure = each(conn, fittings, "off")
  if not off then return nil, failure end
  local count, refused = conn:copy(("copy %s (%s) from stdin"):format(name, columns), pieces(rows))
  if not count then return nil, refused end
  local sized, unset = conn:query("set local maintenance_work_mem = '256MB'")
  if not sized then return nil, unset end
  local made, broken = each(conn, fittings, "make")
  if not made then return nil, broken end
  return count
end

return M
