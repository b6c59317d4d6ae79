-- model/sql.lua: SQL put together from fragments, so that conditions of several files meet in one statement with
-- numbered parameters and no value ever becomes text.
--
-- A fragment is a string, or { "text with ? for each parameter", value, … }. A nil value is NULL.

local null = require("host.json").null

local M = {}

-- What was joined before, as a tree whose branches are the texts of fragments, so that the same statement again is
-- looked up and not written. A node knows its fragment with numbers in the place of holes, how many these are, and how
-- many there are on the way to it. `plain` branches are of strings, `holed` ones of tables.
local function new_node(parent, numbered, holes)
  return { parent = parent, numbered = numbered, holes = holes, before = parent and parent.before + parent.holes or 0,
    plain = {}, holed = {} }
end

-- Some statements are put together from what a client asks for, so there is no end of them: at the limit the tree
-- begins anew.
local NODES = 4000
local root, count = new_node(nil, nil, 0), 0

local function grow(node, branches, text)
  if count >= NODES then root, count = new_node(nil, nil, 0), 0 end
  count = count + 1
  local numbered, holes, first = text, 0, node.before + node.holes
  if branches == node.holed then
    numbered = text:gsub("%?", function()
      holes = holes + 1
      return "$" .. first + holes
    end)
  end
  local grown = new_node(node, numbered, holes)
  branches[text] = grown
  return grown
end

local function holes_of(text)
  return (root.holed[text] or grow(root, root.holed, text)).holes
end

local function text_of(node)
  local texts, last = {}, node
  while node.parent do
    table.insert(texts, 1, node.numbered)
    node = node.parent
  end
  last.text = table.concat(texts, " ")
  return last.text
end

--- Joins fragments with a space between them.
---@param ... string|table fragments
---@return string text with $1, $2, …
---@return any[] parameters with field n
function M.join(...)
  local node, parameters, n = root, {}, 0
  for i = 1, select("#", ...) do
    local fragment = select(i, ...)
    if type(fragment) == "string" then
      node = node.plain[fragment] or grow(node, node.plain, fragment)
    else
      local text = fragment[1]
      node = node.holed[text] or grow(node, node.holed, text)
      for k = 2, node.holes + 1 do
        local value = fragment[k]
        if value == nil then value = null end
        n = n + 1
        parameters[n] = value
      end
    end
  end
  parameters.n = n
  return node.text or text_of(node), parameters
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

--- The condition that a row is still as somebody has seen it; fits any where nobody says what was seen.
---@param alias string of the row's table
---@param revision integer?
---@return string|table fragment
function M.as_seen(alias, revision)
  return revision and { alias .. ".revision = ?::bigint", revision } or "true"
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
      for k = 2, holes_of(fragment[1]) + 1 do
        n = n + 1
        combined[n] = fragment[k] == nil and null or fragment[k]
      end
    end
  end
  combined[1] = table.concat(texts, separator)
  return combined
end

return M
