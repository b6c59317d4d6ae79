-- util/id.lua: names for things: ids that sort by time, codes that people type, secrets that programs keep.

local crypto = require "host.crypto"

local M = {}

-- No vowels and nothing that reads like something else, so that codes are neither mistaken nor words.
local LETTERS = "23456789BCDFGHJKMNPQRTVWXZ"

--- A version 7 UUID: newer ones sort after older ones.
---@return string
function M.uuid()
  return crypto.uuid()
end

--- Whether text is a UUID as PostgreSQL prints it.
---@param text any
---@return boolean
function M.is_uuid(text)
  return type(text) == "string" and #text == 36
    and text:find("^%x%x%x%x%x%x%x%x%-%x%x%x%x%-%x%x%x%x%-%x%x%x%x%-%x%x%x%x%x%x%x%x%x%x%x%x$") ~= nil
end

--- An id as Ghost has them: 24 hex digits.
---@return string
function M.object_id()
  return crypto.hex(crypto.random(12))
end

--- A code for people, such as "7KQW-M2XR". Each letter is drawn without bias.
---@param letters integer
---@return string
function M.code(letters)
  local out, size = {}, #LETTERS
  local fair = 256 - 256 % size
  while #out < letters do
    for octet in crypto.random(letters):gmatch(".") do
      local n = octet:byte()
      if n < fair and #out < letters then
        out[#out + 1] = LETTERS:sub(n % size + 1, n % size + 1)
      end
    end
  end
  local code = table.concat(out)
  return letters == 8 and code:sub(1, 4) .. "-" .. code:sub(5) or code
end

--- A code as it was typed, in the form in which it was made.
---@param text string
---@return string
function M.clean_code(text)
  local code = text:upper():gsub("[^%w]", "")
  return #code == 8 and code:sub(1, 4) .. "-" .. code:sub(5) or code
end

--- A secret of 256 bits for a program, with a prefix that tells what it is for.
---@param prefix string
---@return string
function M.secret(prefix)
  return prefix .. "_" .. crypto.base64url(crypto.random(32))
end

--- What is stored of a secret or a code: whoever reads the database cannot use it.
---@param secret string
---@return string digest raw octets
function M.digest(secret)
  return crypto.sha256(secret)
end

return M
