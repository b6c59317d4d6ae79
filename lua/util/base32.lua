-- util/base32.lua: octets as base32 without padding (RFC 4648 §6), the form in which authenticator apps take secrets.

local bit = require "bit"

local M = {}

local LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"

---@param octets string
---@return string
function M.encode(octets)
  local out, held, bits = {}, 0, 0
  for i = 1, #octets do
    held, bits = bit.bor(bit.lshift(held, 8), octets:byte(i)), bits + 8
    while bits >= 5 do
      bits = bits - 5
      local value = bit.band(bit.rshift(held, bits), 31)
      out[#out + 1] = LETTERS:sub(value + 1, value + 1)
    end
    held = bit.band(held, bit.lshift(1, bits) - 1)
  end
  if bits > 0 then
    local value = bit.lshift(held, 5 - bits)
    out[#out + 1] = LETTERS:sub(value + 1, value + 1)
  end
  return table.concat(out)
end

return M
