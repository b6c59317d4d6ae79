-- storage/s3.lua: people's files in a bucket of Amazon S3 or of a server that speaks as it does (MinIO, Ceph, Garage).
-- See storage/media.lua for what a store does.
--
--   create ──write*──> (a part is full) upload begun ──write*──> finish: the last part, completed
--      └───write*──> finish: one PUT                  └──cancel──> aborted
--
-- A file has its name only when it is complete, as S3 has it. A part is held until it is sent, since its digest stands
-- before it in its signature; what all uploads of a worker hold together is bounded. What a dead worker leaves of an
-- upload, the bucket's own rule for incomplete uploads removes.

local crypto = require "host.crypto"
local http = require "host.http"
local log = require "host.log"
local sigv4 = require "util.sigv4"
local task = require "host.task"
local url = require "util.url"

local M = {}

-- S3 takes no smaller part but the last.
local PART = 5 * 1024 * 1024
-- Octets that all uploads of a worker hold.
local HELD = 64 * 1024 * 1024
-- What fails on the other side is asked again so often, after seconds that double.
local TRIES, PAUSE = 3, 0.2
-- Seconds for a part, or for the head of an answer; and without an octet while a file is read.
local TIMEOUT, IDLE = 60, 60
local KIND = "application/octet-stream"

local Store, File, Reader = {}, {}, {}
Store.__index, File.__index, Reader.__index = Store, File, Reader

-- Files that are being written; one that is forgotten counts no longer once it is collected.
local open = setmetatable({}, { __mode = "k" })

local function held()
  local octets = 0
  for file in pairs(open) do octets = octets + file.octets end
  return octets
end

local function tag(text, name)
  return text and text:match("<" .. name .. ">(.-)</" .. name .. ">")
end

-- What the bucket answered, for the operator; people are told that it cannot be done now.
local function failed(self, request, response, err)
  if response and response.status == 404 and tag(response.body, "Code") ~= "NoSuchBucket" then
    return nil, { code = "not_found", message = "there is no such file" }
  end
  local reason = err and err.message
    or ("%d %s: %s"):format(response.status, tag(response.body, "Code") or "", tag(response.body, "Message") or "")
  log.warn("the object store refused", { bucket = self.bucket, method = request.method, path = request.path,
    reason = reason })
  return nil, { code = "unavailable", message = "the object store failed: " .. reason }
end

local function send(self, request)
  local query = url.build(request.query)
  local headers = sigv4.sign(request, self.keys, os.time())
  return http.request {
    url = self.origin .. request.path .. (query ~= "" and "?" .. query or ""), method = request.method,
    headers = headers, body = request.body, timeout = TIMEOUT, idle_timeout = IDLE, stream = request.stream,
  }
end

-- All that is asked may be asked twice: it has the same effect.
local function ask(self, method, name, options)
  local request = {
    method = method, host = self.host, path = self.path .. name, query = options.query or {}, body = options.body,
    headers = options.headers or {}, digest = options.digest or sigv4.EMPTY, stream = options.stream,
  }
  local response, err
  for try = 1, TRIES do
    response, err = send(self, request)
    if response and response.status < 500 then break end
    if try < TRIES then
      if response and request.stream then response:close() end
      task.sleep(PAUSE * 2 ^ (try - 1))
    end
  end
  if response and response.status < 300 then return response end
  if response and request.stream then response.body = response:read() end
  return failed(self, request, response, err)
end

---@param settings { url: string, bucket: string, region: string, prefix: string, key_id: string, key: string }
---@return table store
function M.new(settings)
  local origin, host = settings.url:match("^(https?://([^/?#@]+))/?$")
  if not origin then error("setting media.url: expected http:// or https://, a host and no path", 0) end
  if not settings.bucket:find("^[a-z0-9][a-z0-9.-]+$") then error("setting media.bucket: no name of a bucket", 0) end
  if not settings.prefix:find("^[%w_/.-]*$") then error("setting media.prefix: expected letters, digits, _ . -", 0) end
  -- The client leaves a scheme's own port out.
  host = host:gsub(origin:find("^https") and ":443$" or ":80$", "")
  return setmetatable({
    origin = origin, host = host, bucket = settings.bucket, path = "/" .. settings.bucket .. "/" .. settings.prefix,
    keys = { id = settings.key_id, secret = settings.key, region = settings.region },
  }, Store)
