local base32 = require "util.base32"
local totp = require "util.totp"

describe("base32", function()
  it("has the vectors of RFC 4648 §10", function()
    local vectors = { [""] = "", f = "MY", fo = "MZXQ", foo = "MZXW6", foob = "MZXW6YQ", fooba = "MZXW6YTB",
      foobar = "MZXW6YTBOI" }
    for plain, text in pairs(vectors) do assert.are.equal(text, base32.encode(plain)) end
  end)
end)

describe("a code of the authenticator", function()
  local secret = "12345678901234567890"

  it("has the vectors of RFC 6238 appendix B, of which six digits are shown", function()
    local vectors = { [59] = "287082", [1111111109] = "081804", [1111111111] = "050471", [1234567890] = "005924",
      [2000000000] = "279037", [20000000000] = "353130" }
    for seconds, code in pairs(vectors) do assert.are.equal(code, totp.code(secret, totp.step(seconds))) end
  end)

  it("is found in its own half minute and the neighbours'", function()
    local code = totp.code(secret, totp.step(1000))
    assert.are.equal(totp.step(1000), totp.find(secret, code, 1000))
    assert.are.equal(totp.step(1000), totp.find(secret, code, 1030))
    assert.are.equal(totp.step(1000), totp.find(secret, code, 970))
    assert.is_nil(totp.find(secret, code, 1080))
    assert.is_nil(totp.find(secret, "000000", 1000))
  end)

  it("is set up by a URI that escapes names", function()
    assert.are.equal("otpauth://totp/Toolbox%20AI:ada%40x?secret=MZXW6&issuer=Toolbox%20AI&algorithm=SHA1&digits=6"
      .. "&period=30", totp.uri("foo", "ada@x", "Toolbox AI"))
  end)
end)
