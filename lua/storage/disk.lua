-- storage/disk.lua: people's files in the folder of setting media_folder, by host.store. See storage/media.lua.

local store = require "host.store"

local M = {}

-- Octets that are read at once.
local PIECE = 65536

M.create, M.remove = store.create, store.remove

local Reader = {}
Reader.__index = Reader

function Reader:read()
  local piece = self.ahead
  self.ahead = nil
  if piece then return piece end
  if self.at > self.last then return nil end
  local octets, err = store.read(self.name, self.at, math.min(PIECE, self.last - self.at + 1))
  if not octets then return nil, err end
  self.at = self.at + #octets
  if octets ~= "" then return octets end
end

function Reader.close() end

function M.open(name, first, last)
  local reader = setmetatable({ name = name, at = first, last = last }, Reader)
  local piece, err = reader:read() -- now it is known whether it is there
  if err then return nil, err end
  reader.ahead = piece
  return reader
end

return M
