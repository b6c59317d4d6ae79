-- util/table_text.lua: rows of a database as text that people open: CSV (RFC 4180) with a line of names.

local json = require "host.json"

local M = {}

-- What a spreadsheet would take for a formula is made a text by a quotation mark in front (OWASP, CSV injection).
local function text_of(value)
  if value == nil or value == json.null then return "" end
  if type(value) == "table" then value = json.encode(value) end
  if type(value) ~= "string" then return tostring(value) end
  if value:find("^[=+@\t\r-]") then value = "'" .. value end
  return value
end

local function quoted(value)
  local text = text_of(value)
  if not text:find('[",\r\n]') then return text end
  return '"' .. text:gsub('"', '""') .. '"'
end

local function line(values)
  return table.concat(values, ",") .. "\r\n"
end

--- Rows as CSV. The columns are those of all rows, sorted by name; without rows there is nothing to name.
---@param rows table<string, any>[]
---@return string
function M.csv(rows)
  local seen, names = {}, {}
  for _, row in ipairs(rows) do
    for name in pairs(row) do
      if not seen[name] then names[#names + 1] = name end
      seen[name] = true
    end
  end
  if not names[1] then return "" end
  table.sort(names)
  local lines = { line(names) }
  for i, row in ipairs(rows) do
    local values = {}
    for k, name in ipairs(names) do values[k] = quoted(row[name]) end
    lines[i + 1] = line(values)
  end
  return table.concat(lines)
end

return M
