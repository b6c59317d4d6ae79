local api_key = require "model.api_key"
local db = require "model.db"
local factory = require "tests.support.factory"
local user = require "model.user"

describe("a key for machines", function()
  local teacher, made

  before_each(function()
    teacher = factory.person("teacher")
    made = factory.must(api_key.create(teacher, { name = "roster sync", scopes = { "classes:read" } }))
  end)

  it("acts for its maker within its scopes", function()
    local caller = factory.must(api_key.caller(made.key))
    assert.are.equal(teacher.id, caller.id)
    assert.are.equal("teacher", caller.role)
    assert.are.same({ "classes:read" }, caller.scopes)
    assert.are.equal(made.id, caller.api_key_id)
  end)

  it("is stored as a digest, and shown by its beginning", function()
    assert.are.equal(made.key:sub(1, 12), made.prefix)
    local row = factory.must(db.education:one({ "select k::text as all from api_keys k where k.id = ?::uuid",
      made.id }))
    assert.is_nil(row.all:find(made.key, 1, true))
    assert.is_nil(factory.must(api_key.list(teacher, { limit = 5 })).items[1].key)
  end)

  it("notes its use, once a minute", function()
    assert.is_userdata(made.last_used_at)
    factory.must(api_key.caller(made.key))
    local first = factory.must(api_key.find(teacher, made.id)).last_used_at
    assert.is_string(first)
    factory.must(api_key.caller(made.key))
    assert.are.equal(first, factory.must(api_key.find(teacher, made.id)).last_used_at)
  end)

  it("is good for nothing once it is revoked, too old, or its maker is suspended", function()
    local function refused(key)
      assert.are.equal("unauthenticated", select(2, api_key.caller(key)).code)
    end
    assert.are.equal("not_found", select(2, api_key.revoke(factory.person("teacher"), made.id)).code)
    local old = factory.must(api_key.create(teacher, { name = "old", scopes = { "classes:read" },
      expires_at = "2020-01-01T00:00:00Z" }))
    refused(old.key)
    refused("tbk_nonsense")
    factory.must(api_key.revoke(teacher, made.id))
    refused(made.key)
    local other = factory.must(api_key.create(teacher, { name = "other", scopes = { "classes:read" } }))
    factory.must(user.set_state(factory.person("admin", { school = { id = teacher.school_id } }), teacher.id,
      "suspended"))
    refused(other.key)
  end)

  it("has scopes that say what may be done", function()
    local _, err = api_key.create(teacher, { name = "x", scopes = { "classes:burn" } })
    assert.are.equal("scopes", err.field)
  end)
end)
