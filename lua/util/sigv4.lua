-- util/sigv4.lua: AWS Signature Version 4 of a request whose payload's digest is known, as S3 and what speaks like it
-- ask. The secret key never travels. Paths come escaped already: S3 escapes them once.

local crypto = require "host.crypto"
local keys = require "util.keys"
local url = require "util.url"

local M = {}

local ALGORITHM = "AWS4-HMAC-SHA256"

--- The digest of no payload at all.
M.EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

-- Names in lower case and in order; values without the blanks around them.
local function canonical_headers(headers)
  local names, lines = keys.sorted(headers), {}
  for i, name in ipairs(names) do lines[i] = name .. ":" .. tostring(headers[name]):match("^%s*(.-)%s*$") .. "\n" end
  return table.concat(lines), table.concat(names, ";")
end

local function signing_key(credentials, day)
  local key = "AWS4" .. credentials.secret
  for _, part in ipairs { day, credentials.region, "s3", "aws4_request" } do key = crypto.hmac("sha256", key, part) end
  return key
end

---@param request table method, host, path, query (name → value), headers, digest
---headers in lower case; digest: SHA-256 of the payload in hex
---@param credentials { id: string, secret: string, region: string }
---@param time integer seconds since 1970
---@return table<string, string> headers those of the request and what authorises them
function M.sign(request, credentials, time)
  local stamp = os.date("!%Y%m%dT%H%M%SZ", time)
  local scope = ("%s/%s/s3/aws4_request"):format(stamp:sub(1, 8), credentials.region)
  local headers = { host = request.host, ["x-amz-date"] = stamp, ["x-amz-content-sha256"] = request.digest }
  for name, value in pairs(request.headers) do headers[name] = value end
  local lines, names = canonical_headers(headers)
  local canonical = table.concat({ request.method, request.path, url.build(request.query), lines, names,
    request.digest }, "\n")
  local to_sign = table.concat({ ALGORITHM, stamp, scope, crypto.hex(crypto.sha256(canonical)) }, "\n")
  local signature = crypto.hex(crypto.hmac("sha256", signing_key(credentials, stamp:sub(1, 8)), to_sign))
  headers.host = nil -- the client of host.http writes it
  headers.authorization = ("%s Credential=%s/%s,SignedHeaders=%s,Signature=%s"):format(ALGORITHM, credentials.id, scope,
    names, signature)
  return headers
end

return M
