-- util/totp.lua: codes that change every half minute (RFC 6238 over RFC 4226: HMAC-SHA-1, 6 digits, 30 seconds), as
-- authenticator apps show them. Pure; which codes were used already is model/second_factor.lua's to remember.

local base32 = require "util.base32"
local bit = require "bit"
local crypto = require "host.crypto"
local url = require "util.url"

local M = {}

M.STEP, M.DIGITS = 30, 6

--- Octets of a new secret: as many as the hash gives (RFC 4226 §4, R6).
M.SECRET = 20

--- The step that a time belongs to.
---@param seconds number since 1970
---@return integer
function M.step(seconds)
  return math.floor(seconds / M.STEP)
end

local function counter(step)
  local octets = {}
  for i = 8, 1, -1 do
    octets[i] = string.char(step % 256)
    step = math.floor(step / 256)
  end
  return table.concat(octets)
end

--- The code of a step (RFC 4226 §5.3).
---@param secret string octets
---@param step integer
---@return string
function M.code(secret, step)
  local mac = crypto.hmac("sha1", secret, counter(step))
  local at = bit.band(mac:byte(20), 15)
  local a, b, c, d = mac:byte(at + 1, at + 4)
  local value = bit.band(a, 127) * 2 ^ 24 + b * 2 ^ 16 + c * 2 ^ 8 + d
  return ("%06d"):format(value % 10 ^ M.DIGITS)
end

--- The step whose code this is: the present one or a neighbour, as clocks differ and people type slowly.
---@param secret string
---@param code string
---@param seconds number since 1970
---@return integer? step
function M.find(secret, code, seconds)
  local now, found = M.step(seconds), nil
  for step = now - 1, now + 1 do
    if crypto.equal(M.code(secret, step), code) then found = step end
  end
  return found
end

--- What an app reads from a QR code.
---@param secret string
---@param account string whose it is
---@param issuer string
---@return string
function M.uri(secret, account, issuer)
  return ("otpauth://totp/%s:%s?secret=%s&issuer=%s&algorithm=SHA1&digits=%d&period=%d"):format(
    url.encode(issuer), url.encode(account), base32.encode(secret), url.encode(issuer), M.DIGITS, M.STEP)
end

return M
