-- util/terms.lua: what a text is about: its words and pairs of words by weight, and how much of that a sentence
-- carries.
-- Counting only, no model: the same text gives the same terms.

local prose = require "util.prose"

local M = {}

local STOP = {}
for word in ([[
  a about above after again against all also although always am among an and another any are around as at away
  back be became because become becomes been before began begin being below best better between both but by came
  can cannot come could did different do does doing done down during each early either end enough even ever
  every example few find first following for found four from full further gave get gets give given gives go goes
  going gone good great had has have having he her here hers high him his how however i if important in into is
  it its itself just keep kept kind know known large last late later least less like little long made main make
  makes making many may me mean means might more most move moves much must my near need never new next no nor
  not nothing now of off often old on once one only onto or other others our out over own part parts people per
  place put rather really right said same say see seen several she should show shows since small so some
  something soon still such take taken takes than that the their them themselves then there these they thing
  things this those though three through thus time times to today together too took toward towards turn two
  under until up upon us use used uses using usually various very was way ways we well went were what when where
  whether which while who whole whom whose why will with within without would year years yet you your
]]):gmatch("%S+") do
  STOP[word] = true
end

--- Whether a word carries no meaning of its own.
---@param word string
function M.is_stop(word)
  return STOP[word:lower()] or false
end

-- One form for a word's forms, good enough for counting: plants → plant, cities → city.
local function stem(word)
  local w = word:lower():gsub("'s$", "")
  if #w > 4 and w:find("ies$") then return w:sub(1, -4) .. "y" end
  if #w > 4 and w:find("[sxz]es$") or w:find("[cs]hes$") then return w:sub(1, -3) end
  if #w > 3 and w:find("[^su]s$") then return w:sub(1, -2) end
  return w
end

M.stem = stem

local function is_candidate(word)
  return #word >= 3 and not STOP[word:lower()] and not word:find("^%d+$")
end

local function note(found, key, surface, weight)
  local term = found[key]
  if not term then
    term = { key = key, count = 0, weight = 0, forms = {} }
    found[key] = term
  end
  term.count = term.count + 1
  term.weight = term.weight + weight
  term.forms[surface] = (term.forms[surface] or 0) + 1
end

-- The commonest way in which a term is written; lower case where the text itself varies.
local function surface_of(term)
  local best, count = nil, 0
  for form, n in pairs(term.forms) do
    if n > count or (n == count and form > best) then best, count = form, n end
  end
  local lower = best:lower()
  return term.forms[lower] and lower or best
end

--- The terms of some sentences, the weightiest first.
---@param sentences string[]
---@return { key: string, text: string, count: integer, weight: number }[] terms
---@return table<string, table> by_key
function M.rank(sentences)
  local found = {}
  for _, sentence in ipairs(sentences) do
    local words = prose.words(sentence)
    for i, word in ipairs(words) do
      if is_candidate(word) then
        -- A capital inside a sentence is a name; long words say more than short ones.
        local weight = (i > 1 and word:find("^%u") and 1.5 or 1) * (0.6 + math.min(#word, 12) / 12)
        note(found, stem(word), word, weight)
        local next_word = words[i + 1]
        if next_word and is_candidate(next_word) and sentence:find(word .. " " .. next_word, 1, true) then
          note(found, stem(word) .. " " .. stem(next_word), word .. " " .. next_word, weight * 1.2)
        end
      end
    end
  end
  local list = {}
  for key, term in pairs(found) do
    -- A pair of words is a term only if it comes back.
    if not key:find(" ", 1, true) or term.count >= 2 then
      term.text = surface_of(term)
      term.forms = nil
      list[#list + 1] = term
    else
      found[key] = nil
    end
  end
  table.sort(list, function(a, b)
    if a.weight ~= b.weight then return a.weight > b.weight end
    return a.key < b.key
  end)
  return list, found
end

--- How much of the text's weight a sentence carries, for its length.
---@param sentence string
---@param by_key table<string, table> from rank
---@return number
function M.score(sentence, by_key)
  local sum, seen, words = 0, {}, prose.words(sentence)
  for i, word in ipairs(words) do
    local key = stem(word)
    local pair = words[i + 1] and key .. " " .. stem(words[i + 1])
    for _, k in ipairs { key, pair } do
      if by_key[k] and not seen[k] then
        seen[k] = true
        sum = sum + by_key[k].weight
      end
    end
  end
  return #words > 0 and sum / math.sqrt(#words + 4) or 0
end

return M
