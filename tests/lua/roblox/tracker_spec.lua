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
    tracker:read(7, "1")
    tracker:read(7, "2")
    tracker:answer(7, "a", "2")
    assert.same({ "started:0", "checkpoint:33", "checkpoint:66", "answered:100", "completed:100" }, kinds())
    assert.same({ 7, "lesson-1", "1" }, { events[2].roblox_user_id, events[2].lesson_id, events[2].station })
  end)

  it("sends a checkpoint once, another answer to the same question again, the end once", function()
    for choice = 1, 2 do
      tracker:read(7, "1")
      tracker:answer(7, "a", "x")
      tracker:answer(7, "b", "choice " .. choice)
    end
    assert.same({ "started:0", "checkpoint:33", "answered:66", "answered:100", "completed:100", "answered:100" },
      kinds())
  end)

  it("sends all answers so far with each one", function()
    tracker:answer(7, "b", "1")
    tracker:answer(7, "a", "2")
    tracker:answer(7, "b", "3")
    assert.same({ { question = "a", choice = "2" }, { question = "b", choice = "3" } }, events[4].answers)
  end)

  it("counts seconds so that they add up", function()
    clock = clock + 0.6
    tracker:read(7, "1")
    clock = clock + 10.6
    tracker:read(7, "2")
    clock = clock + 10.6
    tracker:answer(7, "a", "1")
    assert.equal(21, events[2].seconds + events[3].seconds + events[4].seconds)
  end)

  it("dates events in UTC", function()
    tracker:read(7, "1")
    assert.equal("2026-01-01T00:00:00Z", events[1].occurred_at)
  end)

  it("keeps players apart", function()
    tracker:read(7, "1")
    tracker:read(8, "1")
    tracker:left(7)
    tracker:read(8, "2")
    assert.same({ "started:0", "checkpoint:33", "started:0", "checkpoint:33", "checkpoint:66" }, kinds())
  end)
end)
