local factory = require "tests.support.factory"
local feed = require "services.bridge.feed"
local id = require "util.id"
local place = require "model.place"
local task = require "host.task"
local tree = require "sync.tree"

local session

local function folder(name)
  return tree.node({ id = "lesson:" .. name, class = "Folder", name = name })
end

local function deliver(name)
  return factory.must(place.deliver {
    user_id = session.user_id, key = id.uuid(), lesson_id = id.uuid(), tree = folder(name),
  })
end

describe("services.bridge.feed", function()
  setup(feed.start)

  before_each(function()
    local teacher = factory.person("teacher")
    local code = factory.must(place.make_code(teacher)).code
    session = factory.must(place.pair(code, {})).session
  end)

  it("has nothing for a place that has nothing to receive", function()
    assert.is_false(feed.next(session, 0, 0))
    local snapshot = factory.must(feed.snapshot(session))
    assert.same({ true, 0, 0 }, { snapshot.snapshot, snapshot.to, #snapshot.added })
  end)

  it("gives one patch over all that was missed", function()
    deliver("a")
    local to = deliver("b")
    local patch = factory.must(feed.next(session, 0, 0))
    assert.same({ 0, to, "lesson:b", 1 }, { patch.from, patch.to, patch.added[1].id, #patch.added })
    assert.is_false(feed.next(session, to, 0))
  end)

  it("gives the difference to the revision that the plugin has", function()
    local from = deliver("a")
    local to = deliver("b")
    local patch = factory.must(feed.next(session, from, 0))
    assert.same({ from, to, { "lesson:a" } }, { patch.from, patch.to, { unpack(patch.removed) } })
  end)

  it("gives everything to a plugin whose revision is unknown", function()
    deliver("a")
    assert.is_true(factory.must(feed.next(session, 99, 0)).snapshot)
  end)

  it("wakes who waits when something is delivered", function()
    local results = task.all {
      function() return feed.next(session, 0, 20) end,
      function()
        task.sleep(0.05)
        return deliver("late")
      end,
    }
    assert.equal("lesson:late", results[1].added[1].id)
  end)

  it("keeps teachers apart", function()
    deliver("mine")
    local other = factory.must(place.pair(factory.must(place.make_code(factory.person("teacher"))).code, {})).session
    assert.is_false(feed.next(other, 0, 0))
  end)
end)
