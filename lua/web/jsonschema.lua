-- web/jsonschema.lua: a schema declaration as JSON Schema 2020-12, as OpenAPI 3.1 and AsyncAPI 3 embed it.

local json = require "host.json"

local M = {}

local convert

local kinds = {}

function kinds.text(declared)
  local pattern = declared.json_pattern
  if not pattern and not declared.pattern then
    -- What the validator refuses, said so that a generator of inputs knows it.
    pattern = declared.multiline and "^[^\\u0000-\\u0008\\u000B-\\u001F\\u007F-\\u009F]*$"
      or "^[^\\u0000-\\u001F\\u007F-\\u009F]*$"
  end
  return {
    type = "string", minLength = declared.min > 0 and declared.min or nil, maxLength = declared.max,
    format = declared.format, pattern = pattern, examples = declared.example and json.array { declared.example } or nil,
  }
end

function kinds.integer(declared)
  return { type = "integer", minimum = declared.min or -9007199254740991, maximum = declared.max or 9007199254740991 }
end

function kinds.number(declared)
  return { type = "number", minimum = declared.min, maximum = declared.max }
end

function kinds.boolean() return { type = "boolean" } end

function kinds.enum(declared) return { type = "string", enum = json.array(declared.values) } end

function kinds.const(declared) return { const = declared.value } end

function kinds.uuid(declared)
  return { type = "string", format = "uuid", ["x-resource"] = declared.resource }
end

function kinds.date() return { type = "string", format = "date" } end

function kinds.time() return { type = "string", format = "date-time" } end

function kinds.email(declared) return { type = "string", format = "email", maxLength = declared.max } end

function kinds.url(declared) return { type = "string", format = "uri", maxLength = declared.max } end

function kinds.array(declared, components)
  return {
    type = "array", items = convert(declared.item, components),
    minItems = declared.min > 0 and declared.min or nil, maxItems = declared.max,
  }
end

function kinds.object(declared, components)
  local properties, required = {}, {}
  for _, name in ipairs(declared.names) do
    local field = declared.fields[name]
    properties[name] = convert(field, components)
    if not field.optional then required[#required + 1] = name end
  end
  return {
    type = "object", properties = properties, required = #required > 0 and json.array(required) or nil,
    additionalProperties = false, minProperties = declared.min, maxProperties = declared.max,
  }
end

function kinds.map(declared, components)
  return { type = "object", additionalProperties = convert(declared.item, components),
    propertyNames = convert(declared.names), maxProperties = declared.max }
end

function kinds.any() return {} end

function kinds.either(declared, components)
  local alternatives = {}
  for _, kind in ipairs { "boolean", "number", "string", "array", "object" } do
    local alternative = declared.by_type[kind]
    if alternative then alternatives[#alternatives + 1] = convert(alternative, components) end
  end
  return { anyOf = json.array(alternatives) }
end

function kinds.variant(declared, components)
  local variants = {}
  for i, value in ipairs(declared.values) do variants[i] = convert(declared.variants[value], components) end
  return { oneOf = json.array(variants) }
end

local function nullable(made)
  if made["$ref"] or made.oneOf or made.const or made.type == nil then
    return { anyOf = json.array { made, { type = "null" } } }
  end
  made.type = json.array { made.type, "null" }
  if made.enum then
    local values = json.array { unpack(made.enum) }
    values[#values + 1] = json.null
    made.enum = values
  end
  return made
end

---@param declared table
---@param components? table<string, table> where named schemas are put; without it they are written out
---@return table
function M.convert(declared, components)
  local made
  if declared.name and components then
    if not components[declared.name] then
      components[declared.name] = {} -- so that a schema may mention itself
      components[declared.name] = kinds[declared.kind](declared, components)
    end
    made = { ["$ref"] = "#/components/schemas/" .. declared.name }
  else
    made = kinds[declared.kind](declared, components)
  end
  if declared.nullable then made = nullable(made) end
  if declared.default ~= nil then made.default = declared.default end
  if declared.description then made.description = declared.description end
  return made
end

convert = M.convert

return M
