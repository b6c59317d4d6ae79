-- host.crypto: published vectors, encodings, sealing, passwords.
local crypto = require "host.crypto"
local store = require "host.store"
local task = require "host.task"

describe("hashes", function()
  it("give the published digests", function()
    assert.equal("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", crypto.hex(crypto.sha256("abc")))
    assert.equal("a9993e364706816aba3e25717850c26c9cd0d89d", crypto.hex(crypto.sha1("abc")))
    assert.equal("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843", -- RFC 4231 §4.3
      crypto.hex(crypto.hmac("sha256", "Jefe", "what do ya want for nothing?")))
    assert.equal(64, #crypto.hmac("sha512", "k", ""))
    assert.has_error(function() crypto.hmac("md5", "k", "") end)
  end)

  it("are the same of pieces as of the whole, and told once", function()
    local hasher = crypto.hasher()
    for _, piece in ipairs { "a", "", "b\0c", ("x"):rep(10000) } do hasher:add(piece) end
    assert.equal(crypto.sha256("ab\0c" .. ("x"):rep(10000)), hasher:finish())
    assert.has_error(function() hasher:finish() end)
    assert.has_error(function() hasher:add("more") end)
    assert.has_error(function() crypto.hasher():add(1) end)
  end)

  it("compare without telling where", function()
    assert.is_true(crypto.equal("secret", "secret"))
    assert.is_false(crypto.equal("secret", "secreT"))
    assert.is_false(crypto.equal("secret", "secre"))
  end)
end)

describe("encodings", function()
  local octets = {}
  for i = 0, 255 do octets[#octets + 1] = string.char(i) end
  octets = table.concat(octets)

  it("return what went in", function()
    assert.equal(octets, crypto.unhex(crypto.hex(octets)))
    assert.equal(octets, crypto.unbase64(crypto.base64(octets)))
    assert.equal(octets, crypto.unbase64url(crypto.base64url(octets)))
    assert.equal("", crypto.unbase64(""))
  end)

  it("refuse what is not canonical", function()
    assert.is_nil(crypto.unhex("abc"))
    assert.is_nil(crypto.unhex("0x"))
    assert.is_nil(crypto.unbase64("Zg"))
    assert.is_nil(crypto.unbase64("Zh=="))
    assert.is_nil(crypto.unbase64url("Zg=="))
    assert.is_nil(crypto.unbase64url("a+b/"))
  end)
end)

describe("random values", function()
  it("have the asked length and differ", function()
    assert.equal(1000, #crypto.random(1000))
    assert.not_equal(crypto.random(16), crypto.random(16))
    for _, n in ipairs { 0, -1, 1.5, 65537 } do
      assert.has_error(function() crypto.random(n) end)
    end
  end)

  it("are UUIDs of version 7 that sort by time", function()
    local last = ""
    for _ = 1, 1000 do
      local id = crypto.uuid()
      assert.truthy(id:match("^%x%x%x%x%x%x%x%x%-%x%x%x%x%-7%x%x%x%-[89ab]%x%x%x%-%x%x%x%x%x%x%x%x%x%x%x%x$"))
      assert.is_true(last < id)
      last = id
    end
  end)
end)

describe("sealing", function()
  local key = ("k"):rep(32)

  it("opens with the same key and context only", function()
    local sealed = crypto.seal(key, "birth date", "user 1")
    assert.not_equal(sealed, crypto.seal(key, "birth date", "user 1"))
    assert.equal("birth date", crypto.unseal(key, sealed, "user 1"))
    assert.is_nil(crypto.unseal(key, sealed, "user 2"))
    assert.is_nil(crypto.unseal(key, sealed))
    assert.is_nil(crypto.unseal(("j"):rep(32), sealed, "user 1"))
    assert.is_nil(crypto.unseal(key, sealed:sub(1, -2), "user 1"))
    assert.is_nil(crypto.unseal(key, "", "user 1"))
    assert.equal("", crypto.unseal(key, crypto.seal(key, "")))
    assert.has_error(function() crypto.seal("short", "x") end)
  end)
end)

describe("passwords", function()
  it("verify against their own hash only", function()
    local hash = crypto.password_hash("correct horse")
    assert.truthy(hash:match("^%$scrypt%$ln=%d+,r=%d+,p=%d+%$"))
    local matches, stale = crypto.password_verify("correct horse", hash)
    assert.is_true(matches)
    assert.is_false(stale)
    assert.is_false((crypto.password_verify("correct horsf", hash)))
    assert.is_false((crypto.password_verify("", "no hash")))
    assert.has_error(function() crypto.password_hash(("x"):rep(4097)) end)
  end)

  it("of weaker parameters match, and are told to be stale", function()
    -- Python: hashlib.scrypt(b"password", salt=b"NaClNaClNaCl", n=1024, r=8, p=16, dklen=32)
    local matches, stale = crypto.password_verify("password",
      "$scrypt$ln=10,r=8,p=16$TmFDbE5hQ2xOYUNs$bQNKUNQ6n3SiREiYkGZa6mSKPfaLtUtI7fYgx1nsd9c")
    assert.is_true(matches)
    assert.is_true(stale)
  end)

  it("hold up nothing else that needs a thread, however many wait", function()
    local order, jobs = {}, {}
    for i = 1, 4 do
      jobs[i] = function()
        crypto.password_verify("password", "no hash")
        order[#order + 1] = "hash"
      end
    end
    jobs[5] = function()
      store.remove(crypto.uuid())
      order[#order + 1] = "file"
    end
    task.all(jobs)
    assert.equal("file", order[1])
  end)
end)
