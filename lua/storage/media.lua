-- storage/media.lua: where people's files lie: on this machine's disk or in an S3 bucket, as setting media says. Used
-- by model/media.lua and by the services that send files. Names are 1 to 64 of a-z, 0-9 and "-".

local disk = require "storage.disk"
local s3 = require "storage.s3"
local settings = require "host.settings"

local M = {}

local function choose(media)
  if not media or media.store == "disk" then return nil end
  for _, name in ipairs { "url", "bucket", "key_id", "key" } do
    if not media[name] then error(("setting media.%s: store s3 needs it"):format(name), 0) end
  end
  return s3.new(media)
end

local bucket = choose(settings.media)

---@class storage.file write(chunk) → true, finish() → digest (SHA-256, raw octets), cancel(): each nil, err on failure

--- Waits. A file that is about to come; it is there under its name once it is finished.
---@param name string
---@return storage.file? file
---@return host.error? err unavailable
function M.create(name)
  if bucket then return bucket:create(name) end
  return disk.create(name)
end

--- Waits. A part of a file, in pieces: read() gives the next one, nil at the end, or nil, err; close() gives it up.
---@param name string
---@param first integer
---@param last integer of the octets, counted from 0
---@return { read: fun(self), close: fun(self) }? reader
---@return host.error? err not_found, unavailable
function M.open(name, first, last)
  if bucket then return bucket:open(name, first, last) end
  return disk.open(name, first, last)
end

--- Waits.
---@param name string
---@return true? removed
---@return host.error? err not_found, unavailable
function M.remove(name)
  if bucket then return bucket:remove(name) end
  return disk.remove(name)
end

return M
