-- util/zip.lua: archives in the ZIP format (PKWARE APPNOTE 6.3.10), stored, not deflated: every program that opens
-- archives reads them; texts are small, and files of people are packed as they are. Names are UTF-8.

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

-- The check sum of what came before (0 at first) and more octets.
local function crc32(before, octets)
  crc_table = crc_table or table_of_crc()
  local crc = bnot(before)
  for i = 1, #octets do
    crc = bxor(crc_table[band(bxor(crc, octets:byte(i)), 0xFF)], rshift(crc, 8))
  end
  return bnot(crc)
end

-- Little-endian numbers.
local function u16(n) return string.char(n % 256, math.floor(n / 256) % 256) end
local function u32(n) return u16(n % 65536) .. u16(math.floor(n / 65536) % 65536) end
local function u64(n) return u32(n) .. u32(math.floor(n / 4294967296)) end

local function number_at(octets, at, size)
  local n = 0
  for i = size - 1, 0, -1 do n = n * 256 + octets:byte(at + i) end
  return n
end

local MOST = 4294967295

-- Version, names in UTF-8 (bit 11) and, for what is not known beforehand, sums behind the file (bit 3); stored;
-- 1 January 1980, as the format knows no time zones.
local SMALL, BIG, UTF8, SUMS_BEHIND = 20, 45, 0x0800, 0x0008
local function common(version, flags) return u16(version) .. u16(flags) .. u16(0) .. u16(0) .. u16(0x21) end

local Writer = {}
Writer.__index = Writer

--- An archive that is written piece by piece.
---@param write fun(piece: string): boolean? false: nobody reads any more
function M.writer(write)
  return setmetatable({ write = write, offset = 0, count = 0, directory = {} }, Writer)
end

--- Goes on with an archive that M.archive has made.
---@param archive string
function M.reopen(archive, write)
  local tail = #archive - 21 -- of an end without a comment
  local count, offset = number_at(archive, tail + 10, 2), number_at(archive, tail + 16, 4)
  local writer = M.writer(write)
  writer:put(archive:sub(1, offset))
  writer.count, writer.directory = count, { archive:sub(offset + 1, tail - 1) }
  return writer
end

function Writer:put(piece)
  self.offset = self.offset + #piece
  return self.write(piece)
end

function Writer:note(name, flags, sums, offset)
  local far = offset >= MOST
  local extra = far and u16(1) .. u16(8) .. u64(offset) or ""
  self.count = self.count + 1
  self.directory[#self.directory + 1] = "PK\1\2" .. u16(far and BIG or SMALL) .. common(far and BIG or SMALL, flags)
    .. sums .. u16(#name) .. u16(#extra) .. u16(0) .. u16(0) .. u16(0) .. u32(0) .. u32(math.min(offset, MOST)) .. name
    .. extra
end

--- A file that is there as a whole.
function Writer:add(name, text)
  local sums, offset = u32(crc32(0, text)) .. u32(#text) .. u32(#text), self.offset
  self:put("PK\3\4" .. common(SMALL, UTF8) .. sums .. u16(#name) .. u16(0) .. name)
  self:note(name, UTF8, sums, offset)
  return self:put(text)
end

--- A file below 4 GiB that comes in pieces.
---@param next_piece fun(): string? nil at its end
---@return boolean? ok false: nobody reads any more
function Writer:stream(name, next_piece)
  local flags, offset, crc, size = UTF8 + SUMS_BEHIND, self.offset, 0, 0
  self:put("PK\3\4" .. common(SMALL, flags) .. u32(0) .. u32(0) .. u32(0) .. u16(#name) .. u16(0) .. name)
  for piece in next_piece do
    crc, size = crc32(crc, piece), size + #piece
    if not self:put(piece) then return false end
  end
  local sums = u32(crc) .. u32(size) .. u32(size)
  self:note(name, flags, sums, offset)
  return self:put("PK\7\8" .. sums)
end

--- The directory, with which an archive ends.
function Writer:finish()
  local start, index, count = self.offset, table.concat(self.directory), self.count
  self:put(index)
  if start >= MOST or count >= 65535 then
    local at = self.offset
    self:put("PK\6\6" .. u64(44) .. u16(BIG) .. u16(BIG) .. u32(0) .. u32(0) .. u64(count) .. u64(count) .. u64(#index)
      .. u64(start) .. "PK\6\7" .. u32(0) .. u64(at) .. u32(1))
  end
  count = u16(math.min(count, 65535))
  return self:put("PK\5\6" .. u16(0) .. u16(0) .. count .. count .. u32(#index) .. u32(math.min(start, MOST)) .. u16(0))
end

--- An archive of texts.
---@param files { name: string, text: string }[]
---@return string octets
function M.archive(files)
  local parts = {}
  local writer = M.writer(function(piece)
    parts[#parts + 1] = piece
    return true
  end)
  for _, file in ipairs(files) do writer:add(file.name, file.text) end
  writer:finish()
  return table.concat(parts)
end

return M
