-- util/definition.lua: finds sentences that say what something is: "X is the process …", "…, which is called X". Pure.

local prose = require "util.prose"
local terms = require "util.terms"

local M = {}

-- What may follow the term, and whether an article must come next ("Water is always moving" defines nothing).
local LINKS = {
  { " is ", true }, { " are ", true }, { " was ", true }, { " were ", true }, { " means ", false }, { " refers to ",
    false },
  { " is defined as ", false }, { " describes ", true },
}

local ARTICLES = { a = true, an = true, the = true, any = true, one = true }
-- The subject before a link if it can be a term: up to four words, no comma, no word without meaning at either end.
local function subject(text)
  local term = text:gsub("^[Tt]he ", ""):gsub("^[Aa]n? ", "")
  local words = prose.words(term)
  if #words == 0 or #words > 4 or #term < 3 or term:find("[,;:()]") then return nil end
  if terms.is_stop(words[1]) or terms.is_stop(words[#words]) then return nil end
  return term
end

-- Whether what follows a link names a thing: "the change …", "animals …", "water stored …".
local function names_a_thing(sentence, at, link)
  local first, second = sentence:match("^(%S+) (%S+)", at)
  if not first then return false end
  if ARTICLES[first:lower()] then return true end
  if terms.is_stop(first) then return false end
  return second:find("ed$") ~= nil or (link == " are " and first:find("^%l+s$") ~= nil)
end

local function after_link(sentence)
  local best
  for _, link in ipairs(LINKS) do
    local from, to = sentence:find(link[1], 1, true)
    if from and (not best or from < best) and (not link[2] or names_a_thing(sentence, to + 1, link[1])) then
      best = from
    end
  end
  local term = best and subject(sentence:sub(1, best - 1))
  return term and { term = term, definition = sentence }
end

local function called(sentence)
  local term = sentence:match(" called ([%w\128-\255' %-]+)[%.,;:!?]") or sentence:match(" known as ([%w\128-\255'"
    .. " %-]+)[%.,;:!?]")
  term = term and subject(term)
  return term and { term = term, definition = sentence }
end

--- What a sentence defines, or nil.
---@param sentence string
---@return { term: string, definition: string }?
function M.of(sentence)
  if #sentence < 20 or #sentence > 400 or sentence:find("%?") then return nil end
  return called(sentence) or after_link(sentence)
end

return M
