-- util/keys.lua: the names in a table in order, wherever the same table must give the same text each time: pairs()
-- promises no order.

local M = {}

---@param map table<string, any> names of one type
---@return string[] names ascending
function M.sorted(map)
  local names = {}
  for name in pairs(map) do names[#names + 1] = name end
  table.sort(names)
  return names
end

return M
