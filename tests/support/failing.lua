-- tests/support/failing.lua: a database that is lost in the middle of something: at the first of its statements, at the
-- second, and so on. Whatever was going on must say "unavailable", and nothing else.

local db = require "model.db"

local M = {}

-- What a connection is asked, but for the statement whose turn it is to fail.
local function wrapped(connection, is_due)
  local function either(name)
    return function(_, ...)
      if is_due() then return nil, { code = "unavailable", message = "the connection was lost" } end
      return connection[name](connection, ...)
    end
  end
  return { query = either "query", batch = either "batch" }
end

--- Runs fn; the n-th statement that it sends to a database fails.
---@param database string
---@param n integer
---@param fn fun(): any, table?
---@return boolean failed false: there were less statements
---@return any value what fn returned
---@return table? err
function M.at(database, n, fn)
  local host, count = db[database].host, 0
  local function is_due()
    count = count + 1
    return count == n
  end
  local fake = wrapped(host, is_due)
  function fake.transaction(_, inner, options)
    return host:transaction(function(connection) return inner(wrapped(connection, is_due)) end, options)
  end
  rawset(db[database], "host", fake)
  local ok, value, err = pcall(fn)
  rawset(db[database], "host", host)
  if not ok then error(value, 0) end
  return count >= n, value, err
end

--- What is not told as "unavailable" when a database is lost at each statement of something in turn, or nil.
---@param database string
---@param act fun(given: any): any, table? succeeds if nothing fails
---@param prepare? fun(): any before each time, what act is given
---@return string? fault
---@return integer statements
function M.fault(database, act, prepare)
  local n = 0
  while true do
    n = n + 1
    local given = prepare and prepare()
    local failed, value, err = M.at(database, n, function() return act(given) end)
    if not failed then
      if value == nil then return ("it fails by itself: %s: %s"):format(err.code, err.message), n - 1 end
      return nil, n - 1
    end
    if value ~= nil or err == nil or err.code ~= "unavailable" then
      return ("without statement %d it answers %s"):format(n, value ~= nil and tostring(value) or err and err.code
        or "nothing"), n
    end
  end
end

return M
