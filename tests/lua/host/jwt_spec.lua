-- host.jwt: what is accepted and, mostly, what is not (RFC 7519, RFC 8725).
local crypto = require "host.crypto"
local json = require "host.json"
local jwt = require "host.jwt"
local timer = require "host.timer"

local key = { alg = "HS256", key = ("s"):rep(32) }

local function now() return math.floor(timer.wall()) end

local function code_of(token, options)
  local claims, err = jwt.verify(token, options or { key = key })
  assert.is_nil(claims)
  return err.code
end

-- A token with a right signature over whatever header and claims.
local function forge(header, claims)
  local text = crypto.base64url(header) .. "." .. crypto.base64url(claims)
  return text .. "." .. crypto.base64url(crypto.hmac("sha256", key.key, text))
end

describe("a token", function()
  it("of ours gives its claims, at first sight and when it is known", function()
    local claims = { sub = "user", exp = now() + 60, roles = { "a", "b" }, n = 1.5 }
    local token = jwt.sign(claims, key, "k1")
    for _ = 1, 3 do assert.same(claims, jwt.verify(token, { key = key })) end
    for _ = 1, 3 do assert.same(claims, jwt.verify(token, { keys = { k1 = key } })) end
  end)

  it("gives claims that are the caller's own", function()
    local token = jwt.sign({ sub = "user", exp = now() + 60 }, key)
    jwt.verify(token, { key = key }).sub = "admin"
    assert.equal("user", jwt.verify(token, { key = key }).sub)
  end)

  it("is refused when its time is over or has not come, also when it is known", function()
    assert.equal("expired", code_of(jwt.sign({ exp = now() }, key)))
    assert.equal("not_yet", code_of(jwt.sign({ nbf = now() + 60 }, key)))
    assert.is_table(jwt.verify(jwt.sign({ exp = now() - 5 }, key), { key = key, leeway = 60 }))
    local token = jwt.sign({ exp = now() - 1 }, key)
    assert.is_table(jwt.verify(token, { key = key, leeway = 60 }))
    assert.equal("expired", code_of(token))
  end)

  it("is refused by whoever it is not meant for", function()
    local token = jwt.sign({ iss = "me", aud = { "a", "b" } }, key)
    assert.is_table(jwt.verify(token, { key = key, issuer = "me", audience = "b" }))
    assert.equal("audience", code_of(token, { key = key, audience = "c" }))
    assert.equal("audience", code_of(token)) -- RFC 7519 §4.1.3
    assert.equal("issuer", code_of(token, { key = key, audience = "a", issuer = "you" }))
    assert.equal("issuer", code_of(jwt.sign({}, key), { key = key, issuer = "me" }))
  end)

  it("is refused under another key, or none", function()
    local token = jwt.sign({ sub = "x" }, key, "k1")
    assert.equal("signature", code_of(token, { key = { alg = "HS256", key = ("t"):rep(32) } }))
    assert.equal("key", code_of(token, { keys = { k2 = key } }))
    assert.equal("key", code_of(jwt.sign({ sub = "x" }, key), { keys = { k1 = key } }))
  end)

  it("does not choose its algorithm", function()
    assert.equal("malformed", code_of(crypto.base64url('{"alg":"none"}') .. "." .. crypto.base64url("{}") .. "."))
    assert.equal("malformed", code_of(forge('{"alg":"none"}', "{}")))
    assert.equal("key", code_of(forge('{"alg":"RS256"}', "{}")))
  end)

  it("is refused when header or claims are ambiguous", function()
    assert.is_table(jwt.verify(forge('{"alg":"HS256"}', '{"a":1}'), { key = key }))
    assert.equal("malformed", code_of(forge('{"alg":"HS256","alg":"HS256"}', "{}")))
    assert.equal("malformed", code_of(forge('{"alg":"HS256","crit":["b64"],"b64":false}', "{}")))
    assert.equal("malformed", code_of(forge('{"alg":"HS256"}', '{"sub":"a","sub":"b"}')))
    assert.equal("malformed", code_of(forge('{"alg":"HS256"}', "[1]")))
    assert.equal("malformed", code_of(forge('{"alg":"HS256"}', '"text"')))
    assert.equal("malformed", code_of(forge('{"alg":"HS256"}', "{}x")))
    assert.equal("malformed", code_of(forge('{"alg":"HS256"}', '{"exp":"soon"}')))
  end)

  it("is refused when its text is not canonical", function()
    local token = jwt.sign({ sub = "x" }, key)
    for _, text in ipairs { "", ".", "a.b", token .. ".x", token .. "=", " " .. token, (token:gsub("%.", "..", 1)),
      token:sub(1, 10) .. "\0" .. token:sub(12), ("x"):rep(9000) } do
      assert.equal("malformed", code_of(text))
    end
    assert.equal("signature", code_of((token:gsub("%.[^.]+$", "." .. ("A"):rep(43)))))
  end)
end)

describe("keys", function()
  it("that are too weak or of another kind raise", function()
    assert.has_error(function() jwt.sign({}, { alg = "HS256", key = "short" }) end)
    assert.has_error(function() jwt.sign({}, { alg = "HS1", key = key.key }) end)
    assert.has_error(function() jwt.sign({}, { alg = "RS256", key = key.key }) end)
    assert.has_error(function() jwt.verify("x.y.z", {}) end)
  end)

  it("of RS256 and ES256 sign with the private part and verify with either", function()
    local function pem(command)
      local pipe = assert(io.popen("(" .. command .. ") 2>/dev/null"))
      local text = pipe:read("*a")
      pipe:close()
      assert.truthy(text:find("BEGIN", 1, true))
      return text
    end
    local commands = {
      RS256 = "openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048",
      ES256 = "openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256",
    }
    local file = os.tmpname()
    for alg, command in pairs(commands) do
      local private = pem(command .. " | tee " .. file)
      local public = pem("openssl pkey -pubout -in " .. file)
      local token = jwt.sign({ sub = alg }, { alg = alg, key = private }, "k")
      assert.equal(alg, jwt.verify(token, { key = { alg = alg, key = public } }).sub)
      assert.equal(alg, jwt.verify(token, { keys = { k = { alg = alg, key = private } } }).sub)
      -- The public key is no secret: a token made with it as one must not pass (RFC 8725 §2.1).
      local confused = jwt.sign({ sub = "evil" }, { alg = "HS256", key = public })
      assert.equal("key", code_of(confused, { key = { alg = alg, key = public } }))
      assert.has_error(function() jwt.sign({}, { alg = alg, key = public }) end)
    end
    os.remove(file)
  end)

  it("keep the claims' numbers as they are", function()
    local token = jwt.sign({ exp = 4102444800, n = 0.1 }, key)
    local claims = json.decode(crypto.unbase64url(token:match("%.(.-)%.")))
    assert.equal(4102444800, claims.exp)
    assert.equal(0.1, claims.n)
  end)
end)
