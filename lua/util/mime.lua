-- util/mime.lua: a plain letter as mail servers take it (RFC 5322, 2045, 2047): headers, then UTF-8 text in
-- quoted-printable, lines at most 76 octets, CRLF at each end. Called by workflow/postman.lua.

local crypto = require "host.crypto"

local M = {}

-- A word for a header: as it is if it is plain ASCII, else base64 words of at most 75 octets, cut between characters.
local function word(text)
  text = text:gsub("[%c]+", " ")
  if not text:find("[\128-\255]") and #text <= 60 then return text end
  local words, piece = {}, ""
  for character in text:gmatch("[%z\1-\127\194-\244][\128-\191]*") do
    if #piece + #character > 42 then
      words[#words + 1], piece = piece, ""
    end
    piece = piece .. character
  end
  words[#words + 1] = piece
  for i, part in ipairs(words) do words[i] = "=?UTF-8?B?" .. crypto.base64(part) .. "?=" end
  return table.concat(words, "\r\n ")
end

local function escape(octet)
  return ("=%02X"):format(octet:byte())
end

-- One line of text, folded by soft breaks so that no escape is cut.
local function fold(line)
  line = line:gsub("[^\32-\60\62-\126\t]", escape):gsub("[ \t]$", escape)
  local folded, room = {}, 75
  local current = ""
  local at = 1
  while at <= #line do
    local piece = line:match("^=%x%x", at) or line:sub(at, at)
    if #current + #piece > room then
      folded[#folded + 1], current = current, ""
    end
    current = current .. piece
    at = at + #piece
  end
  folded[#folded + 1] = current
  return table.concat(folded, "=\r\n")
end

local function quoted_printable(text)
  local lines = {}
  for line in (text:gsub("\r\n", "\n"):gsub("\n+$", "") .. "\n"):gmatch("([^\n]*)\n") do
    lines[#lines + 1] = fold(line)
  end
  return table.concat(lines, "\r\n") .. "\r\n"
end

--- Writes a letter.
---@param letter { from: string, to: string, subject: string, text: string, id: string, date: number } from and to:
---addresses; id: the same at each attempt, so that a receiver may notice what comes twice; date: seconds since 1970
---@return string message
function M.message(letter)
  local host = letter.from:match("@(.+)$")
  local headers = {
    "Date: " .. os.date("!%a, %d %b %Y %H:%M:%S +0000", letter.date),
    "From: " .. letter.from,
    "To: " .. letter.to,
    "Message-ID: <" .. letter.id .. "@" .. host .. ">",
    "Subject: " .. word(letter.subject),
    "MIME-Version: 1.0",
    "Content-Type: text/plain; charset=utf-8",
    "Content-Transfer-Encoding: quoted-printable",
    "Auto-Submitted: auto-generated",
  }
  return table.concat(headers, "\r\n") .. "\r\n\r\n" .. quoted_printable(letter.text)
end

return M
