-- The routes of tests/bench/service/bench.lua as nginx's Lua module would have them.
local base64 = require "ngx.base64"
local cjson = require "cjson"
local ffi = require "ffi"
local redis = require "nginx.redis"
local websocket = require "nginx.websocket.server"

ffi.cdef [[
const void *EVP_sha256(void);
unsigned char *HMAC(const void *md, const void *key, int n, const char *data, size_t size, unsigned char *out,
                    unsigned int *length);
]]

local secret = os.getenv("BENCH_JWT_SECRET")
local redis_port = tonumber(os.getenv("BENCH_REDIS_PORT"))
local sha256 = ffi.C.EVP_sha256()
local mac = ffi.new("unsigned char[32]")
local byte, find, sub = string.byte, string.find, string.sub
local decode, encode = cjson.decode, cjson.encode

local M = {}

local function answer(kind, body)
  local header = ngx.header
  header["Content-Type"] = kind
  header["Content-Length"] = #body
  ngx.print(body)
end

function M.plaintext()
  answer("text/plain", "Hello, World!")
end

function M.json()
  answer("application/json", encode { message = "Hello, World!" })
end

function M.json_large()
  ngx.req.read_body()
  answer("application/json", encode(decode(ngx.req.get_body_data())))
end

-- Whether text's 32 octets are those of mac; takes the same time wherever they differ.
local function is_mac(text)
  local difference = 0
  for i = 1, 32 do
    difference = bit.bor(difference, bit.bxor(mac[i - 1], byte(text, i)))
  end
  return difference == 0
end

local function claims_of(header)
  if not header or sub(header, 1, 7) ~= "Bearer " then return nil end
  local first = find(header, ".", 8, true)
  local second = first and find(header, ".", first + 1, true)
  local signature = second and base64.decode_base64url(sub(header, second + 1))
  if not signature or #signature ~= 32 then return nil end
  ffi.C.HMAC(sha256, secret, #secret, sub(header, 8, second - 1), second - 8, mac, nil)
  if not is_mac(signature) then return nil end
  if decode(base64.decode_base64url(sub(header, 8, first - 1))).alg ~= "HS256" then return nil end
  local claims = decode(base64.decode_base64url(sub(header, first + 1, second - 1)))
  return claims.exp > ngx.time() and claims or nil
end

function M.jwt()
  local claims = claims_of(ngx.var.http_authorization)
  if claims then return answer("application/json", encode(claims)) end
  ngx.status = 401
  answer("text/plain", "unauthorized")
end

local function failed(err)
  ngx.log(ngx.ERR, err)
  ngx.exit(500)
end

function M.redis1()
  local client = redis:new()
  local connected, refused = client:connect("127.0.0.1", redis_port)
  if not connected then return failed(refused) end
  local value, err = client:get("bench:key")
  if not value then return failed(err) end
  client:set_keepalive(60000, 64)
  answer("text/plain", value)
end

function M.ws()
  local socket, refused = websocket:new { timeout = 3600000, max_payload_len = 65535 }
  if not socket then return failed(refused) end
  while true do
    local data, kind = socket:recv_frame()
    if kind == "text" then
      socket:send_text(data)
    elseif kind == "ping" then
      socket:send_pong(data)
    else
      return
    end
  end
end

return M
