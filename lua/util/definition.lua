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
local NOT_TERMS = { it = true, this = true, that = true, these = true, those = true, they = true, there = true,
  he = true, she = true, we = true, you = true, what = true, which = true, here = true, i = true, some = true }

-- The subject before a link if it can be a term: up to four words, no comma, not a pronoun.
local function subject(text)
  local term = text:gsub("^[Tt]he ", ""):gsub("^[Aa]n? ", "")
  local words = prose.words(term)
  if #words == 0 or #words > 4 or term:find("[,;:()]") then return nil end
  if NOT_TERMS[words[1]:lower()] or terms.is_stop(words[#words]) or #term < 3 then return nil end
  return term
end

local function after_link(sentence)
  local best
  for _, link in ipairs(LINKS) do
    local from, to = sentence:find(link[1], 1, true)
    if from and (not best or from < best.from) then
      local next_word = sentence:match("^(%S+)", to + 1)
      local plural_noun = link[1] == " are " and next_word and next_word:find("^%l+s$")
      if not link[2] or ARTICLES[(next_word or ""):lower()] or plural_noun
        or sentence:find("^%l+ %l+ed ", to + 1) or sentence:find("^%l+ stored ", to + 1) then
        best = { from = from, to = to }
      end
    end
  end
  if not best then return nil end
  local term = subject(sentence:sub(1, best.from - 1))
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
