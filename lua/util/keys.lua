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

local NONE = {}

---Those of them that are not known. Costs nothing where all are: requests are checked by it.
---@param map table<string, any>
---@param known table<string, any>
---@return string[] names ascending; not the caller's to change
function M.unknown(map, known)
  local names
  for name in pairs(map) do
    if not known[name] then
      names = names or {}
      names[#names + 1] = name
    end
  end
  if not names then return NONE end
  table.sort(names)
  return names
end

return M
