-- tests/support/lists.lua: everything that can be read of a service, asked in every way that its declaration allows:
-- each filter by itself, each order, the first page and the one after it.

local json = require "host.json"
local permission = require "web.permission"

local M = {}

--- The routes of a service that answer a person with a value.
function M.of(service)
  local routes = {}
  for _, route in ipairs(service.routes) do
    if route.method == "GET" and route.guard.scheme == "user" and not route.raw then routes[#routes + 1] = route end
  end
  return routes
end

--- Whether a route answers with pages.
function M.is_list(route)
  return route.query ~= nil and route.query.limit ~= nil
end

local Asker = {}
Asker.__index = Asker

--- Somebody who asks.
---@param service table
---@param who table
---@param guesses table<string, any[]> kind of a parameter → values to try
function M.asker(service, who, guesses)
  local collections = {}
  for _, route in ipairs(M.of(service)) do collections[route.path] = route end
  return setmetatable({ who = who, guesses = guesses, collections = collections, ids = {} }, Asker)
end

function Asker:may(route)
  local needed = route.guard.permissions
  return not needed or permission.may(self.who.role, needed) == true
end

function Asker:defaults(route)
  local query = {}
  for name, declared in pairs(route.query or {}) do
    query[name] = declared.default
    if not declared.optional then query[name] = self:values(declared)[1] end
  end
  return query
end

--- Asks as the router would have it asked.
---@return table? answer
---@return table? err
function Asker:ask(route, params, query)
  return route.guard.handler({ route = route, params = params, query = query, user = self.who, method = "GET" })
end

-- Of the first object that this person sees in a collection.
function Asker:an_id(collection)
  if self.ids[collection] == nil then
    local route = self.collections[collection]
    local params = route and self:may(route) and self:params(route)
    local answer = params and self:ask(route, params, self:defaults(route))
    self.ids[collection] = answer and answer.items[1] and answer.items[1].id or false
  end
  return self.ids[collection] or nil
end

--- Path parameters; nil if this person sees no such object.
function Asker:params(route)
  local params = {}
  for name, declared in pairs(route.params) do
    local value = declared.resource and self:an_id(declared.resource)
    if declared.kind ~= "uuid" then value = self:values(declared)[1] end
    if not value then return nil end
    params[name] = value
  end
  return params
end

function Asker:values(declared)
  if declared.kind == "enum" then return declared.values end
  local values = { unpack(self.guesses[declared.kind] or {}) }
  values[#values + 1] = declared.resource and self:an_id(declared.resource)
  return values
end

-- With a filter, or none, in each order.
function Asker:ordered(route, name, value)
  local queries = {}
  local function add(sort)
    local query = self:defaults(route)
    query.sort = sort and { sort }
    if name then query[name] = value end
    queries[#queries + 1] = query
  end
  add()
  local sort = route.query and route.query.sort
  for _, order in ipairs(sort and sort.item.values or {}) do add(order) end
  return queries
end

local NO_FILTER = { limit = true, cursor = true, sort = true, fields = true }

--- Every query that a route is asked with.
function Asker:queries(route)
  local queries = self:ordered(route)
  for name, declared in pairs(route.query or {}) do
    for _, value in ipairs(NO_FILTER[name] and {} or self:values(declared)) do
      for _, query in ipairs(self:ordered(route, name, value)) do queries[#queries + 1] = query end
    end
  end
  return queries
end

--- The query that asks for the page after an answer; nil at the end.
function Asker.after(query, answer)
  if type(answer) ~= "table" or not answer.next or answer.next == json.null then return nil end
  local following = {}
  for name, value in pairs(query) do following[name] = value end
  following.cursor = answer.next
  return following
end

--- A query as one would read it.
function Asker.words(query)
  local words = {}
  for name, value in pairs(query) do
    if name ~= "limit" then
      words[#words + 1] = name .. "=" .. (type(value) == "table" and table.concat(value, ",") or tostring(value))
    end
  end
  table.sort(words)
  return table.concat(words, "&")
end

return M
