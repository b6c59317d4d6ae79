local game_server = require "model.game_server"
local place = require "model.place"
local factory = require "tests.support.factory"
local id = require "util.id"

describe("a Studio session", function()
  local teacher

  before_each(function() teacher = factory.person("teacher") end)

  local function pair()
    local code = factory.must(place.make_code(teacher)).code
    return factory.must(place.pair(code, { place_id = 1234, place_name = "My place", plugin_version = "1.0" })), code
  end

  it("is opened with a code that works once", function()
    local paired, code = pair()
    assert.are.equal(teacher.id, factory.must(place.session(paired.token)).user_id)
    local _, again = place.pair(code, {})
    assert.are.equal("code", again.field)
    local _, wrong = place.session("studio_nonsense")
    assert.are.equal("unauthenticated", wrong.code)
  end)

  it("receives deliveries in order, each key once", function()
    local paired = pair()
    local lesson_id = id.uuid()
    local function deliver(key)
      return factory.must(place.deliver { user_id = teacher.id, key = key, lesson_id = lesson_id,
        tree = { name = key } })
    end
    assert.are.equal(1, deliver("a"))
    assert.are.equal(2, deliver("b"))
    assert.are.equal(1, deliver("a"))
    local newest = factory.must(place.newest(teacher.id))
    assert.are.equal("b", newest.tree.name)
    assert.are.same(newest, factory.must(place.delivery(teacher.id, 2)))
    local session = factory.must(place.session(paired.token))
    local done = factory.must(place.acknowledge(session,
      { delivery_id = newest.id, state = "applied", tree = newest.tree }))
    assert.are.equal(2, done.applied_seq)
    assert.are.equal("b", factory.must(place.session(paired.token)).tree.name)
    local _, foreign = place.acknowledge(session, { delivery_id = id.uuid(), state = "applied" })
    assert.are.equal("delivery_id", foreign.field)
  end)

  it("ends, and its token with it", function()
    local paired = pair()
    local _, foreign = place.end_session(factory.person("teacher").id, paired.session.id)
    assert.are.equal("not_found", foreign.code)
    factory.must(place.end_session(teacher.id, paired.session.id))
    assert.is_nil(place.session(paired.token))
  end)
end)

describe("a game server", function()
  it("has a key for one class until that is revoked", function()
    local group = factory.class()
    local made = factory.must(game_server.create(group.teacher, { class_id = group.class.id, name = "Main" }))
    assert.are.equal(group.class.id, factory.must(game_server.authenticate(made.key)).class_id)
    assert.is_nil(factory.must(game_server.find(group.teacher, made.id)).key)
    assert.are.equal(1, #factory.must(game_server.list(group.teacher)).items)
    factory.must(game_server.revoke(group.teacher, made.id))
    local _, err = game_server.authenticate(made.key)
    assert.are.equal("unauthenticated", err.code)
    local _, foreign = game_server.create(factory.person("teacher"), { class_id = group.class.id, name = "x" })
    assert.are.equal("class_id", foreign.field)
  end)

  it("knows players by their Roblox user", function()
    local roblox = tonumber(id.uuid():gsub("%D", ""):sub(-12)) + 1
    local student = factory.person("student").id
    factory.must(game_server.link_player(roblox, student))
    factory.must(game_server.link_player(roblox, student))
    assert.are.same({ [roblox] = student }, factory.must(game_server.students { roblox, roblox + 1 }))
    local _, taken = game_server.link_player(roblox, factory.person("student").id)
    assert.are.equal("not_found", taken.code)
  end)
end)
