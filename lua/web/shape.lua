-- web/shape.lua: compiles a schema declaration into one closure that cuts a value to what an answer may hold.
--
-- Only declared fields leave: a column that a query happens to fetch is never sent by accident. A missing required
-- field is a defect of the handler and raises. In development and tests the router checks the result with
-- web/validate.lua as well.

local json = require "host.json"
local new_table = require "table.new"

local M = {}

local null, array = json.null, json.array

local compile

-- Kinds whose values are sent as they are.
local plain = {
  text = true, uuid = true, integer = true, number = true, boolean = true, enum = true, const = true,
  date = true, time = true, email = true, url = true, any = true, either = true,
}

local function object(declared)
  local names, count = declared.names, #declared.names
  local shapers, optional, nullable = {}, {}, {}
  for i, name in ipairs(names) do
    local field = declared.fields[name]
    shapers[i] = not plain[field.kind] and compile(field) or false
    optional[i] = field.optional or false
    nullable[i] = field.nullable or false
  end
  return function(value)
    local out = new_table(0, count)
    for i = 1, count do
      local name = names[i]
      local given = value[name]
      if given == nil or given == null then
        if nullable[i] then
          out[name] = null
        elseif not optional[i] then
          error(("answer lacks field %q"):format(name), 0)
        end
      elseif shapers[i] then
        out[name] = shapers[i](given)
      else
        out[name] = given
      end
    end
    return out
  end
end

local function list(declared)
  local item = not plain[declared.item.kind] and compile(declared.item)
  return function(value)
    local out = new_table(#value, 0)
    for i = 1, #value do out[i] = item and item(value[i]) or value[i] end
    return array(out)
  end
end

local function map(declared)
  local item = not plain[declared.item.kind] and compile(declared.item)
  return function(value)
    local out = {}
    for name, entry in pairs(value) do out[name] = item and item(entry) or entry end
    return out
  end
end

local function variant(declared)
  local tag, shapers = declared.tag, {}
  for value, full in pairs(declared.variants) do shapers[value] = compile(full) end
  return function(value)
    local shaper = shapers[value[tag]] or error(("answer has unknown %s %q"):format(tag, tostring(value[tag])), 0)
    return shaper(value)
  end
end

local function same(value) return value end

local kinds = { object = object, array = list, map = map, variant = variant }

---Compiles a declaration; the closure is kept on it.
---@param declared table
---@return fun(value: any): any
function M.compile(declared)
  local made = declared.shaper
  if made then return made end
  local shape = kinds[declared.kind]
  made = shape and shape(declared) or same
  if declared.nullable and shape then
    local inner = made
    made = function(value) return value == null and null or inner(value) end
  end
  declared.shaper = made
  return made
end

compile = M.compile

return M
