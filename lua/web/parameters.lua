-- web/parameters.lua: path, query and header parameters: strings from the wire to values of a declared schema.
--
-- The router compiles the declared parameters of a route once; a request then costs one table per place that has any.
-- All errors of all places are collected, each naming its parameter.

local json = require "host.json"
local keys = require "util.keys"
local url = require "util.url"
local validate = require "web.validate"

local M = {}

local find, match = string.find, string.match

-- Text → value of the schema's kind, or the text itself, which the validator then refuses with its own words.
local function integer(text)
  return match(text, "^-?%d+$") and #text <= 17 and tonumber(text) or text
end

local function number(text)
  return match(text, "^-?%d+%.?%d*$") and #text <= 30 and tonumber(text) or text
end

local booleans = { ["true"] = true, ["false"] = false }
local function boolean(text)
  local value = booleans[text]
  if value == nil then return text end
  return value
end

local function same(text) return text end

local converters = { integer = integer, number = number, boolean = boolean }

-- A list comes as one value with commas.
local function array(item)
  local convert = converters[item.kind] or same
  return function(text)
    local values = {}
    if text ~= "" then
      for part in (text .. ","):gmatch("([^,]*),") do values[#values + 1] = convert(part) end
    end
    return json.array(values)
  end
end

local function converter(declared)
  if declared.kind == "array" then return array(declared.item) end
  return converters[declared.kind] or same
end

local function compile(declared)
  local names = keys.sorted(declared)
  local rows = {}
  for i, name in ipairs(names) do
    local schema = declared[name]
    rows[i] = {
      name = name,
      convert = converter(schema),
      check = validate.compile(schema),
      optional = schema.optional,
      default = schema.default,
    }
  end
  return rows
end

local function note(errors, name, code, message)
  errors[#errors + 1] = { parameter = name, code = code, message = message }
end

-- Checks one text and files what the validator says under the parameter's name.
local function convert_one(row, text, errors)
  local before = #errors
  local value = row.check(row.convert(text), "", errors)
  for i = before + 1, #errors do
    local err = errors[i]
    err.pointer, err.parameter = nil, row.name
  end
  return value
end

---@param declared table<string, table> the route's params
---@return fun(segments: table<string, string>, errors: table[]): table
function M.path(declared)
  local rows = compile(declared)
  return function(segments, errors)
    for i = 1, #rows do
      local row = rows[i]
      segments[row.name] = convert_one(row, segments[row.name], errors)
    end
    return segments
  end
end

local empty = {}

---@param declared table<string, table>? the route's query
---@return fun(query: string, errors: table[]): table? values nil if the query cannot be parsed
function M.query(declared)
  declared = declared or empty
  local rows = compile(declared)
  return function(query, errors)
    local given = empty
    if query ~= "" then
      given = url.parse(query)
      if not given then return nil end
      for _, name in ipairs(keys.unknown(given, declared)) do
        note(errors, name, "unknown", "unknown parameter")
      end
    elseif #rows == 0 then
      return empty
    end
    local values = {}
    for i = 1, #rows do
      local row = rows[i]
      local name, text = row.name, given[row.name]
      if type(text) == "table" then
        note(errors, name, "repeated", "is given more than once")
      elseif text then
        values[name] = convert_one(row, text, errors)
      elseif not row.optional then
        note(errors, name, "required", "is missing")
      else
        values[name] = row.default
      end
    end
    return values
  end
end

---A urlencoded form against an object schema, with pointers as for JSON.
---@param declared table object schema
---@return fun(text: string): table? values nil if it cannot be parsed; unknown fields stay for the validator to refuse
function M.form(declared)
  local converted = {}
  for name, field in pairs(declared.fields) do converted[name] = { converter(field), field } end
  return function(text)
    local given = url.parse(text)
    if not given then return nil end
    for name, value in pairs(given) do
      local known = converted[name]
      if known and type(value) == "table" then
        given[name] = known[2].kind == "array" and json.array(value) or value[1]
      elseif known then
        -- An empty input of an optional field is one that was left out.
        if value == "" and known[2].optional then
          given[name] = nil
        else
          given[name] = known[1](value)
        end
      end
    end
    return given
  end
end

---Entity tags of If-Match and If-None-Match (RFC 9110 section 8.8.3).
---@param text string
---@param strong? boolean weak tags are left out: they match nothing (If-Match, section 13.1.1)
---@return table<string, boolean>|"*"|nil tags without W/, nil if the header cannot be parsed
function M.entity_tags(text, strong)
  if match(text, "^%s*%*%s*$") then return "*" end
  local tags, at, count = {}, 1, 0
  while true do
    at = find(text, "[^%s,]", at) -- empty elements mean nothing (section 5.6.1)
    if not at then return count > 0 and tags or nil end
    local _, stop, weak, tag = find(text, '^(W?/?)("[!#-~\128-\255]*")%s*', at)
    if not stop or weak == "W" or weak == "/" then return nil end
    if weak == "" or not strong then tags[tag] = true end
    count, at = count + 1, stop + 1
    if count > 50 or (at <= #text and text:sub(at, at) ~= ",") then return nil end
  end
end

return M