end

-- What is held of a file, as a body with its digest.
local function take_held(file)
  local body, digest = table.concat(file.pieces), crypto.hex(file.part:finish())
  file.pieces, file.octets, file.part = {}, 0, crypto.hasher()
  return { body = body, digest = digest, headers = { ["content-type"] = KIND } }
end

local function begin_upload(file)
  local response, err = ask(file.store, "POST", file.name, { query = { uploads = "" },
    headers = { ["content-type"] = KIND } })
  if not response then return nil, err end
  file.upload_id = tag(response.body, "UploadId")
  if not file.upload_id then return failed(file.store, { method = "POST", path = file.name }, response) end
  return true
end

local function send_part(file)
  if not file.upload_id then
    local begun, err = begin_upload(file)
    if not begun then return nil, err end
  end
  local number = #file.parts + 1
  local options = take_held(file)
  options.query = { partNumber = tostring(number), uploadId = file.upload_id }
  local response, err = ask(file.store, "PUT", file.name, options)
  if not response then return nil, err end
  file.parts[number] = response.headers.etag
  return true
end

function Store:create(name)
  local file = setmetatable({ store = self, name = name, pieces = {}, octets = 0, parts = {},
    whole = crypto.hasher(), part = crypto.hasher() }, File)
  open[file] = true
  return file
end

function File:write(chunk)
  if held() + #chunk > HELD then return nil, { code = "unavailable", message = "too many uploads at once" } end
  self.whole:add(chunk)
  self.part:add(chunk)
  self.pieces[#self.pieces + 1] = chunk
  self.octets = self.octets + #chunk
  if self.octets < PART then return true end
  return send_part(self)
end

-- S3 says 200 before it knows: a failure stands in the body.
local function complete(file)
  local lines = { "<CompleteMultipartUpload>" }
  for number, etag in ipairs(file.parts) do
    lines[#lines + 1] = ("<Part><PartNumber>%d</PartNumber><ETag>%s</ETag></Part>"):format(number,
      (etag:gsub("[<&>]", "")))
  end
  lines[#lines + 1] = "</CompleteMultipartUpload>"
  local body = table.concat(lines)
  local response, err = ask(file.store, "POST", file.name, { query = { uploadId = file.upload_id }, body = body,
    digest = crypto.hex(crypto.sha256(body)), headers = { ["content-type"] = "application/xml" } })
  if not response then return nil, err end
  if not response.body:find("<CompleteMultipartUploadResult", 1, true) then
    return failed(file.store, { method = "POST", path = file.name }, response)
  end
  return true
end

function File:finish()
  local done, err = true, nil
  if not self.upload_id then
    done, err = ask(self.store, "PUT", self.name, take_held(self))
  else
    if self.octets > 0 then done, err = send_part(self) end
    if done then done, err = complete(self) end
  end
  if not done then return nil, err end
  open[self] = nil
  return self.whole:finish()
end

function File:cancel()
  open[self] = nil
  self.pieces, self.octets = {}, 0
  if not self.upload_id then return end
  task.spawn("abort an upload", function()
    ask(self.store, "DELETE", self.name, { query = { uploadId = self.upload_id } })
  end)
end

function Reader:read()
  local piece, err = self.response:read()
  if err then return nil, { code = "unavailable", message = "the object store failed: " .. err.message } end
  return piece
end

function Reader:close() self.response:close() end

function Store:open(name, first, last)
  local response, err = ask(self, "GET", name, { stream = true,
    headers = { range = ("bytes=%d-%d"):format(first, last) } })
  if not response then return nil, err end
  return setmetatable({ response = response }, Reader)
end

-- S3 says the same whether the file was there or not.
function Store:remove(name)
  local response, err = ask(self, "DELETE", name, {})
  return response and true, err
end

return M
