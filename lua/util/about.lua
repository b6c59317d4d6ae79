-- util/about.lua: which of several sentences a text is about: the one of whose own words (those that none of the others
-- has) the text holds most. Finds the objective that a question of a lesson asks for.

local terms = require "util.terms"

local M = {}

local function words_of(text)
  local words = {}
  for word in text:gmatch("[%w\128-\255]+") do
    -- Quotation marks and dashes are octets of the same range.
    word = word:gsub("\226\128[\144-\191]", "")
    if word ~= "" and not terms.is_stop(word:lower()) then words[terms.stem(word)] = true end
  end
  return words
end

---@param text string
---@param sentences string[]
---@return string? sentence nil if the text has no word that tells one from the others
function M.which(text, sentences)
  local found, holders = words_of(text), {}
  local words = {}
  for i, sentence in ipairs(sentences) do
    words[i] = words_of(sentence)
    for word in pairs(words[i]) do holders[word] = (holders[word] or 0) + 1 end
  end
  local best, most = nil, 0
  for i, sentence in ipairs(sentences) do
    local count = 0
    for word in pairs(words[i]) do
      if holders[word] == 1 and found[word] then count = count + 1 end
    end
    if count > most then best, most = sentence, count end
  end
  return best
end

return M
