-- util/prose.lua: takes plain text apart: paragraphs with their headings, sentences, words. Pure; knows English
-- abbreviations, works on any text that ends its sentences with a full stop.

local M = {}

-- What a full stop after it does not end a sentence. Lower case, without the stop.
local ABBREVIATIONS = {}
for word in ("mr mrs ms dr prof st sr jr vs etc e.g i.e cf fig vol approx ca u.s u.k a.m p.m"):gmatch("%S+") do
  ABBREVIATIONS[word] = true
end

--- A text on one line: white space becomes single spaces.
---@param text string
---@return string
function M.line(text)
  return (text:gsub("%s+", " "):gsub("^ ", ""):gsub(" $", ""))
end

--- A text that begins with a capital (ASCII only).
function M.capital(text)
  return text:sub(1, 1):upper() .. text:sub(2)
end

--- The words of a text, letters beyond ASCII included; apostrophes and hyphens within a word belong to it.
---@param text string
---@return string[]
function M.words(text)
  local list = {}
  for word in text:gmatch("[%w\128-\255]+[%w\128-\255'%-]*") do
    list[#list + 1] = word:gsub("['%-]+$", "")
  end
  return list
end

local function is_abbreviation(text, at)
  local word = text:sub(1, at - 1):match("([%w%.]+)$")
  if not word then return false end
  return ABBREVIATIONS[word:lower()] or word:find("^%u$") ~= nil
end

--- The sentences of a paragraph, each with its closing mark.
---@param paragraph string one line
---@return string[]
function M.sentences(paragraph)
  local list, from, at = {}, 1, 1
  while true do
    local stop, mark_end = paragraph:find("[%.!?]+[\"')%]]*", at)
    if not stop then break end
    local following = paragraph:match("^%s+(.)", mark_end + 1)
    local ends = mark_end == #paragraph or (following and following:find("[%u%d\"'(%[\128-\255]"))
    if ends and paragraph:sub(stop, stop) == "." and mark_end ~= #paragraph and is_abbreviation(paragraph, stop) then
      ends = false
    end
    if ends then
      list[#list + 1] = M.line(paragraph:sub(from, mark_end))
      from = mark_end + 1
    end
    at = mark_end + 1
  end
  local rest = M.line(paragraph:sub(from))
  if rest ~= "" then list[#list + 1] = rest end
  return list
end

-- A short line without a closing mark stands over what follows.
local function is_heading(line)
  return #line <= 80 and #line > 0 and not line:find("[%.!?:;,]$") and #M.words(line) <= 10
end

-- Points of a list are sentences of their own, with or without a full stop.
local function points(block)
  local list = {}
  local marked = ("\n" .. block):gsub("•", "-"):gsub("\n%s*[%-%*]%s+", "\n\1"):gsub("\n%s*%d+[%.%)]%s+", "\n\1")
  for piece in marked:gmatch("[^\1]+") do
    for _, sentence in ipairs(M.sentences(M.line(piece))) do list[#list + 1] = sentence end
  end
  return list
end

--- The paragraphs of a text. Lines in a row belong together; an empty line parts them.
---@param text string
---@return { heading: string?, sentences: string[] }[]
function M.paragraphs(text)
  local list, heading = {}, nil
  for block in (text:gsub("\r\n?", "\n") .. "\n\n"):gmatch("(.-)\n[ \t]*\n") do
    local first, rest = block:match("^%s*([^\n]*)\n(.*)$")
    if first and is_heading(M.line(first)) and not is_heading(M.line(rest)) then
      heading, block = M.line(first):gsub("^#+ *", ""), rest
    end
    local whole = M.line(block)
    if is_heading(whole) then
      heading = whole:gsub("^#+ *", "")
    elseif whole ~= "" then
      list[#list + 1] = { heading = heading, sentences = points(block) }
      heading = nil
    end
  end
  return list
end

--- A text cut at the end of a sentence or a word so that it has at most so many octets.
---@param text string
---@param most integer
---@return string
function M.shorten(text, most)
  if #text <= most then return text end
  local cut = text:sub(1, most - 3)
  local sentence = cut:match("^(.*[%.!?])%s")
  if sentence and #sentence > most / 2 then return sentence end
  return (cut:match("^(.*)%s") or cut:gsub("[\128-\255]+$", "")) .. "…"
end

return M
