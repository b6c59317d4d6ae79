-- util/url.lua: percent-encoding and query strings (RFC 3986, and the + of HTML forms).

local keys = require "util.keys"
local utf8 = require "util.utf8"

local M = {}

local find, sub, gsub, char, format, byte = string.find, string.sub, string.gsub, string.char, string.format,
  string.byte

local function octet(hex) return char(tonumber(hex, 16)) end

---@param text string
---@return string? decoded nil if an escape is broken or the result is not UTF-8
function M.decode(text)
  if find(text, "%", 1, true) then
    if find(text, "%%%X") or find(text, "%%%x%X") or find(text, "%%%x?$") then return nil end
    text = gsub(text, "%%(%x%x)", octet)
  end
  if not utf8.valid(text) then return nil end
  return text
end

---@param text string
---@return string with everything but unreserved characters escaped
function M.encode(text)
  return (gsub(text, "[^%w%-._~]", function(c) return format("%%%02X", byte(c)) end))
end

-- One name or value of a form: + is a space.
local function plain(text)
  if find(text, "[%%+]") then
    return M.decode((gsub(text, "+", " ")))
  end
  if not utf8.valid(text) then return nil end
  return text
end

---Splits a query string or a urlencoded form. A name that comes twice gets an array of its values.
---@param text string without "?"
---@param limit? integer most pairs that are taken, default 100
---@return table<string, string|string[]>? values nil if it cannot be parsed
function M.parse(text, limit)
  local values, at, size, count = {}, 1, #text, 0
  limit = limit or 100
  while at <= size do
    local stop = find(text, "&", at, true) or size + 1
    if stop > at then
      local equals = find(text, "=", at, true)
      if equals and equals >= stop then equals = nil end
      local name = plain(sub(text, at, (equals or stop) - 1))
      local value = equals and plain(sub(text, equals + 1, stop - 1)) or not equals and ""
      count = count + 1
      if not name or not value or count > limit then return nil end
      local before = values[name]
      if before == nil then
        values[name] = value
      elseif type(before) == "table" then
        before[#before + 1] = value
      else
        values[name] = { before, value }
      end
    end
    at = stop + 1
  end
  return values
end

---@param values table<string, string|number|boolean>
---@return string query with names in order, so that equal tables give equal text
function M.build(values)
  local names = keys.sorted(values)
  for i, name in ipairs(names) do
    names[i] = M.encode(name) .. "=" .. M.encode(tostring(values[name]))
  end
  return table.concat(names, "&")
end

return M
