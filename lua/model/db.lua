-- model/db.lua: the four databases as the model's files use them: statements from fragments (model/sql.lua), one row or
-- many, transactions, and PostgreSQL's errors turned into errors that a client may read.
--
-- Errors returned: not_found, conflict (a unique constraint; field says which), invalid (a check or a reference),
-- unavailable (no connection, too slow, too much contention: try again). Everything else is a mistake in our SQL and
-- raises.

local pg = require "host.pg"
local constraint = require "model.constraint"
local sql = require "model.sql"

local M = {}

local told = {
  unique = { code = "conflict", message = "it exists already" },
  foreign_key = { code = "invalid", message = "it refers to something that does not exist" },
  check = { code = "invalid", message = "a value is out of bounds" },
}

local passing = { unavailable = true, timeout = true, serialization = true }

-- A table or column that is not there: most likely somebody has written a migration and has not applied it.
local missing = { ["42P01"] = true, ["42703"] = true }

--- What a client may read about a failed statement. serialization passes as it is: the transaction around retries it.
local function translate(err)
  if passing[err.code] or err.model then return err end
  local kind = told[err.code]
  if not kind then
    error(("SQL failed (%s%s): %s%s"):format(err.code, err.sqlstate and " " .. err.sqlstate or "", err.message,
      missing[err.sqlstate] and " (is a migration not applied? toolboxd migrate status tells)" or ""), 0)
  end
  local known = constraint[err.constraint or ""] or {}
  return { code = kind.code, message = known.message or kind.message, field = known.field,
    constraint = err.constraint, model = true }
end

--- The outermost call: what remains is told as "unavailable".
local function finish(value, err)
  if value ~= nil or not err then return value, err end
  if passing[err.code] then
    return nil, { code = "unavailable", message = "the database cannot answer now", reason = err.message }
  end
  return nil, err
end

---@class model.connection inside a transaction
local Connection = {}
Connection.__index = Connection

local function send(self, ...)
  local text, parameters = sql.join(...)
  local rows, err = self.host:query(text, unpack(parameters, 1, parameters.n))
  if not rows then return nil, translate(err) end
  return rows
end

--- Runs a statement made of fragments.
---@return table[]? rows an array and nothing else, as JSON can have it
---@return table? err
function Connection:query(...)
  local rows, err = send(self, ...)
  if not rows then return nil, err end
  rows.count = nil
  return rows
end

--- Runs a statement for what it does.
---@return integer? count rows that it touched
---@return table? err
function Connection:run(...)
  local rows, err = send(self, ...)
  if not rows then return nil, err end
  return rows.count
end

--- The first row, or nil with the error not_found.
function Connection:one(...)
  local rows, err = self:query(...)
  if not rows then return nil, err end
  if not rows[1] then return nil, { code = "not_found", message = "there is no such object", model = true } end
  return rows[1]
end

--- Statements sent together, in one round trip, all or nothing.
---@param statements (string|table)[][] each a list of fragments
---@return table[][]? results
---@return table? err
function Connection:batch(statements)
  local list = {}
  for i, fragments in ipairs(statements) do
    local text, parameters = sql.join(unpack(fragments))
    list[i] = { text, unpack(parameters, 1, parameters.n) }
  end
  local results, err = self.host:batch(list)
  if not results then return nil, translate(err) end
  for _, rows in ipairs(results) do rows.count = nil end
  return results
end

--- A transaction in a transaction is the same transaction.
function Connection:transaction(fn)
  return fn(self)
end

---@class model.database: model.connection
local Database = {}

-- Transactions that all statements of a task join: coroutine → { database, connection }. open counts them, so that
-- nobody looks while there are none.
local joined, open = setmetatable({}, { __mode = "k" }), 0

local function joined_by(database)
  local found = joined[coroutine.running()]
  return found and found.database == database and found.connection
end

-- Parts lie within each other, and all savepoints have one name: whichever was not released is the one that the next
-- rollback would mean.
local UNDO = { { "rollback to savepoint joined" }, { "release savepoint joined" } }

local function leave(tx, ok, value, err)
  if not ok then error(value, 0) end
  local failed = value == nil and err
  local left, failure
  if failed then left, failure = tx.host:batch(UNDO) else left, failure = tx.host:query("release savepoint joined") end
  if not left then return nil, translate(failure) end
  return value, err
end

-- What would be a transaction of its own is a part that can fail for itself.
local function part(tx, fn, ...)
  local begun, err = tx.host:query("savepoint joined")
  if not begun then return nil, translate(err) end
  return leave(tx, pcall(fn, tx, ...))
end

for _, name in ipairs { "query", "run", "one", "batch" } do
  local send_it = Connection[name]
  Database[name] = function(self, ...)
    local tx = open > 0 and joined_by(self)
    if tx then return finish(part(tx, send_it, ...)) end
    return finish(send_it(self, ...))
  end
end

--- Runs fn(connection) in a transaction: committed if it returns a value, rolled back if it returns nil, err or raises.
---@param fn fun(tx: model.connection): any, table?
---@param options? table of host.pg's transaction
function Database:transaction(fn, options)
  local tx = open > 0 and joined_by(self)
  if tx then return finish(part(tx, fn)) end
  local value, err = self.host:transaction(function(connection)
    return fn(setmetatable({ host = connection }, Connection))
  end, options)
  if value == nil and err and not passing[err.code] and not err.model and err.sqlstate then err = translate(err) end
  return finish(value, err)
end

--- Runs fn(connection) in a transaction that every statement on this database joins which the same task runs meanwhile,
--- through whatever model. A transaction among them is a part that can fail for itself; isolation is that of this one.
---@param fn fun(tx: model.connection): any, table?
function Database:joined(fn)
  return self:transaction(function(tx)
    local task = coroutine.running()
    joined[task], open = { database = self, connection = tx }, open + 1
    local ok, value, err = pcall(fn, tx)
    joined[task], open = nil, open - 1
    if not ok then error(value, 0) end
    return value, err
  end)
end

--- Calls fn(payload) for every notification of a channel, fn(nil) if some may have been missed. Belongs to the
--- generation.
function Database:listen(channel, fn)
  self.host:listen(channel, fn)
end

--- True if the database answers, else nil and why not.
function Database:ping()
  local rows, err = self.host:query("select 1")
  if not rows then return nil, err end
  return true
end

-- host is looked up at the first use, so that requiring a model needs no settings.
local lazy = {
  __index = function(self, key)
    if key ~= "host" then return Database[key] end
    local host = pg.database(self.name)
    rawset(self, "host", host)
    return host
  end,
}

M.names = { "education", "content", "roblox", "memory" }

for _, name in ipairs(M.names) do
  M[name] = setmetatable({ name = name }, lazy)
end

--- The error of a reader who asked for what is not there, or not for them.
function M.not_found(what)
  return nil, { code = "not_found", message = ("there is no such %s"):format(what), model = true }
end

--- An expected failure that the caller may read; made here so that a transaction passes it on untouched.
function M.fail(code, message, field)
  return nil, { code = code, message = message, field = field, model = true }
end

--- Why a change hit no row: it is not there or not theirs to see, was changed meanwhile, or is not theirs to change.
---@param what string a noun for the message
---@param revision integer? what the caller has seen
---@param seen table? the row as they may see it now
---@param err table? why there is none
function M.missed(what, revision, seen, err)
  if not seen then return nil, err end
  if revision and seen.revision ~= revision then
    return M.fail("stale", ("the %s was changed meanwhile"):format(what))
  end
  return M.fail("forbidden", ("you may not change this %s"):format(what))
end

return M
