-- model/password.lua: which passwords are taken, after NIST SP 800-63B §5.1.1.2: at least 8 characters, at most 1024,
-- any characters, no rules of composition; not one known from a breach, nor what everybody would try first: the
-- own names and ours with little beside them, a character repeated, a row of them.

local bit = require "bit"
local crypto = require "host.crypto"
local db = require "model.db"
local utf8 = require "util.utf8"

local M = {}

--- Characters at least and at most, which hashing takes whatever octets UTF-8 makes of them.
M.MIN, M.MAX = 8, 1024

--- Of a breached password's SHA-1 (160 bits): 20 bits name the row, the next 64 stand in it.
M.WIDTH = 8

--- The row of a digest, and what stands in it.
---@param hex string 40 hex digits
---@return integer prefix
---@return string octets M.WIDTH of them
function M.split(hex)
  return tonumber(hex:sub(1, 5), 16), crypto.unhex(hex:sub(6, 21))
end

local function contains(hashes, wanted)
  local low, high = 0, #hashes / M.WIDTH - 1
  while low <= high do
    local middle = bit.rshift(low + high, 1)
    local found = hashes:sub(middle * M.WIDTH + 1, (middle + 1) * M.WIDTH)
    if found == wanted then return true end
    if found < wanted then low = middle + 1 else high = middle - 1 end
  end
  return false
end

--- Is it known from a breach?
---@return boolean? known nil with err if the database cannot say
function M.is_breached(password)
  local prefix, wanted = M.split(crypto.hex(crypto.sha1(password)))
  local rows, err = db.education:query({ "select hashes from breached_passwords where prefix = ?::integer", prefix })
  if not rows then return nil, err end
  return rows[1] ~= nil and contains(rows[1].hashes, wanted)
end

local function characters(text)
  local _, count = text:gsub("[^\128-\191]", "")
  return count
end

-- Words below this are parts of other words; so much must be left when the own ones are taken out.
local WORD, LEFT = 4, 4

local OURS = { "toolboxai", "toolbox" }

local function take_out(text, word)
  if #word < WORD then return text end
  return (text:gsub(word:gsub("%p", "%%%0"), ""))
end

-- What a password has beside the person's names and ours.
local function beside_names(plain, person)
  for _, own in ipairs { person.login or "", person.email or "", person.name or "" } do
    own = utf8.lower(own)
    plain = take_out(take_out(plain, own), own:match("^[^@]*"))
    for part in own:gmatch("[^%s@._-]+") do plain = take_out(plain, part) end
  end
  for _, word in ipairs(OURS) do plain = take_out(plain, word) end
  return plain
end

-- "aaaaaaaa", "12345678", "hgfedcba"
local function is_row(plain)
  local step = plain:byte(2) - plain:byte(1)
  if math.abs(step) > 1 then return false end
  for i = 3, #plain do
    if plain:byte(i) - plain:byte(i - 1) ~= step then return false end
  end
  return true
end

local function refuse(message)
  return db.fail("invalid", message, "password")
end

--- Checks a new password and hashes it.
---@param password string
---@param person { login?: string, name?: string, email?: string } whose it will be
---@return string? hash
---@return table? err invalid with field password
function M.hash(password, person)
  if characters(password) < M.MIN then return refuse(("a password has at least %d characters"):format(M.MIN)) end
  if characters(password) > M.MAX then return refuse(("a password has at most %d characters"):format(M.MAX)) end
  local plain = utf8.lower(password)
  if characters(beside_names(plain, person)) < LEFT then
    return refuse("a password is more than one's own name, or ours")
  end
  if is_row(plain) then return refuse("a password is not one character repeated, nor a row of them") end
  local known, err = M.is_breached(password)
  if known == nil then return nil, err end
  if known then return refuse("this password is known from a breach: choose another") end
  return crypto.password_hash(password)
end

return M
