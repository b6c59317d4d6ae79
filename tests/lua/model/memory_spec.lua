local mcp_session = require "model.mcp_session"
local memory = require "model.memory"
local factory = require "tests.support.factory"
local id = require "util.id"

describe("memory", function()
  local owner

  before_each(function() owner = { id = id.uuid() } end)

  it("is its owner's alone", function()
    factory.must(memory.put(owner, { content = "The class likes volcanoes.", key = "likes" }))
    assert.are.equal(1, #factory.must(memory.list(owner, {})).items)
    assert.are.equal(0, #factory.must(memory.list({ id = id.uuid() }, {})).items)
    assert.are.equal(0, #factory.must(memory.list(owner, { context = "other" })).items)
  end)

  it("replaces what has the same key", function()
    factory.must(memory.put(owner, { content = "old", key = "k" }))
    factory.must(memory.put(owner, { content = "new", key = "k", priority = 80 }))
    local items = factory.must(memory.list(owner, { keys = { "k" } })).items
    assert.are.equal(1, #items)
    assert.are.equal("new", items[1].content)
    assert.are.equal(80, items[1].priority)
  end)

  it("is searched by words, source and priority", function()
    factory.must(memory.put(owner, { content = "Volcanoes erupt.", source = "chat", priority = 90 }))
    factory.must(memory.put(owner, { content = "Rivers flow.", source = "notes", priority = 10 }))
    assert.are.equal(1, #factory.must(memory.list(owner, { search = "erupting volcano" })).items)
    assert.are.equal(1, #factory.must(memory.list(owner, { source = "notes" })).items)
    assert.are.equal(1, #factory.must(memory.list(owner, { min_priority = 50 })).items)
  end)

  it("forgets what is worth least once the budget is spent, pinned entries last", function()
    local fifth = ("x"):rep(math.floor(memory.BUDGET * 4 / 5.1))
    factory.must(memory.put(owner, { content = fifth, key = "pinned", priority = 0, pinned = true }))
    for _, key in ipairs { "cheap", "fair", "good", "better" } do
      factory.must(memory.put(owner, { content = fifth, key = key, priority = key == "cheap" and 10 or 60 }))
    end
    local put = factory.must(memory.put(owner, { content = fifth, key = "dear", priority = 90 }))
    assert.are.equal(1, #put.evicted)
    assert.are.equal("cheap", put.evicted[1].key)
    assert.is_true(put.used <= put.budget)
  end)

  it("is forgotten by key, by source and as a whole", function()
    for _, key in ipairs { "a", "b", "c" } do
      factory.must(memory.put(owner, { content = key, key = key, source = key == "c" and "s" or "" }))
    end
    assert.are.equal(1, factory.must(memory.forget(owner, nil, { keys = { "a" } })))
    assert.are.equal(1, factory.must(memory.forget(owner, nil, { source = "s" })))
    assert.is_nil(memory.forget(owner, nil, {}))
    assert.are.equal(1, factory.must(memory.forget(owner, nil, { all = true })))
  end)
end)

describe("an MCP session", function()
  it("lives until it is closed, for its owner", function()
    local owner = { id = id.uuid() }
    local session = factory.must(mcp_session.open(owner, { protocol_version = "2025-11-25",
      client = { name = "spec" } }))
    factory.must(mcp_session.save(owner, session.id, { level = "info" }))
    assert.are.same({ level = "info" }, factory.must(mcp_session.use(owner, session.id)).state)
    assert.is_nil(mcp_session.use({ id = id.uuid() }, session.id))
    assert.is_nil(mcp_session.use(owner, "nonsense"))
    factory.must(mcp_session.close(owner, session.id))
    assert.is_nil(mcp_session.use(owner, session.id))
  end)
end)
