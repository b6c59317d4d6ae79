-- util/html.lua: text inside HTML.

local buffer = require "string.buffer"

local M = {}

local byte, find, sub = string.byte, string.find, string.sub
local entities = {
  [byte "&"] = "&amp;", [byte "<"] = "&lt;", [byte ">"] = "&gt;", [byte '"'] = "&quot;", [byte "'"] = "&#39;",
}
local out = buffer.new()

-- Five plain searches, which LuaJIT compiles, are cheaper than one pattern.
local function is_plain(text)
  return not (find(text, "&", 1, true) or find(text, "<", 1, true) or find(text, ">", 1, true)
    or find(text, '"', 1, true) or find(text, "'", 1, true))
end

---Safe between tags and inside quoted attributes.
---@param text string
---@return string
function M.escape(text)
  if is_plain(text) then return text end
  out:reset() -- of what an error may have left
  local from = 1
  for i = 1, #text do
    local entity = entities[byte(text, i)]
    if entity then
      out:put(sub(text, from, i - 1), entity)
      from = i + 1
    end
  end
  return out:put(sub(text, from)):get()
end

return M
