-- util/html.lua: text inside HTML.

local M = {}

local entities = { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ['"'] = "&quot;", ["'"] = "&#39;" }

---Safe between tags and inside quoted attributes.
---@param text string
---@return string
function M.escape(text)
  if not text:find("[&<>\"']") then return text end
  return (text:gsub("[&<>\"']", entities))
end

return M
