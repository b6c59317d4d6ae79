-- util/canonical.lua: one text for equal values, whatever order their members were made in: for digests and comparing.

local json = require "host.json"
local keys = require "util.keys"

local M = {}

local function write(value, out)
  if type(value) ~= "table" then
    out[#out + 1] = json.encode(value)
  elseif json.is_array(value) or #value > 0 then
    out[#out + 1] = "["
    for i, element in ipairs(value) do
      if i > 1 then out[#out + 1] = "," end
      write(element, out)
    end
    out[#out + 1] = "]"
  else
    local names = keys.sorted(value)
    out[#out + 1] = "{"
    for i, name in ipairs(names) do
      if i > 1 then out[#out + 1] = "," end
      out[#out + 1] = json.encode(name) .. ":"
      write(value[name], out)
    end
    out[#out + 1] = "}"
  end
end

--- JSON with sorted member names and no spaces.
---@param value any plain data
---@return string
function M.encode(value)
  local out = {}
  write(value, out)
  return table.concat(out)
end

return M
