-- services/api/media.lua: files that people upload. An upload is written as it arrives; what it is, its first octets
-- say; it is given back as a download that no browser runs.

local answer = require "web.answer"
local childhood = require "model.childhood"
local crypto = require "host.crypto"
local cursor = require "web.cursor"
local errors = require "web.errors"
local guard = require "web.guard"
local media = require "model.media"
local negotiate = require "web.negotiate"
local parameters = require "web.parameters"
local schema = require "web.schema"
local secure = require "web.secure"
local settings = require "host.settings"
local shapes = require "services.api.shapes"
local sniff = require "util.sniff"
local store = require "storage.media"
local upload = require "web.upload"
local url = require "util.url"
local utf8 = require "util.utf8"

local optional = schema.optional

-- What a form has besides its file.
local FORM_OCTETS = 4096

local Media = shapes.Media

local Change = schema.object { shared = schema.describe(schema.boolean(), "Whether the school may read it") }

local function refuse(code, message)
  return nil, errors.new("invalid", message, { errors = { { pointer = "#/file", code = code, message = message } } })
end

-- The last part of what the client calls it: never a path, never empty.
local function clean(name)
  name = utf8.line(name:gsub("^.*[/\\]", ""):gsub('"', ""), 180):gsub("^%s+", ""):gsub("%s+$", "")
  return name ~= "" and name or "file"
end

-- A file on its way from the form to the store.
local Incoming = {}
Incoming.__index = Incoming

function Incoming:begin(part)
  self.name = clean(part.filename)
  local row, err = media.begin(self.user, self.name)
  if not row then return nil, err end
  self.id = row.id
  self.file, err = store.create(row.id)
  if not self.file then return nil, errors.new("unavailable", nil, { reason = err.message }) end
  return true
end

function Incoming:write(chunk)
  local ok, err = self.file:write(chunk)
  if not ok then return nil, errors.new("unavailable", nil, { reason = err.message }) end
  return true
end

