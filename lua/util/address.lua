-- util/address.lua: network addresses of clients.

local M = {}

local function groups(text)
  local list = {}
  for group in text:gmatch("[^:]+") do list[#list + 1] = group end
  return list
end

--- What one client can have addresses of at will: with IPv6 a network of 64 bits (RFC 6177), else the address itself.
--- Limits are counted for it.
---@param address string as the core writes it
---@return string
function M.network(address)
  if not address:find(":", 1, true) then return address end
  local mapped = address:match("^::ffff:(%d+%.%d+%.%d+%.%d+)$")
  if mapped then return mapped end
  local before, after = address:match("^(.-)::(.*)$")
  local list, tail = groups(before or address), groups(after or "")
  for _ = 1, 8 - #list - #tail do list[#list + 1] = "0" end
  for _, group in ipairs(tail) do list[#list + 1] = group end
  return table.concat(list, ":", 1, 4) .. "::/64"
end

return M
