-- toolboxd migrate: brings the databases to the schema of migrations/, and says where they stand.

local db = require "model.db"
local migration = require "model.migration"
local settings = require "host.settings"

local usage = [[
usage: toolboxd migrate [--config FILE] [COMMAND]

  up                     apply what is pending, in all databases; also without a command
  status                 list all migrations and whether they are applied
  check                  exit 1 if anything is pending, missing or changed
  new DATABASE WHAT      make the next file, such as: new education add_badges
  reset DATABASE|all     throw everything away and start anew (development only)

Databases: education, content, roblox, memory. Files are migrations/DATABASE/0001_what.sql: plain SQL, one transaction
each, applied in the order of their numbers, never changed once applied. Where the setting schema_files is true, up also
writes migrations/DATABASE/schema.sql: all that the migrations have made so far, to read and to compare.]]

-- migrations/ lies beside the first root (lua/).
local base = settings.roots[1]:gsub("/+$", ""):gsub("[^/]*$", "")

local function quoted(text)
  return "'" .. text:gsub("'", "'\\''") .. "'"
end

-- Commands read the disk; only served scripts are bound to the accepted set.
local disk = {
  list = function(folder)
    local names = {}
    local pipe = assert(io.popen("ls -1 " .. quoted(base .. folder) .. " 2>/dev/null"))
    for name in pipe:lines() do names[#names + 1] = name end
    pipe:close()
    return names
  end,
  read = function(path)
    local file = assert(io.open(base .. path, "rb"))
    local text = file:read("*a")
    file:close()
    return text
  end,
}

local function say(...)
  io.write(string.format(...), "\n")
end

local function complain(database, err)
  io.stderr:write(("toolboxd migrate: %s: %s\n"):format(database, err.reason or err.message))
  return 1
end

local function is_database(name)
  for _, known in ipairs(db.names) do
    if known == name then return true end
  end
  return false
end

-- pg_dump's text without what differs between versions and runs: comments, settings, the random words of \restrict.
local function normalised(dump)
  local lines = {}
  for line in dump:gmatch("([^\n]*)\n") do
    local noise = line:find("^%-%-") or line:find("^SET ") or line:find("^SELECT pg_catalog%.set_config")
      or line:find("^\\%l*restrict") or line:find("^COMMENT ON SCHEMA public") -- that one after a reset only
    if not noise and (line ~= "" or lines[#lines] ~= "") then lines[#lines + 1] = line end
  end
  return (table.concat(lines, "\n"):gsub("^\n+", ""):gsub("\n+$", "") .. "\n")
end

local function output(command)
  local pipe = assert(io.popen(command))
  local text = pipe:read("*a")
  pipe:close()
  return text
end

local function dump(database)
  local text = output("pg_dump --schema-only --no-owner --no-privileges --exclude-table=schema_migrations -d "
    .. quoted(settings.databases[database].url))
  return text:find("-- PostgreSQL database dump complete", 1, true) and normalised(text)
end

-- Replaced in one step, since a watching server or a second node may read it meanwhile.
local function write(path, text)
  local file = assert(io.open(path .. ".new", "wb"))
  file:write(text)
  file:close()
  assert(os.rename(path .. ".new", path))
end

local SCHEMA_HEAD = "-- What the migrations of this folder make, for readers; `toolboxd migrate up` writes it.\n\n"

-- The schema as it is now, beside its migrations.
local function write_schema(database)
  if output("command -v pg_dump") == "" then
    say("%-10s schema.sql is left as it is: there is no pg_dump here", database)
    return
  end
  local text = dump(database)
  if not text then
    say("%-10s schema.sql is left as it is: pg_dump failed", database)
    return
  end
  local path = base .. "migrations/" .. database .. "/schema.sql"
  local file = io.open(path, "rb")
  local before = file and file:read("*a")
  if file then file:close() end
  if before == SCHEMA_HEAD .. text then return end
  write(path, SCHEMA_HEAD .. text)
  say("%-10s schema.sql written", database)
end

local BEGIN_ANEW = "toolboxd migrate: while you still write a migration: toolboxd migrate reset %s begins anew"
  .. " (with an empty database; tools/dev fills it again)\n"

local commands = {}

function commands.up()
  for _, database in ipairs(db.names) do
    local names, err = migration.up(database, disk, function(name) say("%-10s %s applied", database, name) end)
    if not names then
      complain(database, err)
      if err.code == "conflict" and settings.development then io.stderr:write(BEGIN_ANEW:format(database)) end
      return 1
    end
    if #names == 0 then say("%-10s is up to date", database) end
    if settings.schema_files then write_schema(database) end
  end
  return 0
end

function commands.status()
  for _, database in ipairs(db.names) do
    local list, err = migration.status(database, disk)
    if not list then return complain(database, err) end
    for _, entry in ipairs(list) do
      say("%-10s %-28s %s", database, entry.name, entry.applied_at and "applied " .. entry.applied_at or "pending")
    end
  end
  return 0
end

function commands.check()
  local code = 0
  for _, database in ipairs(db.names) do
    local pending, err = migration.pending(database, disk)
    if not pending then
      code = complain(database, err)
    elseif #pending > 0 then
      code = complain(database, { message = "pending: " .. table.concat(pending, ", ") })
    end
  end
  return code
end

function commands.new(database, what)
  if not is_database(database) or not what or not what:find("^[%l%d_]+$") then
    io.stderr:write("toolboxd migrate new: expected a database and a name, such as: education add_badges\n")
    return 2
  end
  local last = 0
  for _, entry in ipairs(migration.files(database, disk)) do last = tonumber(entry.name:sub(1, 4)) end
  local path = ("migrations/%s/%04d_%s.sql"):format(database, last + 1, what)
  local file = assert(io.open(base .. path, "wx"))
  file:write("-- What changes, and why.\n\n")
  file:close()
  say("%s", path)
  return 0
end

function commands.reset(which)
  if not settings.development then
    io.stderr:write("toolboxd migrate reset: only where the setting development is true\n")
    return 2
  end
  if which ~= "all" and not is_database(which) then
    io.stderr:write("toolboxd migrate reset: expected a database or all\n")
    return 2
  end
  for _, database in ipairs(which == "all" and db.names or { which }) do
    local done, err = migration.reset(database)
    if not done then return complain(database, err) end
    say("%-10s is empty", database)
  end
  return commands.up()
end

local function run(name, ...)
  local command = commands[name or "up"]
  if not command then
    io.stderr:write(usage, "\n")
    return 2
  end
  return command(...)
end

return { usage = usage, run = run }
