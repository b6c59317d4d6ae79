-- sync/attributes.lua: the binary form of an instance's attributes and tags inside Roblox's files, and base64, which
-- carries both in XML. Used by sync/rbxmx.lua. Format: rbx-dom, docs/attributes.md: a count, then name, type byte and
-- value each, integers and doubles little-endian.

local keys = require "util.keys"

local M = {}

local ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
local TYPE_STRING, TYPE_BOOL, TYPE_DOUBLE = "\2", "\3", "\6"

local function base64_digit(n)
  return ALPHABET:sub(n + 1, n + 1)
end

--- Base64 of a byte string (RFC 4648 section 4).
function M.base64(bytes)
  local out = {}
  for i = 1, #bytes, 3 do
    local a, b, c = bytes:byte(i, i + 2)
    local word = a * 65536 + (b or 0) * 256 + (c or 0)
    out[#out + 1] = base64_digit(math.floor(word / 262144))
      .. base64_digit(math.floor(word / 4096) % 64)
      .. (b and base64_digit(math.floor(word / 64) % 64) or "=")
      .. (c and base64_digit(word % 64) or "=")
  end
  return table.concat(out)
end

local function u32(n)
  return string.char(n % 256, math.floor(n / 256) % 256, math.floor(n / 65536) % 256, math.floor(n / 16777216) % 256)
end

-- IEEE 754 double, little-endian, of a finite number: sign, exponent and mantissa taken apart by arithmetic, because
-- this LuaJIT has no string.pack.
local function f64(n)
  if n == 0 then return ("\0"):rep(8) end
  local sign = n < 0 and 128 or 0
  local mantissa, exponent = math.frexp(math.abs(n))
  local biased = exponent + 1022
  if biased <= 0 then -- below the normal range: the mantissa keeps its leading zeros
    mantissa, biased = math.ldexp(mantissa, biased), 0
  else
    mantissa = mantissa * 2 - 1
  end
  local rest = mantissa * 2 ^ 52
  local bytes = {}
  for i = 1, 6 do
    bytes[i] = string.char(rest % 256)
    rest = math.floor(rest / 256)
  end
  bytes[7] = string.char((biased % 16) * 16 + rest % 16)
  bytes[8] = string.char(sign + math.floor(biased / 16))
  return table.concat(bytes)
end

local function text(s)
  return u32(#s) .. s
end

local function encode_value(v)
  if type(v) == "string" then return TYPE_STRING .. text(v) end
  if type(v) == "boolean" then return TYPE_BOOL .. (v and "\1" or "\0") end
  return TYPE_DOUBLE .. f64(v)
end

--- The binary form of a map of attributes (string, number, boolean), in the order of their names so that the same
--- attributes always give the same bytes.
function M.encode(attributes)
  local names = keys.sorted(attributes)
  local out = { u32(#names) }
  for _, name in ipairs(names) do
    out[#out + 1] = text(name) .. encode_value(attributes[name])
  end
  return table.concat(out)
end

return M
