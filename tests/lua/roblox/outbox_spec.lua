local roblox = require "tests.support.roblox_world"

local Backoff = roblox.load("shared/Backoff")
local Outbox = roblox.load("game/Outbox")

local sent, answers, warnings

local function new_outbox(script)
  sent, answers, warnings = {}, script, {}
  local keys = 0
  return Outbox.new({
    api = { call = function(_, _, path, body)
      assert(path == "/v1/progress")
      table.insert(sent, body.events)
      local reply = assert(table.remove(answers, 1), "an unexpected call")
      return reply[1], reply[2]
    end },
    backoff = Backoff.new(function() return 0 end),
    new_key = function() keys = keys + 1 return "key" .. keys end,
    warn = function(text) table.insert(warnings, text) end,
  })
end

local function fill(outbox, count)
  for i = 1, count do outbox:add({ n = i }) end
end

local OK = { { accepted = 1, duplicates = 0, rejected = {} } }

describe("roblox/game/Outbox.luau", function()
  it("sends in order, in batches, and stops when all is sent", function()
    local outbox = new_outbox({ OK, OK, OK })
    fill(outbox, 120)
    assert.equal(0, outbox:flush())
    assert.equal(0, outbox:flush())
    assert.is_nil(outbox:flush())
    assert.is_nil(outbox:flush())
    assert.same({ 50, 50, 20 }, { #sent[1], #sent[2], #sent[3] })
    assert.equal(1, sent[1][1].n)
    assert.equal(120, sent[3][20].n)
  end)

  it("keeps an event's key over every retry", function()
    local outbox = new_outbox({ { nil, { status = 503, message = "" } }, { nil, { status = 0, message = "" } }, OK })
    fill(outbox, 2)
    assert.equal(0.5, outbox:flush())
    assert.equal(1, outbox:flush())
    assert.is_nil(outbox:flush())
    assert.equal(sent[1][2].key, sent[3][2].key)
    assert.not_equal(sent[1][1].key, sent[1][2].key)
  end)

  it("obeys Retry-After", function()
    local outbox = new_outbox({ { nil, { status = 429, message = "", retry_after = 20 } } })
    fill(outbox, 1)
    assert.equal(20, outbox:flush())
    assert.equal(1, #outbox.events)
  end)

  it("sends less at a time when the bridge finds a batch too large", function()
    local outbox = new_outbox({ { nil, { status = 413, message = "" } }, OK, OK })
    fill(outbox, 50)
    assert.equal(0, outbox:flush())
    outbox:flush()
    assert.equal(25, #sent[2])
    assert.equal(1, sent[2][1].n)
  end)

  it("gives up events that can never be accepted, and says so", function()
    local outbox = new_outbox({ { nil, { status = 422, message = "no such lesson" } } })
    fill(outbox, 3)
    assert.equal(0, outbox:flush())
    assert.equal(0, #outbox.events)
    assert.truthy(warnings[1]:find("no such lesson", 1, true))
  end)

  it("keeps events while its key is not accepted", function()
    local outbox = new_outbox({ { nil, { status = 401, message = "revoked" } } })
    fill(outbox, 3)
    assert.equal(60, outbox:flush())
    assert.equal(3, #outbox.events)
  end)

  it("keeps the newest events when the bridge stays away", function()
    local outbox = new_outbox({})
    fill(outbox, 2003)
    assert.equal(2000, #outbox.events)
    assert.equal(4, outbox.events[1].n)
    assert.equal(3, outbox.lost)
  end)

  it("names the events that were refused one by one", function()
    local outbox = new_outbox({ { { accepted = 1, rejected = { { index = 2, message = "unknown player" } } } } })
    fill(outbox, 2)
    assert.is_nil(outbox:flush())
    assert.truthy(warnings[1]:find("event 2 was refused: unknown player", 1, true))
  end)
end)
