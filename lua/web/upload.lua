-- web/upload.lua: one file of a multipart/form-data body, given on piece by piece as it arrives, so that no upload is
-- ever held whole. A route that reads one declares `upload = "multipart/form-data"` and no body.

local errors = require "web.errors"
local form = require "host.form"
local negotiate = require "web.negotiate"
local utf8 = require "util.utf8"
local validate = require "web.validate"

local M = {}

M.TYPE = "multipart/form-data"

--- Error codes that a route with an upload declares.
M.errors = { "media_type", "malformed", "too_large", "invalid", "request_timeout" }

local codes = { too_large = "too_large", timeout = "request_timeout", closed = "malformed" }

local function refuse(name, code, message)
  return nil, errors.new("invalid", "The form breaks the schema", {
    errors = { { pointer = validate.pointer("#", name), code = code, message = message } },
  })
end

local function begin(part, state, sink)
  if part.name ~= "file" or state.name then
    return refuse(utf8.line(part.name or "", 100), "unknown", "expected one part named file")
  end
  state.name = part.filename
  if not part.filename then return refuse("file", "type", "expected a file, with a filename") end
  return not sink.begin or sink.begin(part)
end

-- Content is told in pieces that end wherever a delimiter might begin: those of one chunk are one again.
local function take(events, state, sink)
  local pieces = {}
  for _, event in ipairs(events) do
    if event.kind == "data" then pieces[#pieces + 1] = event.data end
    if event.kind == "part" then
      local ok, err = begin(event, state, sink)
      if not ok then return nil, err end
    end
  end
  if not pieces[1] then return true end
  return sink.data(table.concat(pieces))
end

---Reads the body. Whatever comes after a failure is left unread.
---@param req table
---@param limit integer most octets of the whole body
---@param sink { begin?: fun(part: host.form.event), data: fun(chunk: string) } each returns true, or nil and err
---@return true? done
---@return host.error? err one of M.errors, or what sink returned
function M.read(req, limit, sink)
  local refusal = negotiate.refuse(req.http, M.TYPE)
  if refusal then return nil, refusal end
  local reader, bad = form.new(req.http:header("content-type"), 2)
  if not reader then return nil, errors.new("malformed", bad.message) end
  local state = {}
  while true do
    local chunk, err = req.http:read(limit)
    if err then return nil, errors.new(codes[err.code] or "malformed") end
    if not chunk then break end
    local events, failure = reader:feed(chunk)
    if not events then return nil, errors.new("malformed", failure.message) end
    local ok, why = take(events, state, sink)
    if not ok then return nil, why end
  end
  if not reader:complete() then return nil, errors.new("malformed", "The form ends too early") end
  if not state.name then return refuse("file", "required", "the file is missing") end
  return true
end

return M
