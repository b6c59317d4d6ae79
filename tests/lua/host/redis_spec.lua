-- host.redis against the test's Redis: replies, batches, subscriptions. Its keys begin with host_redis_spec.
local json = require "host.json"
local redis = require "host.redis"
local task = require "host.task"

local KEY = "host_redis_spec:"

after_each(function()
  for _, name in ipairs { "a", "b", "list" } do redis.call("DEL", KEY .. name) end
end)

describe("replies", function()
  it("are true, strings, numbers, arrays and nil", function()
    assert.is_true(redis.call("SET", KEY .. "a", "text\0with NUL"))
    assert.equal("text\0with NUL", redis.call("GET", KEY .. "a"))
    assert.equal(2, redis.call("RPUSH", KEY .. "list", "x", 1e15))
    assert.same({ "x", "1000000000000000" }, redis.call("LRANGE", KEY .. "list", 0, -1))
    local value, err = redis.call("GET", KEY .. "nothing")
    assert.is_nil(value)
    assert.is_nil(err)
    assert.same({ "text\0with NUL", json.null }, redis.call("MGET", KEY .. "a", KEY .. "nothing"))
  end)

  it("that are errors have the code reply", function()
    redis.call("SET", KEY .. "a", "1")
    local value, err = redis.call("LPUSH", KEY .. "a", "x")
    assert.is_nil(value)
    assert.equal("reply", err.code)
    assert.truthy(err.message:find("WRONGTYPE", 1, true))
  end)
end)

describe("a batch", function()
  it("gives a reply each, a failed one in its place", function()
    local replies = assert(redis.batch {
      { "SET", KEY .. "a", 5 }, { "INCR", KEY .. "a" }, { "LPUSH", KEY .. "a", 1 }, { "GET", KEY .. "b" },
    })
    assert.is_true(replies[1])
    assert.equal(6, replies[2])
    assert.equal("reply", replies[3].code)
    assert.equal(json.null, replies[4])
    assert.same({}, redis.batch {})
  end)
end)

describe("commands", function()
  it("that would block or change the shared connection raise", function()
    for _, name in ipairs { "BLPOP", "subscribe", "SELECT", "MULTI", "MONITOR", "QUIT" } do
      assert.has_error(function() redis.call(name, "x") end)
      assert.has_error(function() redis.batch { { name, "x" } } end)
    end
    assert.has_error(function() redis.call("GET", {}) end)
    assert.has_error(function() redis.call() end)
  end)

  it("of many tasks each get their own answer", function()
    local jobs = {}
    for i = 1, 200 do
      jobs[i] = function() return redis.call("ECHO", "message " .. i) end
    end
    for i, answer in ipairs(task.all(jobs)) do assert.equal("message " .. i, answer) end
  end)
end)

describe("subscriptions", function()
  it("begin with nil, deliver in order, and come back after a lost connection", function()
    local got = task.queue()
    redis.subscribe("host_redis_spec", function(message) got:push(message or "gap") end)
    assert.equal("gap", got:pop(30))
    redis.batch { { "PUBLISH", "host_redis_spec", "one" }, { "PUBLISH", "host_redis_spec", "two" } }
    assert.equal("one", got:pop(30))
    assert.equal("two", got:pop(30))
    -- CLIENT is refused to scripts, but not to Redis' own.
    assert(redis.call("EVAL", "return redis.call('PUBLISH', 'host_redis_spec', 'three')", 0))
    assert.equal("three", got:pop(30))
  end)
end)

describe("status", function()
  it("tells that Redis is there", function()
    assert(redis.call("PING"))
    assert.same({ ok = true }, redis.status())
  end)
end)
