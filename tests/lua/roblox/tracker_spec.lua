local roblox = require "tests.support.roblox_world"

local Tracker = roblox.load("game/Tracker")

local events, clock

local function kinds()
  local list = {}
  for i, event in ipairs(events) do list[i] = event.kind .. ":" .. event.percent end
  return list
end

describe("roblox/game/Tracker.luau", function()
  local tracker

  before_each(function()
    events, clock = {}, 1767225600
    tracker = Tracker.new("lesson-1", 3, function() return clock end, function(event) table.insert(events, event) end)
  end)

  it("tells how far a player is, from the start to the end", function()
    tracker:did(7, "checkpoint", "station:1", {})
    tracker:did(7, "checkpoint", "station:2", {})
    tracker:did(7, "answered", "question:a", { question = "a", choice = "2" })
    assert.same({ "started:0", "checkpoint:33", "checkpoint:66", "answered:100", "completed:100" }, kinds())
    assert.same({ 7, "lesson-1", "2" }, { events[4].roblox_user_id, events[4].lesson_id, events[4].choice })
  end)

  it("sends a checkpoint once, a new answer to the same question again, the end once", function()
    for _ = 1, 2 do
      tracker:did(7, "checkpoint", "station:1", {})
      tracker:did(7, "answered", "question:a", {})
      tracker:did(7, "answered", "question:b", {})
    end
    assert.same({ "started:0", "checkpoint:33", "answered:66", "answered:100", "completed:100", "answered:100",
      "answered:100" }, kinds())
  end)

  it("counts seconds so that they add up", function()
    clock = clock + 0.6
    tracker:did(7, "checkpoint", "station:1", {})
    clock = clock + 10.6
    tracker:did(7, "checkpoint", "station:2", {})
    clock = clock + 10.6
    tracker:did(7, "answered", "question:a", {})
    assert.equal(21, events[2].seconds + events[3].seconds + events[4].seconds)
  end)

  it("dates events in UTC", function()
    tracker:did(7, "checkpoint", "station:1", {})
    assert.equal("2026-01-01T00:00:00Z", events[1].occurred_at)
  end)

  it("keeps players apart", function()
    tracker:did(7, "checkpoint", "station:1", {})
    tracker:did(8, "checkpoint", "station:1", {})
    tracker:left(7)
    tracker:did(8, "checkpoint", "station:2", {})
    assert.same({ "started:0", "checkpoint:33", "started:0", "checkpoint:33", "checkpoint:66" }, kinds())
  end)
end)
