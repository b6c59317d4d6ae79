-- util/sse.lua: reads a stream of server-sent events (HTML standard, section 9.2) piece by piece, wherever it is cut.

local M = {}

local Reader = {}
Reader.__index = Reader

-- A line or event longer than this is no stream that we know.
local MOST = 1024 * 1024

--- A reader of one stream.
function M.new()
  return setmetatable({ rest = "", data = {}, event = nil }, Reader)
end

local function take_line(self, line, out)
  if line == "" then
    if #self.data > 0 then out[#out + 1] = { event = self.event or "message", data = table.concat(self.data, "\n") } end
    self.data, self.event = {}, nil
    return
  end
  local field, value = line:match("^([^:]*):? ?(.*)$")
  if field == "data" then self.data[#self.data + 1] = value
  elseif field == "event" then self.event = value end
end

--- Takes the next piece.
---@param chunk string
---@return { event: string, data: string }[]? events that it completes
---@return table? err upstream: a line without an end
function Reader:feed(chunk)
  local text, out, at = self.rest .. chunk, {}, 1
  while true do
    local stop = text:find("[\r\n]", at)
    -- A CR at the very end may be half of a CRLF.
    if not stop or (stop == #text and text:byte(stop) == 13) then break end
    take_line(self, text:sub(at, stop - 1), out)
    at = stop + (text:sub(stop, stop + 1) == "\r\n" and 2 or 1)
  end
  self.rest = text:sub(at)
  if #self.rest > MOST then return nil, { code = "upstream", message = "the stream has a line without an end" } end
  return out
end

return M
