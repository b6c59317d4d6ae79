-- model/question.lua: the questions of a quiz: what a teacher's question must fulfil, how it is kept so that nothing in
-- it gives the answer away, and in which order one student sees it.

local crypto = require "host.crypto"
local json = require "host.json"
local id = require "util.id"

local M = {}

-- Kinds whose choices, in the order and with the ids that a teacher naturally gives them, would tell the answer.
local TELLING = { ordering = true, matching = true, drag_drop = true }

local function ids_of(list)
  local known = {}
  for _, item in ipairs(list or {}) do
    if known[item.id] then return nil end
    known[item.id] = true
  end
  return known
end

local function all_known(names, known, count)
  local seen, n = {}, 0
  for _, name in ipairs(names) do
    if not known[name] or seen[name] then return false end
    seen[name], n = true, n + 1
  end
  return not count or n == count
end

local function places_known(places, choices, targets)
  for choice, target in pairs(places) do
    if not choices[choice] or not targets[target] then return false end
  end
  return next(places) ~= nil
end

local function count(map)
  local n = 0
  for _ in pairs(map) do n = n + 1 end
  return n
end

local fits = {}

function fits.multiple_choice(question, choices)
  if not choices[question.answer.choice] then return "answer/choice", "is the id of no choice" end
end

function fits.multiple_select(question, choices)
  if not all_known(question.answer.choices, choices) then
    return "answer/choices", "expected ids of choices, each once"
  end
end

function fits.fill_in(question)
  local _, gaps = question.prompt:gsub("____+", "")
  if gaps ~= #question.answer.gaps then
    return "answer/gaps", ("the prompt has %d gaps written ____"):format(gaps)
  end
end

function fits.cloze(question)
  if not question.prompt:find("____", 1, true) then return "prompt", "the gap is written ____" end
end

function fits.ordering(question, choices)
  if not all_known(question.answer.order, choices, #question.choices) then
    return "answer/order", "expected the id of every choice, each once"
  end
end

function fits.matching(question, choices, targets)
  local pairs_of = question.answer.pairs
  if not places_known(pairs_of, choices, targets) or count(pairs_of) ~= #question.choices then
    return "answer/pairs", "expected the id of a target for every choice"
  end
end

function fits.drag_drop(question, choices, targets)
  if not places_known(question.answer.places, choices, targets) then
    return "answer/places", "expected ids of choices and of their targets"
  end
end

--- What a schema cannot say: whether answer and choices fit each other.
---@return string? field below the question, nil if all is well
---@return string? message
function M.fault(question)
  local choices, targets = ids_of(question.choices), ids_of(question.targets)
  if not choices then return "choices", "an id is there twice" end
  if not targets then return "targets", "an id is there twice" end
  local fit = fits[question.kind]
  if fit then return fit(question, choices, targets) end
end

-- A list in an order that depends on a secret seed and the ids alone.
local function shuffled(list, seed)
  local keys, out = {}, {}
  for i, item in ipairs(list) do
    out[i] = item
    keys[item] = crypto.sha256(seed .. ":" .. item.id)
  end
  table.sort(out, function(a, b) return keys[a] < keys[b] end)
  return json.array(out)
end

local LETTERS = "abcdefghijklmnopqrstuvwxyz"

-- Items in a random order under new ids, and the way from the old ids to the new.
local function renamed(list)
  local out, new = json.array {}, {}
  for i, item in ipairs(shuffled(list or {}, id.uuid() .. crypto.random(16))) do
    new[item.id] = LETTERS:sub(i, i)
    out[i] = { id = new[item.id], text = item.text }
  end
  return out, new
end

local function translated(places, choices, targets)
  local out = {}
  for choice, target in pairs(places) do out[choices[choice]] = targets[target] end
  return out
end

--- The question as it is kept: for kinds whose order or ids would tell the answer, choices and targets are in random
--- order under random ids.
---@param question table without a fault
---@return table
function M.sealed(question)
  if not TELLING[question.kind] then return question end
  local out = {}
  for name, value in pairs(question) do out[name] = value end
  local choices, targets
  out.choices, choices = renamed(question.choices)
  out.targets, targets = renamed(question.targets)
  local answer = question.answer
  if answer.order then
    local order = json.array {}
    for i, name in ipairs(answer.order) do order[i] = choices[name] end
    out.answer = { order = order }
  elseif answer.pairs then
    out.answer = { pairs = translated(answer.pairs, choices, targets) }
  else
    out.answer = { places = translated(answer.places, choices, targets) }
  end
  return out
end

--- The questions in the order in which one attempt shows them: the same whenever it is asked for.
---@param questions table[] rows, by position; changed in place
---@param seed string of the attempt
---@return table[]
function M.arranged(questions, seed)
  local out = shuffled(questions, seed)
  for i, question in ipairs(out) do
    question.position = i
    question.choices = shuffled(question.choices, seed)
    if question.targets then question.targets = shuffled(question.targets, seed) end
  end
  return out
end

return M
