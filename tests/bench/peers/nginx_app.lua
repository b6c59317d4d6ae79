-- The routes of tests/bench/service/bench.lua as nginx's Lua module would have them.
local base64 = require "ngx.base64"
local cjson = require "cjson"
local ffi = require "ffi"

ffi.cdef [[
const void *EVP_sha256(void);
unsigned char *HMAC(const void *md, const void *key, int n, const char *data, size_t size, unsigned char *out,
                    unsigned int *length);
]]

local secret = os.getenv("BENCH_JWT_SECRET")
local sha256 = ffi.C.EVP_sha256()
local mac = ffi.new("unsigned char[32]")

local M = {}

local function answer(status, kind, body)
  ngx.status = status
  ngx.header["Content-Type"] = kind
  ngx.header["Content-Length"] = #body
  ngx.print(body)
end

function M.plaintext()
  answer(200, "text/plain", "Hello, World!")
end

function M.json()
  answer(200, "application/json", cjson.encode { message = "Hello, World!" })
end

function M.json_large()
  ngx.req.read_body()
  answer(200, "application/json", cjson.encode(cjson.decode(ngx.req.get_body_data())))
end

-- Same in whatever time, as the others do it.
local function equal(a, b)
  local difference = 0
  for i = 1, #b do
    difference = bit.bor(difference, bit.bxor(a:byte(i), b:byte(i)))
  end
  return difference == 0
end

local function claims_of(header)
  local signed, head, body, signature = (header or ""):match("^Bearer (([^.]+)%.([^.]+))%.([^.]+)$")
  signature = signature and base64.decode_base64url(signature)
  if not signature or #signature ~= 32 then return nil end
  ffi.C.HMAC(sha256, secret, #secret, signed, #signed, mac, nil)
  if not equal(signature, ffi.string(mac, 32)) then return nil end
  if cjson.decode(base64.decode_base64url(head)).alg ~= "HS256" then return nil end
  local claims = cjson.decode(base64.decode_base64url(body))
  return claims.exp > ngx.time() and claims or nil
end

function M.jwt()
  local claims = claims_of(ngx.var.http_authorization)
  if claims then
    answer(200, "application/json", cjson.encode(claims))
  else
    answer(401, "text/plain", "unauthorized")
  end
end

return M
