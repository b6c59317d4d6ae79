-- util/zip.lua: archives of small text files in the ZIP format (PKWARE APPNOTE 6.3.10), stored, not deflated: every
-- program that opens archives reads them, and nothing here is large. Names and texts are UTF-8.

local bit = require "bit"

local M = {}

local band, bnot, bxor, rshift = bit.band, bit.bnot, bit.bxor, bit.rshift

-- The table of CRC-32 (ISO 3309), made at the first need.
local crc_table

local function table_of_crc()
  local made = {}
  for n = 0, 255 do
    local c = n
    for _ = 1, 8 do
      c = band(c, 1) == 1 and bxor(rshift(c, 1), 0xEDB88320) or rshift(c, 1)
    end
    made[n] = c
  end
  return made
end

local function crc32(octets)
  crc_table = crc_table or table_of_crc()
  local crc = bnot(0)
  for i = 1, #octets do
    crc = bxor(crc_table[band(bxor(crc, octets:byte(i)), 0xFF)], rshift(crc, 8))
  end
  return bnot(crc) % 4294967296
end

-- Little-endian numbers.
local function u16(n) return string.char(n % 256, math.floor(n / 256) % 256) end
local function u32(n) return u16(n % 65536) .. u16(math.floor(n / 65536)) end

-- Version 2.0, names in UTF-8 (bit 11), stored; 1 January 1980, as the format knows no time zones.
local COMMON = u16(20) .. u16(0x0800) .. u16(0) .. u16(0) .. u16(0x21)

--- An archive.
---@param files { name: string, text: string }[] at most 65535
---@return string octets
function M.archive(files)
  local parts, directory, offset = {}, {}, 0
  for _, file in ipairs(files) do
    local sizes = u32(crc32(file.text)) .. u32(#file.text) .. u32(#file.text) .. u16(#file.name) .. u16(0)
    local head = "PK\3\4" .. COMMON .. sizes .. file.name
    parts[#parts + 1] = head
    parts[#parts + 1] = file.text
    directory[#directory + 1] = "PK\1\2" .. u16(20) .. COMMON .. sizes .. u16(0) .. u16(0) .. u16(0) .. u32(0)
      .. u32(offset) .. file.name
    offset = offset + #head + #file.text
  end
  local index = table.concat(directory)
  parts[#parts + 1] = index
  parts[#parts + 1] = "PK\5\6" .. u16(0) .. u16(0) .. u16(#files) .. u16(#files) .. u32(#index) .. u32(offset) .. u16(0)
  return table.concat(parts)
end

return M
