local cache = require "model.cache"
local id = require "util.id"
local redis = require "host.redis"
local task = require "host.task"

describe("the cache", function()
  local group, reads

  before_each(function() group, reads = id.uuid(), 0 end)
  after_each(function() cache.forget(group) end)

  local function slow(value)
    return function()
      reads = reads + 1
      task.sleep(0.05)
      return value
    end
  end

  -- The lock that another worker holds.
  local function held_elsewhere(key)
    return redis.call("SET", ("cache:%s:lock:%s"):format(group, key), "another worker", "NX", "PX", 10000)
  end

  it("makes one read of 1,000 equal misses, and gives each caller a value of its own", function()
    local callers = {}
    for i = 1, 1000 do
      callers[i] = function() return cache.through(group, "a", slow { list = { 1, 2 } }) end
    end
    local values = task.all(callers)
    assert.are.equal(1, reads)
    assert.are.same({ list = { 1, 2 } }, values[1000])
    values[1].list[1] = "changed"
    assert.are.equal(1, values[2].list[1])
    assert.are.same({ list = { 1, 2 } }, cache.through(group, "a", slow "never read"))
    assert.are.equal(1, reads)
  end)

  it("waits for the worker that reads already", function()
    assert.is_true(held_elsewhere("a"))
    local values = task.all {
      function() return cache.through(group, "a", slow "mine") end,
      function()
        task.sleep(0.1)
        redis.call("HSET", "cache:" .. group, "a", '"theirs"')
        return true
      end,
    }
    assert.are.equal("theirs", values[1])
    assert.are.equal(0, reads)
  end)

  it("reads itself when the other worker has died", function()
    redis.call("SET", ("cache:%s:lock:a"):format(group), "a dead worker", "PX", 100)
    assert.are.equal("mine", cache.through(group, "a", slow "mine"))
    assert.are.equal(1, reads)
  end)

  it("forgets a group, and only that", function()
    local other = id.uuid()
    cache.through(group, "a", slow "old")
    cache.through(other, "a", slow "kept")
    cache.forget(group)
    assert.are.equal("new", cache.through(group, "a", slow "new"))
    assert.are.equal("kept", cache.through(other, "a", slow "never read"))
    cache.forget(other)
  end)

  it("does not keep what was read before a change", function()
    local value = cache.through(group, "a", function()
      cache.forget(group) -- somebody changes it meanwhile
      return "old"
    end)
    assert.are.equal("old", value)
    assert.are.equal("new", cache.through(group, "a", slow "new"))
  end)

  it("does not keep failures, and lets all who waited know", function()
    local function fail()
      reads = reads + 1
      task.sleep(0.05)
      return nil, { code = "not_found", message = "there is no such object" }
    end
    local codes = task.all {
      function() return select(2, cache.through(group, "a", fail)).code end,
      function() return select(2, cache.through(group, "a", fail)).code end,
    }
    assert.are.same({ "not_found", "not_found" }, codes)
    assert.are.equal(1, reads)
    assert.are.equal("there", cache.through(group, "a", slow "there"))
  end)

  it("goes on when the one who reads is cancelled", function()
    local values = task.all {
      function()
        local done = task.within(0.05, function()
          return cache.through(group, "a", function() task.sleep(30) end)
        end)
        return done == nil and "cancelled"
      end,
      function()
        task.sleep(0.02)
        return cache.through(group, "a", slow "mine")
      end,
    }
    assert.are.same({ "cancelled", "mine" }, values)
  end)

  it("expires", function()
    cache.through(group, "a", slow "value")
    local left = redis.call("TTL", "cache:" .. group)
    assert.is_true(left > 0 and left <= cache.KEPT)
  end)
end)
