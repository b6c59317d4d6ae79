-- model/sql.lua: SQL put together from fragments, so that conditions of several files meet in one statement with
-- numbered parameters and no value ever becomes text.
--
-- A fragment is a string, or { "text with ? for each parameter", value, … }. A nil value is NULL.

local json = require "host.json"

local M = {}

--- Joins fragments with a space between them.
---@param ... string|table fragments
---@return string text with $1, $2, …
---@return any[] parameters with field n
function M.join(...)
  local texts, parameters, n = {}, {}, 0
  for i = 1, select("#", ...) do
    local fragment = select(i, ...)
    if type(fragment) == "string" then
      texts[i] = fragment
    else
      local taken = 1
      texts[i] = fragment[1]:gsub("%?", function()
        taken, n = taken + 1, n + 1
        local value = fragment[taken]
        if value == nil then value = json.null end
        parameters[n] = value
        return "$" .. n
      end)
    end
  end
  parameters.n = n
  return table.concat(texts, " "), parameters
end

--- A condition by which rows are checked, but by which the plan does not find them: for what another condition narrows
--- better than the planner can know.
---@param condition string|table
---@return table fragment
function M.checked(condition)
  return M.combine("", { "coalesce(", condition, ", false)" })
end

--- A comparison with a word of a fixed set, such as a state, written into the statement: so the plan knows how many
--- rows have it, and may use an index of those alone. Never for what somebody wrote.
---@param column string
---@param word string
---@return string fragment
function M.is(column, word)
  if not word:find("^%l[%l_]*$") then error(("%q is no word of a set"):format(word), 2) end
  return ("%s = '%s'"):format(column, word)
end

--- Joins fragments to one fragment, to be used as part of another statement.
---@param separator string such as " and "
---@param fragments (string|table)[]
---@return table fragment
function M.combine(separator, fragments)
  local texts, combined, n = {}, {}, 1
  for i, fragment in ipairs(fragments) do
    if type(fragment) == "string" then
      texts[i] = fragment
    else
      texts[i] = fragment[1]
      local _, holes = fragment[1]:gsub("%?", "")
      for k = 2, holes + 1 do
        n = n + 1
        combined[n] = fragment[k] == nil and json.null or fragment[k]
      end
    end
  end
  combined[1] = table.concat(texts, separator)
  return combined
end

return M
