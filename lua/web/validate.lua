-- web/validate.lua: compiles a schema declaration into one closure that checks a decoded value.
--
-- validator(value, pointer, errors) → value. It appends every failure to errors, so a client learns all of them at
-- once, and returns the value as the handler shall see it (defaults filled in, CRLF made LF). Closures are made once
-- per declaration and kept on it: a request walks closures, it never reads the declaration.

local formats = require "web.formats"
local json = require "host.json"
local keys = require "util.keys"
local utf8 = require "util.utf8"

local M = {}

local find, gsub, floor, huge = string.find, string.gsub, math.floor, math.huge
local null = json.null

-- More errors than this help nobody and cost memory.
local MAX_ERRORS = 100

local function fail(errors, pointer, code, message)
  local n = #errors
  if n < MAX_ERRORS then errors[n + 1] = { pointer = pointer, code = code, message = message } end
end

---The JSON pointer (RFC 6901), as a URI fragment, of a member.
---@param pointer string of the object around it, "#" for the whole
---@param name string|integer
---@return string
function M.pointer(pointer, name)
  if type(name) == "string" and find(name, "[^%w_-]") then
    name = gsub(gsub(name, "~", "~0"), "/", "~1")
    name = gsub(name, "[^%w%-._~]", function(c) return ("%%%02X"):format(c:byte()) end)
  end
  return pointer .. "/" .. name
end

local function says_range(unit, min, max)
  if min and max then
    if min == max then return ("expected exactly %d %s"):format(min, unit) end
    return ("expected %s to %s %s"):format(tostring(min), tostring(max), unit)
  end
  if min then return ("expected at least %s %s"):format(tostring(min), unit) end
  return ("expected at most %s %s"):format(tostring(max), unit)
end

local compile

local compilers = {}

function compilers.text(declared)
  local min, max, multiline = declared.min, declared.max, declared.multiline
  local pattern = declared.pattern and "^" .. declared.pattern .. "$"
  local format = formats[declared.kind]
  local bad = multiline and "[%z\1-\8\11-\31\127]" or "[%z\1-\31\127]"
  local length_message = says_range("characters", min, max)
  return function(value, pointer, errors)
    if type(value) ~= "string" then
      fail(errors, pointer, "type", "expected a string")
      return value
    end
    if multiline and find(value, "\r", 1, true) then value = gsub(value, "\r\n", "\n") end
    if find(value, bad) or find(value, "\194[\128-\159]") then
      fail(errors, pointer, "control_character", "control characters are not allowed")
      return value
    end
    local length = utf8.length(value)
    if not length then
      fail(errors, pointer, "utf8", "expected valid UTF-8")
    elseif length < min or length > max then
      fail(errors, pointer, "length", length_message)
    elseif pattern and not find(value, pattern) then
      fail(errors, pointer, "pattern", declared.pattern_says or "has not the expected form")
    elseif format and not format(value) then
      fail(errors, pointer, "format", declared.says)
    end
    return value
  end
end

local function formatted(min, max, says)
  return function(declared)
    return compilers.text {
      kind = declared.kind, min = declared.min or min, max = declared.max or max, says = says,
    }
  end
end

compilers.date = formatted(1, 10, "expected a date such as 2026-01-31")
compilers.time = formatted(1, 40, "expected a time such as 2026-01-31T08:30:00Z")
compilers.email = formatted(3, 254, "expected an e-mail address")
compilers.url = formatted(8, 2000, "expected an http or https URL")

function compilers.uuid()
  local is_uuid = formats.uuid
  return function(value, pointer, errors)
    if type(value) ~= "string" then
      fail(errors, pointer, "type", "expected a string")
    elseif not is_uuid(value) then
      fail(errors, pointer, "format", "expected a UUID")
    else
      return value:lower()
    end
    return value
  end
end

local function numeric(declared, whole)
  local min, max = declared.min, declared.max
  local what = whole and "expected a whole number" or "expected a number"
  local range = says_range("", min, max):gsub(" $", "")
  return function(value, pointer, errors)
    if type(value) ~= "number" or value ~= value or value == huge or value == -huge then
      fail(errors, pointer, "type", what)
    elseif whole and value ~= floor(value) then
      fail(errors, pointer, "type", what)
    elseif (min and value < min) or (max and value > max) then
      fail(errors, pointer, "range", range)
    end
    return value
  end
end

function compilers.integer(declared)
  -- Beyond 2^53 a double no longer tells neighbours apart.
  return numeric({ min = declared.min or -9007199254740991, max = declared.max or 9007199254740991 }, true)
end

function compilers.number(declared)
  return numeric(declared, false)
end

function compilers.boolean()
  return function(value, pointer, errors)
    if type(value) ~= "boolean" then fail(errors, pointer, "type", "expected true or false") end
    return value
  end
end

function compilers.enum(declared)
  local set = declared.set
  local message = declared.says or "expected one of: " .. table.concat(declared.values, ", ")
  return function(value, pointer, errors)
    if type(value) ~= "string" then
      fail(errors, pointer, "type", "expected a string")
    elseif not set[value] then
      fail(errors, pointer, "enum", message)
    end
    return value
  end
end

function compilers.const(declared)
  local wanted = declared.value
  return function(value, pointer, errors)
    if value ~= wanted then fail(errors, pointer, "const", "expected " .. tostring(wanted)) end
    return value
  end
