-- web/sparse.lua: the parameter `fields` of a service's GET routes: an answer with some of an object's fields only.
--
-- A service that wants it says `sparse = true`; web/router.lua then declares the parameter on every GET that answers
-- with a list of objects or with an object that has an id, and web/endpoint.lua cuts what is sent.

local json = require "host.json"
local schema = require "web.schema"

local M = {}

-- The object whose fields are chosen, and whether the answer is a list of such.
local function chosen(out)
  local items = out.fields.items
  if items and out.fields.next and items.kind == "array" then
    return items.item.kind == "object" and items.item or nil, true
  end
  return out.fields.id and out or nil, false
end

---What a route's answer can be cut to; nil if it cannot.
---@param route table completed by the router
---@return { parameter: table, cut: fun(value: table, fields: string[]): table, out: table }?
function M.of(route)
  local out = route.out
  if route.method ~= "GET" or route.raw or not out or out.kind ~= "object" then return nil end
  local object, in_list = chosen(out)
  if not object then return nil end
  local part = schema.partial(object)
  part.min = nil -- what was asked for may be what an object need not have
  if object.name then part = schema.named("Some" .. object.name, part) end
  local names = schema.array(schema.enum(object.names), 1, #object.names)

  local function some(value, fields)
    local made = {}
    for _, name in ipairs(fields) do made[name] = value[name] end
    return made
  end

  local function cut(value, fields)
    if not in_list then return some(value, fields) end
    local items = json.array {}
    for i, item in ipairs(value.items) do items[i] = some(item, fields) end
    return { items = items, next = value.next }
  end

  return {
    parameter = schema.describe(schema.optional(names), "Only these fields are sent"),
    cut = cut,
    out = in_list and schema.list(part) or part,
  }
end

return M
