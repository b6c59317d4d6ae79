-- util/utf8.lua: UTF-8 by its definition (RFC 3629): no overlong forms, no surrogates, nothing above U+10FFFF.

local M = {}

local byte, find = string.byte, string.find

-- Lead octet → number of continuation octets and the allowed range of the first of them.
local function lead(b)
  if b >= 0xC2 and b <= 0xDF then return 1, 0x80, 0xBF end
  if b == 0xE0 then return 2, 0xA0, 0xBF end
  if b == 0xED then return 2, 0x80, 0x9F end
  if b >= 0xE1 and b <= 0xEF then return 2, 0x80, 0xBF end
  if b == 0xF0 then return 3, 0x90, 0xBF end
  if b >= 0xF1 and b <= 0xF3 then return 3, 0x80, 0xBF end
  if b == 0xF4 then return 3, 0x80, 0x8F end
end

---@param text string
---@return integer? characters nil if text is not UTF-8
function M.length(text)
  local at, size, count = 1, #text, 0
  if not find(text, "[\128-\255]") then return size end
  while at <= size do
    local b = byte(text, at)
    if b >= 0x80 then
      local more, low, high = lead(b)
      if not more then return nil end
      local first = byte(text, at + 1)
      if not first or first < low or first > high then return nil end
      for i = at + 2, at + more do
        local c = byte(text, i)
        if not c or c < 0x80 or c > 0xBF then return nil end
      end
      at = at + more
    end
    at = at + 1
    count = count + 1
  end
  return count
end

---@param text string
---@return boolean
function M.valid(text)
  return M.length(text) ~= nil
end

---Cuts to at most n characters, never inside one.
---@param text string valid UTF-8
---@param n integer
---@return string
function M.cut(text, n)
  if #text <= n then return text end
  local at = 1
  for _ = 1, n do
    local b = byte(text, at)
    if not b then return text end
    at = at + (b < 0x80 and 1 or b < 0xE0 and 2 or b < 0xF0 and 3 or 4)
  end
  return text:sub(1, at - 1)
end

---Whatever octets as text: where they are not UTF-8, a question mark for each that is not ASCII.
---@param octets string
---@return string
function M.readable(octets)
  return M.valid(octets) and octets or (octets:gsub("[\128-\255]", "?"))
end

---What somebody calls a thing, in whatever octets, as a readable line of at most n characters: control characters are
---spaces then.
---@param octets string
---@param n integer
---@return string
function M.line(octets, n)
  return M.cut((M.readable(octets):gsub("%c", " "):gsub("\194[\128-\159]", " ")), n)
end

-- Two-octet capitals whose small letter is a fixed distance away: Latin-1, Greek, Cyrillic.
local small = {}
local function shift(first, last, distance)
  local function encode(c) return string.char(0xC0 + math.floor(c / 64), 0x80 + c % 64) end
  for c = first, last do small[encode(c)] = encode(c + distance) end
end
shift(0xC0, 0xD6, 32)
shift(0xD8, 0xDE, 32)
shift(0x391, 0x3A1, 32)
shift(0x3A3, 0x3AB, 32)
shift(0x400, 0x40F, 80)
shift(0x410, 0x42F, 32)

---Small letters for capitals of the Latin, Greek and Cyrillic alphabets; for comparing what people typed.
---@param text string valid UTF-8
---@return string
function M.lower(text)
  return (text:lower():gsub("[\195\206\207\208][\128-\191]", small))
end

return M
