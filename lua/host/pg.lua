---@meta host.pg

-- PostgreSQL. Many tasks share few connections in pipeline mode; statements are prepared once per connection.
-- Parameters: string, number, boolean, nil or json.null (NULL), pg.json(v), pg.array(t), pg.bytes(s).
-- Values: int2/4/8 and float are numbers (an int8 that a double cannot hold is the error "range"), numeric a string,
-- bool, text, uuid a string, timestamptz an RFC 3339 string in UTC, date "2026-01-31", json and jsonb decoded, arrays a
-- table, bytea a string, NULL json.null. Other types are strings, as PostgreSQL writes them.
--
-- Shared connections take only statements that leave nothing behind in their session: BEGIN, SET, LISTEN, temporary
-- tables, session locks and COPY raise there and need transaction() or hold(). A query whose task is cancelled goes on
-- (others may be behind it on its connection) within query_timeout; on a held connection it is cancelled.

---@class host.pg
local pg = {}

---@class host.pg.error: host.error code: "unavailable" (no connection; 503), "timeout", "unique", "foreign_key", "check", "not_null", "serialization", "range", "sql" (anything else)
---@field sqlstate string?
---@field constraint string?
---@field column string?
---@field detail string? may hold values: for logs in development only

---@class host.pg.rows: table[] rows by column name
---@field count integer rows touched or returned

---@class host.pg.database
local database = {}

---@param name string a key of setting databases
---@return host.pg.database
function pg.database(name) end

---Waits. One statement, its own sync: its failure is nobody else's. But queries that functions of one task.all send in
---the same turn share a sync, an implicit transaction: one failure undoes them all.
---@param sql string with $1…
---@return host.pg.rows? rows
---@return host.pg.error? err
function database:query(sql, ...) end

---Waits. Statements sent together in one pipeline with one sync: an implicit transaction, all or nothing.
---@param statements any[][] each { sql, ... }; NULL at the end as json.null, or n = how many parameters
---@return host.pg.rows[]? results
---@return host.pg.error? err
function database:batch(statements) end

---Waits. Runs fn with a connection held in a transaction. Commits if fn returns, rolls back if it raises or returns nil, err.
---@param fn fun(tx: host.pg.connection): any, any
---@param options? { isolation?: "read committed"|"repeatable read"|"serializable", read_only?: boolean, retries?: integer } retries: after serialization failures and deadlocks, default 3
---@return any value what fn returned
---@return host.pg.error? err
function database:transaction(fn, options) end

---Waits. Runs fn with a connection held, outside a transaction.
---@param fn fun(conn: host.pg.connection): any, any
---@param options? { pipeline?: boolean } false leaves pipeline mode (COPY, scripts), and statements have no time limit
---@return any value
---@return host.pg.error? err
function database:hold(fn, options) end

---@class host.pg.connection
local connection = {}

---@param sql string
---@return host.pg.rows? rows
---@return host.pg.error? err
function connection:query(sql, ...) end

---@param statements any[][]
---@return host.pg.rows[]? results
---@return host.pg.error? err
function connection:batch(statements) end

---Several statements in one text, without parameters; needs hold{pipeline=false}.
---@param sql string
---@return boolean? ok
---@return host.pg.error? err
function connection:script(sql) end

---COPY … FROM STDIN; needs hold{pipeline=false}.
---@param sql string
---@param next fun(): string? pieces of the data, nil at the end
---@return integer? rows
---@return host.pg.error? err
function connection:copy(sql, next) end

---Registers fn for notifications; belongs to the generation. fn(nil) says that listening begins, at first and after a
---lost connection: what came before may have been missed. Each call is a task.
---@param channel string
---@param fn fun(payload: string?)
function database:listen(channel, fn) end

---@return { ok: boolean, reason: string?, connections: integer, idle: integer, waiting: integer }
function database:status() end

---@param value any
---@return userdata
function pg.json(value) end

---@param values any[] of one scalar type; nil-free
---@return userdata
function pg.array(values) end

---@param octets string
---@return userdata
function pg.bytes(octets) end

return pg
