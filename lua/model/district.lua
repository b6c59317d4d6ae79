-- model/district.lua: one district to measure on, written with COPY. Called by `toolboxd seed --district`, never on
-- behalf of a person. What the tables get is computed from numbers by model/district_rows.lua (who is there, and what
-- they have learnt) and model/district_work.lua (what else a school year leaves), so the same shape makes the same
-- district.

local audit = require "model.audit"
local bulk = require "model.bulk"
local db = require "model.db"
local map = require "model.district_map"
local rows = require "model.district_rows"
local work = require "model.district_work"

local M = {}

M.login, M.whole = map.login, map.whole

-- Entries of the audit log are chained, so they are not copied but recorded.
local function record_audits(shape)
  return db.education:transaction(function(tx)
    local failure
    map.each(shape, shape.entries, function(school, i)
      if failure then return end -- a transaction that has failed takes nothing more
      local done, err = audit.record(tx, { id = map.id("admin", school) }, "user.create", { kind = "user",
        school_id = map.id("school", school), id = map.id("student", school * shape.students + i) })
      if not done then failure = err end
    end)
    if failure then return nil, failure end
    return shape.schools * shape.entries
  end)
end

-- What each table gets, of all shapes together: it is filled once. Each shape has the same tables in the same order.
local function parts_of(shapes, hash)
  local parts = {}
  for _, shape in ipairs(shapes) do
    local i = 0
    for _, list in ipairs { rows.tables(shape, hash), work.tables(shape) } do
      for _, part in ipairs(list) do
        i = i + 1
        parts[i] = parts[i] or { name = part[1], columns = part[2] }
        table.insert(parts[i], part[3])
      end
    end
  end
  return parts
end

local function fill_all(conn, parts, told)
  local begun, err = conn:script("begin")
  if not begun then return nil, err end
  for _, part in ipairs(parts) do
    local count, failure = bulk.fill(conn, part.name, part.columns, function(emit)
      for _, write in ipairs(part) do write(emit) end
    end)
    if not count then return nil, failure end
    told(part.name, count)
  end
  return conn:script("commit")
end

--- Writes the district: all of it in one transaction, but for the audit log, which comes last.
---@param shapes model.district.shape[] one after the other
---@param hash string of everybody's password, from user.hash
---@param told fun(table_name: string, rows: integer) called after each part
---@return true? made
---@return table? err conflict if there is a district already
function M.make(shapes, hash, told)
  local there, err = db.education:query({ "select 1 from schools s where s.id = ?::uuid",
    map.id("school", shapes[1].first) })
  if not there then return nil, err end
  if there[1] then return db.fail("conflict", "there is a district already") end
  local parts = parts_of(shapes, hash)
  local filled, failure = db.education.host:hold(function(conn)
    return fill_all(conn, parts, told)
  end, { pipeline = false })
  if not filled then return nil, failure end
  for _, shape in ipairs(shapes) do
    local recorded, lost = record_audits(shape)
    if not recorded then return nil, lost end
    told("audit_entries", recorded)
  end
  -- What autovacuum would do some day: figures for the planner, and pages that an index alone may answer for.
  return db.education.host:hold(function(conn)
    return conn:script("vacuum (freeze, analyze)")
  end, { pipeline = false })
end

return M