-- Nothing is written before it is known what it is.
function Incoming:identify(last)
  if self.type or (#self.head < sniff.ENOUGH and not last) then return true end
  if self.head == "" then return refuse("required", "the file is empty") end
  self.type = sniff.type(self.head)
  if not self.type then
    return refuse("type", "this is none of " .. table.concat(sniff.TYPES, ", "))
  end
  local may, err = childhood.may_upload(self.user.id, self.type)
  if not may then return nil, err end
  return self:write(self.head)
end

function Incoming:data(chunk)
  self.octets = self.octets + #chunk
  if self.octets > settings.media_limit then return nil, errors.new("too_large") end
  if self.type then return self:write(chunk) end
  self.head = self.head .. chunk
  return self:identify(false)
end

-- All octets are there: what they are, and by what a repeated upload is known.
function Incoming:finish()
  local ok, err = self:identify(true)
  if not ok then return nil, err end
  local digest, failure = self.file:finish()
  if not digest then return nil, errors.new("unavailable", nil, { reason = failure.message }) end
  self.digest = crypto.hex(digest)
  self.identity = self.digest .. " " .. self.name
  return self
end

-- Gives up what no row in the end has.
function Incoming:discard()
  if self.kept then return end
  if self.file then self.file:cancel() end
  if self.id then media.discard(self.id) end
end

local function take(req, incoming)
  local ok, err = upload.read(req, settings.media_limit + FORM_OCTETS, {
    begin = function(part) return incoming:begin(part) end,
    data = function(chunk) return incoming:data(chunk) end,
  })
  if not ok then return nil, err end
  return incoming:finish()
end

-- What was begun and came to nothing is given up, also when the client went away; media.sweep is the net below.
local function receive(req)
  local incoming = setmetatable({ user = req.user, head = "", octets = 0 }, Incoming)
  local ran, received, err = pcall(take, req, incoming)
  if ran and received then return received end
  if not ran then
    if incoming.file then incoming.file:cancel() end
    error(received, 0)
  end
  incoming:discard()
  return nil, err
end

---@param req api.uploadMedia
local function create(req)
  local incoming = req.body
  local made, err = media.complete(req.user, incoming.id, {
    name = sniff.name(incoming.name, incoming.type), type = incoming.type, octets = incoming.octets,
    digest = incoming.digest,
  }, settings.media_quota)
  incoming.kept = made ~= nil
  return made, err
end

---@param req api.listMedia
local function list(req)
  return cursor.list(req, function(page) return media.list(req.user, req.query, page) end)
end

---@param req api.showMedia
local function show(req)
  return media.find(req.user, req.params.media_id)
end

---@param req api.changeMedia
local function change(req)
  return media.update(req.user, req.params.media_id, req.body, req.revision)
end

---@param req api.deleteMedia
local function delete(req)
  return answer.done(media.delete(req.user, req.params.media_id, req.revision))
end

-- RFC 6266: a plain name for everybody, the real one in UTF-8 for who can read it.
local function disposition(name)
  local plain = name:gsub("[^%w._ -]", "_")
  return ("attachment; filename=\"%s\"; filename*=UTF-8''%s"):format(plain, url.encode(name))
end

local function headers_of(found)
  local headers = {
    ["content-type"] = found.type, ["content-disposition"] = disposition(found.name), etag = '"' .. found.digest .. '"',
    ["cache-control"] = "private, no-cache", ["accept-ranges"] = "bytes",
  }
  for name, value in pairs(secure.data) do headers[name] = value end
  return headers
end

-- The part that Range asks for, or all of it: status, first, last.
local function part_of(req, found, headers)
  local first, last = req.http:range(headers.etag, found.octets)
  if first == false then return nil, errors.new("no_such_range", nil, {
    headers = { ["content-range"] = "bytes */" .. found.octets },
  }) end
  if not first then return 200, 0, found.octets - 1 end
  headers["content-range"] = ("bytes %d-%d/%d"):format(first, last, found.octets)
  return 206, first, last
end

-- Closes the reader whatever becomes of the task, so that no connection to a store stays open.
local function copy(req, reader, octets)
  while octets > 0 do
    local piece = reader:read()
    if not piece then error("a file ended early", 0) end
    octets = octets - #piece
    if not req.http:write(piece) then return end
  end
end

local function send(req, found)
  local headers = headers_of(found)
  local status, first, last = part_of(req, found, headers)
  if not status then return nil, first end
  if req.method == "HEAD" then
    req.http:start(status, headers)
    return req.http:finish()
  end
  local reader, err = store.open(found.id, first, last)
  if not reader then return nil, errors.new(err.code, nil, { reason = err.message }) end
  req.http:start(status, headers)
  local ok, raised = pcall(copy, req, reader, last - first + 1)
  reader:close()
  if not ok then error(raised, 0) end
  req.http:finish()
end

---@param req api.downloadMedia
local function content(req)
  local found, err = media.find(req.user, req.params.media_id)
  if not found then return nil, err end
  if not negotiate.accepts(req.http:header("accept"), found.type) then
    return nil, errors.new("not_acceptable", "This file is " .. found.type)
  end
  local seen = req.http:header("if-none-match")
  local tags = seen and parameters.entity_tags(seen)
  if tags and (tags == "*" or tags['"' .. found.digest .. '"']) then
    local headers = headers_of(found)
    headers["content-type"] = nil
    return 304, nil, headers
  end
  return send(req, found)
end

local signed_in = guard.signed_in
local tags = { "Content" }
local by_id = { media_id = schema.id(shapes.MEDIA) }

return {
  ["/media"] = {
    GET = { "List the files that one may see", signed_in(list), out = schema.list(Media),
      query = cursor.query({}, { mine = optional(schema.boolean(), false) }), id = "listMedia", tags = tags },
    POST = { "Upload a file", signed_in(create), out = Media, creates = true, upload = upload.TYPE, receive = receive,
      errors = upload.errors, id = "uploadMedia", tags = tags,
      description = "A form with one part `file`. What it is, its octets say: " .. table.concat(sniff.TYPES, ", ")
        .. ". A file that is attached to nothing and shared with nobody is deleted after a time." },
  },
  ["/media/{media_id}"] = {
    GET = { "Show what is known of a file", signed_in(show), params = by_id, out = Media, id = "showMedia",
      tags = tags },
    PATCH = { "Share a file with the school", signed_in(change), params = by_id, body = Change, out = Media,
      errors = { "forbidden" }, id = "changeMedia", tags = tags },
    DELETE = { "Delete a file", signed_in(delete), params = by_id, errors = { "forbidden" }, id = "deleteMedia",
      tags = tags },
  },
  ["/media/{media_id}/content"] = {
    GET = { "Download a file", signed_in(content), params = by_id, raw = true, files = sniff.TYPES, also = { 206 },
      errors = { "no_such_range" }, id = "downloadMedia", tags = tags,
      description = "Range and If-Range give a part of it." },
  },
}
