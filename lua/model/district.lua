-- model/district.lua: one district to measure on, written with COPY. Called by `toolboxd seed --district`, never on
-- behalf of a person. What the tables get is computed from numbers by model/district_rows.lua (who is there, and what
-- they have learnt) and model/district_work.lua (what else a school year leaves), so the same scale makes the same
-- district.

local audit = require "model.audit"
local bulk = require "model.bulk"
local db = require "model.db"
local map = require "model.district_map"
local rows = require "model.district_rows"
local work = require "model.district_work"

local M = {}

M.login = map.login

-- Entries of each school's audit log. They are chained, so they are not copied but recorded.
local ENTRIES = 25

local function record_audits(schools)
  return db.education:transaction(function(tx)
    for school = 0, schools - 1 do
      local admin, school_id = { id = map.id("admin", school) }, map.id("school", school)
      for i = 0, ENTRIES - 1 do
        local done, err = audit.record(tx, admin, "user.create", { kind = "user", school_id = school_id,
          id = map.id("student", school * map.STUDENTS + i) })
        if not done then return nil, err end
      end
    end
    return schools * ENTRIES
  end)
end

local function fill_all(conn, tables, told)
  local begun, err = conn:script("begin")
  if not begun then return nil, err end
  for _, part in ipairs(tables) do
    local count, failure = bulk.fill(conn, part[1], part[2], part[3])
    if not count then return nil, failure end
    told(part[1], count)
  end
  return conn:script("commit")
end

--- Writes the district: all of it in one transaction, but for the audit log, which comes last.
---@param scale number 1 for the whole; the number of schools is scaled, one at least
---@param hash string of everybody's password, from user.hash
---@param told fun(table_name: string, rows: integer) called after each part
---@return true? made
---@return table? err conflict if there is a district already
function M.make(scale, hash, told)
  local schools = math.max(1, math.floor(map.SCHOOLS * scale + 0.5))
  local there, err = db.education:query({ "select 1 from schools s where s.id = ?::uuid", map.id("school", 0) })
  if not there then return nil, err end
  if there[1] then return db.fail("conflict", "there is a district already") end
  local tables = rows.tables(schools, hash)
  for _, part in ipairs(work.tables(schools)) do tables[#tables + 1] = part end
  local filled, failure = db.education.host:hold(function(conn)
    return fill_all(conn, tables, told)
  end, { pipeline = false })
  if not filled then return nil, failure end
  local recorded, lost = record_audits(schools)
  if not recorded then return nil, lost end
  told("audit_entries", recorded)
  -- What autovacuum would do some day: figures for the planner, and pages that an index alone may answer for.
  return db.education.host:hold(function(conn)
    return conn:script("vacuum (freeze, analyze)")
  end, { pipeline = false })
end

return M
