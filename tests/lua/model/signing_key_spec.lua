local db = require "model.db"
local factory = require "tests.support.factory"
local keyring = require "web.keyring"
local signing_key = require "model.signing_key"

local function load_keys()
  keyring.use(factory.must(signing_key.load()))
end

local function token(name)
  return keyring.sign { sub = name, iss = "spec", aud = "spec", exp = 4e9 }
end

local function reads(text)
  local claims = keyring.verify(text, "spec", "spec")
  return claims and claims.sub
end

describe("signing keys", function()
  before_each(function()
    factory.must(db.education:run("delete from signing_keys"))
    load_keys()
  end)

  teardown(function()
    factory.must(db.education:run("delete from signing_keys"))
    load_keys()
  end)

  it("rotate without a token becoming invalid, from the secret of the settings on", function()
    local tokens = { token "first" }
    for _, alg in ipairs { "HS256", "ES256", "RS256" } do
      factory.must(signing_key.rotate(alg, 0))
      load_keys()
      tokens[#tokens + 1] = token(alg)
    end
    for i, name in ipairs { "first", "HS256", "ES256", "RS256" } do assert.are.equal(name, reads(tokens[i])) end
  end)

  it("sign only when everybody has had time to learn of them", function()
    factory.must(signing_key.rotate("ES256", 0))
    load_keys()
    factory.must(signing_key.rotate("HS256", 3600))
    load_keys()
    assert.is_truthy(token("x"):match("^[^.]+"))
    factory.must(db.education:run("delete from signing_keys where alg = 'HS256'"))
    local soon = token "soon"
    load_keys()
    assert.are.equal("soon", reads(soon))
  end)

  it("show their public halves and nothing else", function()
    factory.must(signing_key.rotate("HS256", 0))
    factory.must(signing_key.rotate("ES256", 0))
    load_keys()
    local published = keyring.published().keys
    assert.are.equal(1, #published)
    assert.are.equal("EC", published[1].kty)
    assert.is_string(published[1].kid)
    assert.is_nil(published[1].d)
  end)

  it("are worth nothing once they have expired", function()
    factory.must(signing_key.rotate("ES256", 0))
    load_keys()
    local old = token "old"
    factory.must(signing_key.rotate("ES256", 0))
    factory.must(db.education:run("update signing_keys set expires_at = now() where expires_at is not null"))
    load_keys()
    assert.is_nil(reads(old))
  end)

  it("refuse what another secret has signed", function()
    factory.must(signing_key.rotate("ES256", 0))
    load_keys()
    local head, body = token("x"):match("^([^.]+)%.([^.]+)")
    assert.is_nil(reads(head .. "." .. body .. "." .. ("A"):rep(86)))
    assert.is_nil(reads("nonsense"))
  end)
end)