end

function compilers.array(declared)
  local item, min, max = compile(declared.item), declared.min, declared.max
  local message = says_range("items", min, max)
  return function(value, pointer, errors)
    if type(value) ~= "table" or not json.is_array(value) then
      fail(errors, pointer, "type", "expected an array")
      return value
    end
    local count = #value
    if count < min or count > max then
      fail(errors, pointer, "length", message)
      return value
    end
    for i = 1, count do value[i] = item(value[i], pointer .. "/" .. (i - 1), errors) end
    return value
  end
end

function compilers.object(declared)
  local names, fields, count = declared.names, declared.fields, #declared.names
  local least, most = declared.min, declared.max
  local checks, optional, defaults = {}, {}, {}
  for i, name in ipairs(names) do
    checks[i] = compile(fields[name])
    optional[i] = fields[name].optional or false
    defaults[i] = fields[name].default
  end
  return function(value, pointer, errors)
    if type(value) ~= "table" or json.is_array(value) then
      fail(errors, pointer, "type", "expected an object")
      return value
    end
    if least and next(value) == nil then fail(errors, pointer, "empty", "expected at least one field") end
    if most and next(value) ~= nil and next(value, (next(value))) ~= nil then
      fail(errors, pointer, "many", "expected one field only")
    end
    local unknown = keys.unknown(value, fields)
    for i = 1, #unknown do fail(errors, M.pointer(pointer, unknown[i]), "unknown", "unknown field") end
    for i = 1, count do
      local name = names[i]
      local given = value[name]
      if given ~= nil then
        value[name] = checks[i](given, pointer .. "/" .. name, errors)
      elseif not optional[i] then
        fail(errors, pointer .. "/" .. name, "required", "is missing")
      elseif defaults[i] ~= nil then
        value[name] = defaults[i]
      end
    end
    return value
  end
end

function compilers.map(declared)
  local item, max, check_name = compile(declared.item), declared.max, compile(declared.names)
  return function(value, pointer, errors)
    if type(value) ~= "table" or json.is_array(value) then
      fail(errors, pointer, "type", "expected an object")
      return value
    end
    local count, wrong = 0, {}
    for name, entry in pairs(value) do
      count = count + 1
      check_name(name, pointer, wrong)
      value[name] = item(entry, M.pointer(pointer, name), errors)
    end
    if wrong[1] then fail(errors, pointer, "name", "a name: " .. wrong[1].message) end
    if count > max then fail(errors, pointer, "length", says_range("entries", nil, max)) end
    return value
  end
end

-- Control characters are refused wherever text is not declared as multi-line; free JSON is no way around that,
-- but for line feed and tab.
local function clean(value)
  local kind = type(value)
  if kind == "string" then return not find(value, "[%z\1-\8\11-\31\127]") end
  if kind ~= "table" then return true end
  for name, entry in pairs(value) do
    if not clean(name) or not clean(entry) then return false end
  end
  return true
end

function compilers.any(declared)
  local max = declared.max
  return function(value, pointer, errors)
    if not clean(value) then
      fail(errors, pointer, "control_character", "control characters are not allowed")
    elseif #json.encode(value) > max then
      fail(errors, pointer, "length", says_range("octets", nil, max))
    end
    return value
  end
end

function compilers.either(declared)
  local checks, names = {}, {}
  for kind, alternative in pairs(declared.by_type) do
    checks[kind] = compile(alternative)
    names[#names + 1] = kind
  end
  table.sort(names)
  local message = "expected one of: " .. table.concat(names, ", ")
  return function(value, pointer, errors)
    local kind = type(value)
    if kind == "table" then kind = json.is_array(value) and "array" or "object" end
    local check = checks[kind]
    if check then return check(value, pointer, errors) end
    fail(errors, pointer, "type", message)
    return value
  end
end

function compilers.variant(declared)
  local tag, checks = declared.tag, {}
  for value, object in pairs(declared.variants) do checks[value] = compile(object) end
  local message = "expected one of: " .. table.concat(declared.values, ", ")
  return function(value, pointer, errors)
    if type(value) ~= "table" or json.is_array(value) then
      fail(errors, pointer, "type", "expected an object")
      return value
    end
    local check = checks[value[tag]]
    if not check then
      fail(errors, pointer .. "/" .. tag, value[tag] == nil and "required" or "enum", message)
      return value
    end
    return check(value, pointer, errors)
  end
end

---Compiles a declaration; the closure is kept on it.
---@param declared table
---@return fun(value: any, pointer: string, errors: table[]): any
function M.compile(declared)
  local made = declared.validator
  if made then return made end
  local check = compilers[declared.kind](declared)
  if declared.nullable then
    made = function(value, pointer, errors)
      if value == null then return value end
      return check(value, pointer, errors)
    end
  else
    made = function(value, pointer, errors)
      if value == null then
        fail(errors, pointer, "null", "must not be null")
        return value
      end
      return check(value, pointer, errors)
    end
  end
  declared.validator = made
  return made
end

compile = M.compile

---Checks a value against a declaration.
---@param declared table
---@param value any
---@return any? value as a handler shall see it, nil if there were errors
---@return table[]? errors { pointer, code, message }
function M.check(declared, value)
  local errors = {}
  value = compile(declared)(value, "#", errors)
  if #errors > 0 then return nil, errors end
  return value
end

return M
