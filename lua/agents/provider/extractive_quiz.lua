-- agents/provider/extractive_quiz.lua: questions from sentences of the text. A sentence loses its weightiest term; the
-- student types it (cloze) or chooses it among terms of the same kind that the sentence does not hold (multiple
-- choice); definitions are told apart by statements that are the text's own, or have another term in its place (true or
-- false).

local json = require "host.json"
local definition = require "util.definition"
local prose = require "util.prose"
local terms = require "util.terms"

local M = {}

local BLANK = "____"
local LETTERS = { "a", "b", "c", "d" }

-- The words of a sentence with where they stand.
local function placed_words(sentence)
  local words, at = {}, 1
  while true do
    local from, to = sentence:find("[%w\128-\255]+[%w\128-\255'%-]*", at)
    if not from then return words end
    words[#words + 1] = { from = from, to = to, key = terms.stem((sentence:sub(from, to):gsub("['%-]+$", ""))) }
    at = to + 1
  end
end

-- A word or pair as it stands in a sentence, whole: from, to, and the number of its first word.
local function find_term(sentence, key)
  local words = placed_words(sentence)
  for i, word in ipairs(words) do
    local pair = words[i + 1]
    if word.key == key then return word.from, word.to, i, words end
    if pair and word.key .. " " .. pair.key == key then return word.from, pair.to, i, words end
  end
end

-- Half of a pair that is a term of the text is no fair gap: "____ vapour" gives itself away.
local function is_half(by_key, i, words)
  local before, after = words[i - 1], words[i + 1]
  return (before and by_key[before.key .. " " .. words[i].key]) or (after and by_key[words[i].key .. " " .. after.key])
end

-- The weightiest term of a sentence that is not its first word.
local function term_of(sentence, text, used)
  for _, term in ipairs(text.ranked) do
    if not used[term.key] then
      local from, to, i, words = find_term(sentence, term.key)
      if from and from > 1 and (term.key:find(" ", 1, true) or not is_half(text.by_key, i, words)) then
        return term, from, to
      end
    end
  end
end

-- The term that a sentence defines.
local function defined_term(sentence, used)
  local found = definition.of(sentence)
  local key = found and terms.stem(found.term)
  if not found or used[key] then return nil end
  local from, to = sentence:find(found.term, 1, true)
  if from then return { key = key, text = found.term }, from, to end
end

-- A small generator seeded by the text itself: order looks random and is the same every time.
local function dice(seed)
  local state = 7
  for i = 1, #seed do state = (state * 31 + seed:byte(i)) % 2147483647 end
  return function(n)
    state = (state * 16807) % 2147483647
    return state % n + 1
  end
end

local function shuffle(list, roll)
  for i = #list, 2, -1 do
    local k = roll(i)
    list[i], list[k] = list[k], list[i]
  end
end

local function same_kind(a, b)
  local pair_a, pair_b = a:find(" ", 1, true) ~= nil, b:find(" ", 1, true) ~= nil
  return pair_a == pair_b and (a:find("^%u") ~= nil) == (b:find("^%u") ~= nil)
end

-- Three terms that could stand in the gap and do not stand in the sentence: other defined terms if the gap is one, then
-- what is alike in form, then any.
local function distractors(sentence, term, text, defined)
  local list, keys = {}, { [term.key] = true }
  for pass = defined and 1 or 2, 3 do
    for _, other in ipairs(pass == 1 and defined or text.ranked) do
      local fits = pass ~= 2 or same_kind(other.text, term.text)
      if #list < 3 and fits and not keys[other.key] and not find_term(sentence, other.key)
        and not other.key:find(term.key, 1, true) and not term.key:find(other.key, 1, true) then
        keys[other.key] = true
        list[#list + 1] = other.text
      end
    end
  end
  return #list == 3 and list or nil
end

local function gap(sentence, from, to)
  return sentence:sub(1, from - 1) .. BLANK .. sentence:sub(to + 1)
end

local function cloze(sentence, term, from, to)
  local word = sentence:sub(from, to)
  local texts = json.array { word }
  if term.text:lower() ~= word:lower() then texts[2] = term.text end
  return { kind = "cloze", prompt = "Fill the gap: " .. gap(sentence, from, to), choices = json.array {},
    answer = { texts = texts }, explanation = sentence, points = 1 }
end

local function choice(sentence, term, from, to, text, defined)
  local wrong = distractors(sentence, term, text, defined)
  if not wrong then return nil end
  -- All with a capital: small letters would tell apart what stood at the start of its sentence.
  local right = prose.capital(sentence:sub(from, to))
  local options = { right }
  for i, other in ipairs(wrong) do options[i + 1] = prose.capital(other) end
  shuffle(options, dice(sentence))
  local choices, answer = json.array {}, nil
  for i, option in ipairs(options) do
    choices[i] = { id = LETTERS[i], text = option }
    if option == right then answer = LETTERS[i] end
  end
  return { kind = "multiple_choice", prompt = "What belongs in the gap? " .. gap(sentence, from, to), choices = choices,
    answer = { choice = answer }, explanation = sentence, points = 1 }
end

-- A definition as it is, or with another defined term as its subject, which then is wrong.
local function statement(found, others, true_one)
  if true_one then
    return { kind = "true_false", prompt = "True or false? " .. found.definition, choices = json.array {},
      answer = { value = true }, explanation = found.definition, points = 1 }
  end
  local from, to = found.definition:find(found.term, 1, true)
  for _, other in ipairs(others) do
    if from and other.term ~= found.term and not found.definition:find(other.term, 1, true) then
      local term = from == 1 and prose.capital(other.term) or other.term
      return { kind = "true_false", prompt = "True or false? " .. found.definition:sub(1, from - 1) .. term
        .. found.definition:sub(to + 1), choices = json.array {}, answer = { value = false },
        explanation = found.definition, points = 1 }
    end
  end
end

-- Sentences that can be asked about, the weightiest first.
local function candidates(text)
  local list = {}
  for i, sentence in ipairs(text.sentences) do
    if #sentence >= 30 and #sentence <= 300 and not sentence:find("[%?%z\1-\31]") and #prose.words(sentence) >= 6 then
      list[#list + 1] = { sentence = sentence, at = i, score = terms.score(sentence, text.by_key) }
    end
  end
  table.sort(list, function(a, b)
    if a.score ~= b.score then return a.score > b.score end
    return a.at < b.at
  end)
  return list
end

local function definitions(text)
  local list, seen = {}, {}
  for _, sentence in ipairs(text.sentences) do
    local found = definition.of(sentence)
    if found and not seen[found.term] then
      seen[found.term] = true
      list[#list + 1] = found
    end
  end
  return list
end

--- Makes up to `count` questions, fewer if the text does not hold so many. In the order of the text.
---@param text { sentences: string[], ranked: table[], by_key: table<string, table> }
---@param count integer
---@return table[] questions as model/quiz.lua stores them
function M.make(text, count)
  local made, used, asked, known = {}, {}, {}, definitions(text)
  local defined = {}
  for i, found in ipairs(known) do defined[i] = { key = terms.stem(found.term), text = found.term } end
  local function add(question, at)
    made[#made + 1] = { at = at, question = question }
  end
  for i, entry in ipairs(candidates(text)) do
    if #made >= count then break end
    local sentence = entry.sentence
    local term, from, to = defined_term(sentence, used)
    local question = term and choice(sentence, term, from, to, text, defined)
    if not question then
      term, from, to = term_of(sentence, text, used)
      question = term and (i % 2 == 1 and choice(sentence, term, from, to, text) or cloze(sentence, term, from, to))
    end
    if question then
      used[term.key], asked[sentence] = true, true
      add(question, entry.at)
    end
  end
  for i, found in ipairs(known) do
    if #made >= count then break end
    local question = not asked[found.definition] and statement(found, known, i % 2 == 1)
    if question then add(question, #text.sentences + i) end
  end
  table.sort(made, function(a, b) return a.at < b.at end)
  for i, entry in ipairs(made) do made[i] = entry.question end
  return made
end

return M
