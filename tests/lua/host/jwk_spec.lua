local jwt = require "host.jwt"

describe("a key pair", function()
  for _, alg in ipairs { "ES256", "RS256" } do
    it("signs by its private half and verifies by its published one: " .. alg, function()
      local private = jwt.generate(alg)
      local jwk = jwt.to_jwk(private)
      assert.are.equal(alg, jwk.alg)
      assert.is_nil(jwk.d)
      local public, named = jwt.to_pem(jwk)
      assert.are.equal(alg, named)
      local token = jwt.sign({ sub = "ada", exp = 4e9 }, { alg = alg, key = private }, "k1")
      local claims = jwt.verify(token, { keys = { k1 = { alg = alg, key = public } } })
      assert.are.equal("ada", claims.sub)
    end)
  end

  it("is not made of anything else", function()
    assert.is_nil(jwt.to_pem { kty = "oct", k = "AAAA" })
    assert.is_nil(jwt.to_pem { kty = "EC", crv = "P-256", x = "AAAA", y = "AAAA" })
    assert.is_nil(jwt.to_pem { kty = "EC", crv = "P-384", x = "AAAA", y = "AAAA" })
    assert.has_error(function() jwt.generate("HS256") end)
    assert.has_error(function() jwt.to_jwk("no PEM") end)
  end)
end)
