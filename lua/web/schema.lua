-- web/schema.lua: what values may look like, declared once.
--
--   local New = schema.object { title = schema.text(1, 200), grade = schema.integer(1, 12) }
--
-- From one declaration come a validator (web/validate.lua), a shaper of answers (web/shape.lua) and JSON Schema
-- (web/jsonschema.lua), each compiled once. This file only builds the declarations: plain tables that other modules
-- read and nobody changes. A field of an object must be there unless it is optional(…).

local M = {}

local Node = {}
Node.__index = Node

local function node(kind, fields)
  fields = fields or {}
  fields.kind = kind
  return setmetatable(fields, Node)
end

-- A changed copy: declarations are shared, so they are never changed in place.
local function with(declared, changes)
  local copy = {}
  for key, value in pairs(declared) do copy[key] = value end
  for key, value in pairs(changes) do copy[key] = value end
  copy.validator, copy.shaper = nil, nil
  return setmetatable(copy, Node)
end

---@param value any
---@return boolean
function M.is(value)
  return getmetatable(value) == Node
end

---One line of text, min to max characters, without control characters.
---@param min integer
---@param max integer
---@param options? { pattern?: string, pattern_says?: string, json_pattern?: string, example?: string }
---pattern is a Lua pattern for the whole text, json_pattern the same as a regular expression
function M.text(min, max, options)
  local made = node("text", { min = min, max = max })
  for key, value in pairs(options or {}) do made[key] = value end
  return made
end

---Text of several lines: line feeds and tabs are allowed, CRLF becomes LF before the length is measured.
function M.multiline(min, max)
  return node("text", { min = min, max = max, multiline = true })
end

---A password: as text, but never shown in documents or messages.
function M.password(min, max)
  return node("text", { min = min, max = max, format = "password" })
end

---A whole number; without bounds as far as a double tells neighbours apart.
---@param min? integer
---@param max? integer
function M.integer(min, max)
  return node("integer", { min = min, max = max })
end

---A number; a bound that is not given is none.
---@param min? number
---@param max? number
function M.number(min, max)
  return node("number", { min = min, max = max })
end

---true or false.
function M.boolean()
  return node("boolean")
end

---@param values string[]
---@param says? string what was expected, where the values are too many to be told
function M.enum(values, says)
  local set = {}
  for _, value in ipairs(values) do set[value] = true end
  return node("enum", { values = values, set = set, says = says })
end

---Exactly this string, number or boolean.
function M.const(value)
  return node("const", { value = value })
end

---The id of an object.
---@param resource? string the collection that it belongs to, such as "/api/v1/classes"
function M.id(resource)
  return node("uuid", { resource = resource })
end

---A day (RFC 3339 full-date).
function M.date()
  return node("date")
end

---A point in time (RFC 3339).
function M.time()
  return node("time")
end

---An address as people type it (web/formats.lua).
function M.email()
  return node("email", { min = 3, max = 254 })
end

---An http or https URL.
function M.url(max)
  return node("url", { min = 8, max = max or 2000 })
end

---@param item table
---@param min? integer default 0
---@param max? integer default 100
function M.array(item, min, max)
  assert(M.is(item), "schema.array needs a schema")
  return node("array", { item = item, min = min or 0, max = max or 100 })
end

---@param fields table<string, table> name → schema
function M.object(fields)
  local names = {}
  for name, field in pairs(fields) do
    if not M.is(field) then error(("field %q is not a schema"):format(tostring(name)), 2) end
    names[#names + 1] = name
  end
  table.sort(names)
  return node("object", { fields = fields, names = names })
end

---An object whose names are data: a line of at most 100 characters each.
---@param value table schema of the values
---@param max? integer most entries, default 100
function M.map(value, max)
  return node("map", { item = value, max = max or 100, names = M.text(0, 100) })
end

---Any JSON value of bounded size.
---@param max? integer most octets when written as JSON, default 65536
function M.any(max)
  return node("any", { max = max or 65536 })
end

---One of several objects, told apart by the constant in field `tag`.
---@param tag string
---@param variants table<string, table> value of the tag → object schema without it
function M.variant(tag, variants)
  local full, values = {}, {}
  for value, declared in pairs(variants) do
    local fields = { [tag] = M.const(value) }
    for name, field in pairs(declared.fields) do fields[name] = field end
    full[value] = M.object(fields)
    values[#values + 1] = value
  end
  table.sort(values)
  return node("variant", { tag = tag, variants = full, values = values })
end

local json_types = { boolean = "boolean", integer = "number", number = "number", array = "array", map = "object" }

---A value of one of several kinds, told apart by its JSON type.
---@param ... table schemas of texts, numbers, booleans, arrays or maps; at most one of each
function M.either(...)
  local by_type = {}
  for _, declared in ipairs { ... } do by_type[json_types[declared.kind] or "string"] = declared end
  return node("either", { by_type = by_type })
end

---An object of optional fields of which exactly one is given.
function M.one_of(fields)
  local made = M.partial(M.object(fields))
  made.max = 1
  return made
end

---The field may be missing. A default is put in its place.
function M.optional(declared, default)
  return with(declared, { optional = true, default = default })
end

---null is allowed too. In an answer a missing value becomes null.
function M.nullable(declared)
  return with(declared, { nullable = true })
end

---Adds words for the documentation.
---@param declared table
---@param text string
function M.describe(declared, text)
  return with(declared, { description = text })
end

---Names an object, so that documents refer to it instead of repeating it.
---@param name string such as "Course"
---@param declared table
function M.named(name, declared)
  return with(declared, { name = name })
end

---The same object with more fields.
function M.extend(declared, fields)
  local all = {}
  for name, field in pairs(declared.fields) do all[name] = field end
  for name, field in pairs(fields) do all[name] = field end
  return M.object(all)
end

---The same object with every field optional and at least one given: the body of a PATCH.
function M.partial(declared)
  local fields = {}
  for name, field in pairs(declared.fields) do
    fields[name] = with(field, { optional = true })
    fields[name].default = nil
  end
  local made = M.object(fields)
  made.min = 1
  return made
end

---A page of a list: { items = […], next = cursor or null }.
function M.list(item)
  local made = M.object {
    items = M.array(item, 0, 1000),
    next = M.nullable(M.describe(M.text(1, 1000), "Cursor of the next page")),
  }
  if item.name then made.name = item.name .. "List" end
  return made
end

return M
