-- agents/provider/extractive.lua: makes a lesson from the teacher's own text alone, with no model and no network: key
-- sentences, terms with the sentences that define them, and questions whose answers stand in the text. It invents
-- nothing, and what it makes says so. The same text gives the same lesson.
--
-- extract.NAME answers the agent of that name with the same shape that a model would be asked for.

local json = require "host.json"
local definition = require "util.definition"
local prose = require "util.prose"
local terms = require "util.terms"
local questions = require "agents.provider.extractive_quiz"

local M = { name = "extractive", extract = {} }

M.NOTICE = "Made by extraction from the teacher's own text, without a language model: sentences, terms and answers are"
  .. " quoted from it."

local MOST_TERMS, MOST_SECTIONS, MOST_OBJECTIVES = 12, 12, 6

-- The text taken apart: paragraphs, all sentences, ranked terms, definitions.
local function analyse(text)
  local all, paragraphs = {}, prose.paragraphs(text)
  local glossary, defined = json.array {}, {}
  for _, paragraph in ipairs(paragraphs) do
    for _, sentence in ipairs(paragraph.sentences) do
      all[#all + 1] = sentence
      local found = definition.of(sentence)
      local key = found and terms.stem(found.term)
      if found and not defined[key] and #glossary < MOST_TERMS then
        defined[key] = true
        glossary[#glossary + 1] = { term = prose.capital(found.term),
          definition = found.definition }
      end
    end
  end
  local ranked, by_key = terms.rank(all)
  return { paragraphs = paragraphs, sentences = all, ranked = ranked, by_key = by_key, glossary = glossary }
end

local function title_of(material, text)
  if material.title then return prose.shorten(material.title, 200) end
  for _, paragraph in ipairs(text.paragraphs) do
    if paragraph.heading then return prose.shorten(paragraph.heading, 200) end
  end
  local first = definition.of(text.sentences[1])
  if first then return prose.capital(first.term) end
  return text.ranked[1] and prose.capital(text.ranked[1].text) or "Untitled lesson"
end

-- The n weightiest sentences, in the order of the text.
local function key_sentences(text, sentences, n)
  local list = {}
  for i, sentence in ipairs(sentences) do
    if #sentence >= 25 and #sentence <= 500 and not sentence:find("%?") then
      list[#list + 1] = { at = i, sentence = sentence, score = terms.score(sentence, text.by_key) }
    end
  end
  table.sort(list, function(a, b)
    if a.score ~= b.score then return a.score > b.score end
    return a.at < b.at
  end)
  local chosen = { unpack(list, 1, n) }
  table.sort(chosen, function(a, b) return a.at < b.at end)
  for i, entry in ipairs(chosen) do chosen[i] = entry.sentence end
  return chosen
end

-- A paragraph's own heading, else what it defines, else what it speaks of most; nil if other sections have it all.
local function heading_of(text, paragraph, taken, title)
  if paragraph.heading and paragraph.heading ~= title and not taken[paragraph.heading:lower()] then
    return prose.shorten(paragraph.heading, 200)
  end
  for _, sentence in ipairs(paragraph.sentences) do
    local found = definition.of(sentence)
    if found and not taken[found.term:lower()] then return prose.capital(found.term) end
  end
  local own = terms.rank(paragraph.sentences)
  for _, term in ipairs(own) do
    local share = term.weight / text.by_key[term.key].weight -- of all that the text says of it, how much here
    term.value = term.weight * share * math.min(term.count, 2)
  end
  table.sort(own, function(a, b)
    if a.value ~= b.value then return a.value > b.value end
    return a.key < b.key
  end)
  for _, term in ipairs(own) do
    if not taken[term.text:lower()] then return prose.capital(term.text) end
  end
  return nil
end

-- Terms of paragraphs are terms of the text; pairs that come back only here are not, and weigh as themselves.
local function complete(text)
  setmetatable(text.by_key, { __index = function() return { weight = 1 } end })
  return text
end

local function sections_of(text, title)
  local sections, taken = json.array {}, {}
  for _, paragraph in ipairs(text.paragraphs) do
    local body = table.concat(paragraph.sentences, " ")
    local heading = heading_of(text, paragraph, taken, title)
    local last = sections[#sections]
    if last and (#sections >= MOST_SECTIONS or not heading or (#body < 120 and not paragraph.heading)) then
      last.body = prose.shorten(last.body .. "\n\n" .. body, 20000)
    else
      heading = heading or "Overview"
      taken[heading:lower()] = true
      sections[#sections + 1] = { heading = heading, body = prose.shorten(body, 20000) }
    end
  end
  return sections
end

local function objectives_of(text, sections)
  local list = json.array {}
  for _, entry in ipairs(text.glossary) do
    if #list < MOST_OBJECTIVES - 2 then list[#list + 1] = ("Explain the term “%s”."):format(entry.term) end
  end
  for _, section in ipairs(sections) do
    if #list < MOST_OBJECTIVES then list[#list + 1] = ("Say what the text tells about: %s."):format(section.heading) end
  end
  return list
end

-- Where a scene plays: the environment whose words weigh most.
local ENVIRONMENTS = {
  { "ocean", "sea ocean water river lake wave fish tide coral rain" },
  { "space", "planet star moon space orbit sun galaxy solar rocket gravity" },
  { "forest", "tree forest plant leaf leave animal bird habitat ecosystem photosynthesis" },
  { "desert", "desert sand dune camel cactus drought egypt pyramid" },
  { "museum", "king queen war empire century history revolution ancient art painting museum president" },
}

local function environment_of(text)
  local best, most = "classroom", 2.5
  for _, entry in ipairs(ENVIRONMENTS) do
    local weight = 0
    for word in entry[2]:gmatch("%S+") do
      local term = rawget(text.by_key, terms.stem(word))
      weight = weight + (term and term.weight or 0)
    end
    if weight > most then best, most = entry[1], weight end
  end
  return best
end

function M.extract.plan(material)
  local text = complete(analyse(material.source_text))
  local key = key_sentences(text, text.sentences, 2)
  if #text.sentences < 2 or #key == 0 then
    return nil, { code = "too_short", message = "the text has too few sentences to make a lesson of" }
  end
  local title = title_of(material, text)
  local sections = sections_of(text, title)
  local outline = json.array {}
  for i, section in ipairs(sections) do outline[i] = { heading = section.heading, points = json.array {} } end
  return {
    title = title,
    summary = prose.shorten(table.concat(key, " "), 600),
    objectives = objectives_of(text, sections),
    outline = outline,
    environment = environment_of(text),
  }
end

function M.extract.write(material)
  local text = complete(analyse(material.source_text))
  return { sections = sections_of(text, material.plan.title), glossary = text.glossary }
end

function M.extract.quiz(material)
  local text = analyse(material.source_text)
  local made = questions.make(text, material.questions)
  if #made == 0 then
    return nil, { code = "too_short", message = "the text has no sentence that a question can be made of" }
  end
  return { questions = json.array(made) }
end

function M.extract.scene(material)
  local stations = json.array {}
  for _, section in ipairs(material.written.sections) do
    local sentences = prose.sentences(prose.line(section.body))
    stations[#stations + 1] = { kind = "board", title = section.heading,
      text = prose.shorten(table.concat(sentences, " ", 1, math.min(3, #sentences)), 400) }
  end
  for i, entry in ipairs(material.written.glossary) do
    if i > 6 then break end
    stations[#stations + 1] = { kind = "term", title = entry.term, text = prose.shorten(entry.definition, 400) }
  end
  return { title = material.plan.title, environment = material.plan.environment, stations = stations }
end

-- The checks that need no judgement are agents/reviewer.lua's; extraction has no opinion beyond them.
function M.extract.review()
  return { ready = true, problems = json.array {} }
end

return M
