-- The part of host.pg that is easier said in Lua: what surrounds a held connection. bind/pg.c calls this once per VM
-- with the module, the methods of databases, the primitives of bind/pg_hold.c and the methods of connections.

local pg, database, held, connection = ...
local encode, task = require("host.json").encode, require "host.task"
local pcall, error, type, random = pcall, error, type, math.random
local acquire, release = held.acquire, held.release

local text = pg.text
pg.text = nil

function pg.json(value) return text(encode(value)) end

local ISOLATION = {
  ["read committed"] = " ISOLATION LEVEL READ COMMITTED",
  ["repeatable read"] = " ISOLATION LEVEL REPEATABLE READ",
  ["serializable"] = " ISOLATION LEVEL SERIALIZABLE",
}

local function begin_text(options)
  local isolation = options.isolation and ISOLATION[options.isolation]
  if options.isolation and not isolation then
    error("isolation is \"read committed\", \"repeatable read\" or \"serializable\"", 3)
  end
  return "BEGIN" .. (isolation or "") .. (options.read_only and " READ ONLY" or "")
end

local function is_serialization(failure)
  return type(failure) == "table" and failure.code == "serialization"
end

-- One attempt. Returns whether it raised, the value or what was raised, the failure, and whether to try again.
local function attempt(conn, begin, fn)
  held.begin(conn, begin)
  local ok, value, failure = pcall(fn, conn)
  if ok and (value ~= nil or failure == nil) then
    local done, why = held.commit(conn)
    if done then return false, value end
    return false, nil, why, is_serialization(why)
  end
  local again = held.failed(conn) == "serialization" or is_serialization(failure) or is_serialization(value)
  return not ok, value, failure, again
end

function database:transaction(fn, options)
  options = options or {}
  local begin, retries = begin_text(options), options.retries or 3
  for try = 0, retries do
    local conn, err = acquire(self, true)
    if not conn then return nil, err end
    local ok, raised, value, failure, again = pcall(attempt, conn, begin, fn)
    release(conn) -- rolls back what was not committed
    if not ok then error(raised, 0) end -- cancelled at the commit
    if not again or try == retries then
      if raised then error(value, 0) end
      return value, failure
    end
    task.sleep((0.005 + random() * 0.02) * 2 ^ try)
  end
end

-- Commands of an operator, such as COPY or an index on a big table, take as long as they take.
local function unlimited(conn, fn)
  local set, err = conn:script("SET statement_timeout = 0")
  if not set then return nil, err end
  return fn(conn)
end

function database:hold(fn, options)
  local pipeline = not (options and options.pipeline == false)
  local conn, err = acquire(self, pipeline)
  if not conn then return nil, err end
  local ok, value, failure
  if pipeline then
    ok, value, failure = pcall(fn, conn)
  else
    ok, value, failure = pcall(unlimited, conn, fn)
  end
  release(conn)
  if not ok then error(value, 0) end
  return value, failure
end

local function put_all(conn, next)
  for piece in next do
    local ok, err = held.copy_put(conn, piece)
    if not ok then return nil, err end
  end
  return true
end

function connection:copy(sql, next)
  local ok, err = held.copy_begin(self, sql)
  if not ok then return nil, err end
  local fine, put, why = pcall(put_all, self, next)
  if fine and not put then return nil, why end
  local rows, failure = held.copy_end(self, not fine and "the source of the data failed" or nil)
  if not fine then error(put, 0) end
  if not rows then return nil, failure end
  return rows.count
end
