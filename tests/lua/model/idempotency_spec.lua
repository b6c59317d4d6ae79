local db = require "model.db"
local idempotency = require "model.idempotency"
local factory = require "tests.support.factory"
local id = require "util.id"

describe("an idempotency key", function()
  local owner, digest = nil, id.digest("POST /x {}")

  before_each(function() owner = id.uuid() end)

  local function begin(request)
    return factory.must(idempotency.begin(owner, "key", request or digest))
  end

  it("lets one request run and gives the others its answer", function()
    assert.are.equal("new", begin().state)
    assert.are.equal("busy", begin().state)
    factory.must(idempotency.finish(owner, "key", { status = 201, headers = { location = "/x/1" }, body = "{}" }))
    assert.are.same({ state = "done", status = 201, headers = { location = "/x/1" }, body = "{}" }, begin())
  end)

  it("keeps no answer that a reader of the database could use", function()
    begin()
    factory.must(idempotency.finish(owner, "key", { status = 201, headers = {}, body = "tbk_secret" }))
    local row = factory.must(db.education:one({ "select k.body_sealed from idempotency_keys k where k.owner_id ="
      .. " ?::uuid", owner }))
    assert.is_nil(row.body_sealed:find("tbk_secret", 1, true))
    assert.are.equal("tbk_secret", begin().body)
  end)

  it("is refused for another request", function()
    begin()
    assert.are.equal("other", begin(id.digest("POST /y {}")).state)
  end)

  it("is free again after a request that changed nothing", function()
    begin()
    factory.must(idempotency.drop(owner, "key"))
    assert.are.equal("new", begin().state)
  end)
end)
