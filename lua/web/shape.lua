-- web/shape.lua: compiles a schema declaration into one function that cuts a value to what an answer may hold, as a
-- table (compile) or at once as JSON (writer).
--
-- Only declared fields leave: a column that a query happens to fetch is never sent by accident. A missing required
-- field is a defect of the handler and raises. In development and tests the router checks the result with
-- web/validate.lua as well.
--
-- The functions are generated as Lua source, straight through the fields. So each has code of its own, which LuaJIT
-- compiles for itself; closures of one function would share its traces and throw each other out of them.

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

local function missing(name)
  error(("answer lacks field %q"):format(name), 0)
end

local function generate(name, source, ...)
  return assert(loadstring(source, "=(shape of " .. name .. ")"))(...)
end

-- What to do with one field; %q is its name, %d its number.
local GIVEN = { [true] = "out[%q] = v", [false] = "out[%q] = inner[%d](v)" }

local function field_lines(field, name, i)
  local absent = field.nullable and ("out[%q] = null"):format(name)
    or field.optional and "" or ("missing(%q)"):format(name)
  local given = GIVEN[plain[field.kind] or false]:format(name, i)
  return ("  v = value[%q]\n  if v == nil or v == null then %s else %s end\n"):format(name, absent, given)
end

local function object(declared)
  local lines, inner = {}, {}
  for i, name in ipairs(declared.names) do
    local field = declared.fields[name]
    lines[i] = field_lines(field, name, i)
    if not plain[field.kind] then inner[i] = compile(field) end
  end
  local source = ([[
local null, missing, inner, new_table = ...
return function(value)
  local out, v = new_table(0, %d), nil
%s  return out
end]]):format(#declared.names, table.concat(lines))
  return generate(declared.name or "object", source, null, missing, inner, new_table)
end

local LIST = [[
local item, array, new_table = ...
return function(value)
  local n = #value
  local out = new_table(n, 0)
  for i = 1, n do out[i] = %s end
  return array(out)
end]]

local function list(declared)
  local item = declared.item
  local source = LIST:format(plain[item.kind] and "value[i]" or "item(value[i])")
  return generate("list", source, not plain[item.kind] and compile(item), array, new_table)
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

---Compiles a declaration; the function is kept on it.
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

local plan

local function absence(field)
  return field.nullable and "null" or field.optional and "nothing" or "fault"
end

-- What host.json's writer is to do (lua/host/json.lua); "any" for what is sent as it is.
local plans = {
  object = function(declared)
    local made = { kind = "object" }
    for i, name in ipairs(declared.names) do
      local field = declared.fields[name]
      made[i] = { name, plan(field), absence(field) }
    end
    return made
  end,
  array = function(declared) return { kind = "list", plan(declared.item) } end,
  map = function(declared) return { kind = "map", plan(declared.item) } end,
  variant = function(declared)
    local made = { kind = "variant", declared.tag }
    for value, full in pairs(declared.variants) do made[#made + 1] = { value, plan(full) } end
    return made
  end,
}

function plan(declared)
  local make = plans[declared.kind]
  return make and make(declared) or "any"
end

---Compiles a declaration to a function that writes values of it.
---@param declared table
---@return fun(value: any): string
function M.writer(declared)
  return json.writer(plan(declared))
end

return M
