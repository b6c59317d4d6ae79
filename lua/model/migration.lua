-- model/migration.lua: the schema's versions. Each database has a folder of plain SQL files, applied in the order of
-- their names, one transaction each, forward only, and remembered with their checksum in schema_migrations. Two nodes
-- that migrate at once take turns (an advisory lock).
--
-- Files come from a reader: served scripts read the accepted set, commands read the disk.

local crypto = require "host.crypto"
local file = require "host.file"
local pg = require "host.pg"
local settings = require "host.settings"
local task = require "host.task"
local db = require "model.db"

local M = {}

--- Seconds that a node waits for another one that migrates.
M.PATIENCE = 300

-- An arbitrary number that only migrations lock.
local LOCK = 7105031

local TABLE = "create table if not exists schema_migrations (name text primary key, checksum text not null,"
  .. " applied_at timestamptz not null default now())"

local NAME = "^%d%d%d%d_[%w_]+%.sql$"

---@class model.migration.reader
---@field list fun(folder: string): string[] names of the files in a folder such as "migrations/education/"
---@field read fun(path: string): string?

--- Reads the accepted set; the setting assets must name the folder migrations.
M.accepted = {
  list = function(folder)
    local names = {}
    for i, path in ipairs(file.list(folder)) do names[i] = path:sub(#folder + 1) end
    return names
  end,
  read = file.read,
}

--- The migrations that there are for a database, in order.
---@param database string
---@param reader? model.migration.reader
---@return { name: string, checksum: string, sql: string }[]
function M.files(database, reader)
  reader = reader or M.accepted
  local folder = "migrations/" .. database .. "/"
  local list = {}
  for _, name in ipairs(reader.list(folder)) do
    if name:find(NAME) then
      local sql = reader.read(folder .. name)
      list[#list + 1] = { name = name, sql = sql, checksum = crypto.hex(crypto.sha256(sql)) }
    end
  end
  table.sort(list, function(a, b) return a.name < b.name end)
  return list
end

-- Name → checksum and time of what was applied. A database that was never migrated has no table of them.
local function applied(connection)
  local there, err = connection:query("select to_regclass('schema_migrations') is not null as there")
  if not there then return nil, err end
  if not there[1].there then return {} end
  local rows, failure = connection:query("select m.name, m.checksum, m.applied_at from schema_migrations m")
  if not rows then return nil, failure end
  local known = {}
  for _, row in ipairs(rows) do known[row.name] = row end
  return known
end

-- What keeps files and database from fitting, or nil: an applied file that is missing or has changed, or a new file
-- that should have come before one that was applied.
local function misfit(files, known)
  local by_name, newest = {}, ""
  for _, entry in ipairs(files) do by_name[entry.name] = entry end
  for name, row in pairs(known) do
    if not by_name[name] then return ("%s was applied and is missing"):format(name) end
    if by_name[name].checksum ~= row.checksum then return ("%s was applied and has been changed since"):format(name) end
    if name > newest then newest = name end
  end
  for _, entry in ipairs(files) do
    if not known[entry.name] and entry.name < newest then
      return ("%s comes before %s, which was applied already"):format(entry.name, newest)
    end
  end
end

--- Each migration with its state.
---@return { name: string, state: "applied"|"pending", applied_at?: string }[]?
---@return table? err conflict if files and database do not fit
function M.status(database, reader)
  local known, err = applied(db[database])
  if not known then return nil, err end
  local files, list = M.files(database, reader), {}
  local wrong = misfit(files, known)
  if wrong then return db.fail("conflict", ("%s: %s"):format(database, wrong)) end
  for i, entry in ipairs(files) do
    local row = known[entry.name]
    list[i] = { name = entry.name, state = row and "applied" or "pending", applied_at = row and row.applied_at }
  end
  return list
end

--- The names of what a database lacks: empty if it is ready.
---@return string[]?
---@return table? err conflict if files and database do not fit, unavailable
function M.pending(database, reader)
  local list, err = M.status(database, reader)
  if not list then return nil, err end
  local names = {}
  for _, entry in ipairs(list) do
    if entry.state == "pending" then names[#names + 1] = entry.name end
  end
  if #list == 0 then return db.fail("conflict", database .. ": no migrations were found among the assets") end
  return names
end

local function lock(connection)
  for _ = 1, M.PATIENCE * 10 do
    local rows, err = connection:query("select pg_try_advisory_lock($1) as taken", LOCK)
    if not rows then return nil, err end
    if rows[1].taken then return true end
    task.sleep(0.1)
  end
  return nil, { code = "timeout", message = "another node has been migrating for too long" }
end

-- One file in one transaction with the note that it was applied.
local function apply(connection, entry)
  local begun, err = connection:script("begin")
  if not begun then return nil, err end
  local done, failure = connection:script(entry.sql)
  if done then
    done, failure = connection:query("insert into schema_migrations (name, checksum) values ($1, $2)",
      entry.name, entry.checksum)
  end
  if not done then
    connection:script("rollback")
    failure.message = ("%s: %s"):format(entry.name, failure.message)
    return nil, failure
  end
  return connection:script("commit")
end

local GRANTS = [[
grant usage on schema public to %s;
grant select, insert, update, delete on all tables in schema public to %s;
grant usage on all sequences in schema public to %s;
revoke insert, update, delete on schema_migrations from %s]]

-- Grants a role what serving requests needs: rows, but neither the schema nor what a migration withholds.
local function grant(connection, role)
  local rows, err = connection:query("select quote_ident($1) as role, quote_literal($1) as text,"
    .. " to_regproc('withhold_from_serving') is not null as withholds", role)
  if not rows then return nil, err end
  local named = rows[1].role:gsub("%%", "%%%%")
  local script = GRANTS:gsub("%%s", named)
  if rows[1].withholds then script = ("%s; select withhold_from_serving(%s)"):format(script, rows[1].text) end
  return connection:script(script)
end

--- Applies what is pending, and grants the role of the setting database_role what it needs.
---@param database string
---@param reader? model.migration.reader
---@param told? fun(name: string) called after each file
---@return string[]? names of what was applied
---@return table? err
function M.up(database, reader, told)
  local files = M.files(database, reader)
  return pg.database(database):hold(function(connection)
    local locked, err = lock(connection)
    if not locked then return nil, err end
    local function all()
      local made, failure = connection:script(TABLE)
      if not made then return nil, failure end
      local known, unknown = applied(connection)
      if not known then return nil, unknown end
      local wrong = misfit(files, known)
      if wrong then return nil, { code = "conflict", message = wrong } end
      local names = {}
      for _, entry in ipairs(files) do
        if not known[entry.name] then
          local done, broken = apply(connection, entry)
          if not done then return nil, broken end
          names[#names + 1] = entry.name
          if told then told(entry.name) end
        end
      end
      if settings.database_role then
        local granted, refused = grant(connection, settings.database_role)
        if not granted then return nil, refused end
      end
      return names
    end
    local ok, names, failure = pcall(all)
    connection:query("select pg_advisory_unlock($1)", LOCK)
    if not ok then error(names, 0) end
    return names, failure
  end, { pipeline = false })
end

--- Throws everything away, so that up starts anew. The caller makes sure that this is a development database.
function M.reset(database)
  return pg.database(database):hold(function(connection)
    return connection:script("drop schema public cascade; create schema public")
  end, { pipeline = false })
end

return M
