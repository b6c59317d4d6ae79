-- Rate limits: the arithmetic of the sliding window.

local limits = require "web.limits"
local redis = require "host.redis"
local timer = require "host.timer"

describe("web.limits", function()
  it("allows as many as the limit, then none", function()
    for i = 1, 5 do
      local allowed, remaining = limits.take("spec:a", 5, 60, 600)
      assert.is_true(allowed)
      assert.equal(5 - i, remaining)
    end
    local allowed, remaining, reset = limits.take("spec:a", 5, 60, 600)
    assert.is_false(allowed)
    assert.equal(0, remaining)
    assert.equal(60, reset)
  end)

  it("keeps callers apart", function()
    assert.is_true((limits.take("spec:b", 1, 60, 600)))
    assert.is_true((limits.take("spec:c", 1, 60, 600)))
    assert.is_false((limits.take("spec:b", 1, 60, 601)))
  end)

  it("slides: what came late in the window before still counts for its part", function()
    for _ = 1, 10 do assert.is_true((limits.take("spec:d", 10, 60, 659))) end
    -- Half a window later half of it is forgotten.
    local allowed = 0
    for _ = 1, 10 do
      if limits.take("spec:d", 10, 60, 690) then allowed = allowed + 1 end
    end
    assert.equal(5, allowed)
    -- Two windows later nothing is left.
    local fresh, remaining = limits.take("spec:d", 10, 60, 800)
    assert.is_true(fresh)
    assert.equal(9, remaining)
  end)

  it("learns from Redis what others have counted, in the window before too", function()
    local batch, now = redis.batch, timer.wall
    local stored = {}
    redis.batch = function(commands)
      local replies = {}
      for i, command in ipairs(commands) do
        local name = command[2]
        if command[1] == "INCRBY" then stored[name] = (stored[name] or 0) + command[3] end
        replies[i] = command[1] == "GET" and stored[name] and tostring(stored[name]) or stored[name]
      end
      return replies
    end
    timer.wall = function() return 630 end
    stored["limit:spec:e:9"], stored["limit:spec:e:10"] = 8, 3
    assert.is_true((limits.take("spec:e", 10, 60, 630))) -- alone it would be the first of ten
    limits.exchange()
    redis.batch, timer.wall = batch, now
    local _, remaining = limits.take("spec:e", 10, 60, 630)
    assert.equal(10 - 4 - 4 - 1, remaining) -- half of 8, and 4 of now
  end)

  it("counts all addresses of an IPv6 network together", function()
    local limit = limits.new { default = { requests = 2, seconds = 60 } } { label = "spec" }
    local function ask(remote) return limit { http = { remote = remote } } == nil end
    assert.is_true(ask "2001:db8::1" and ask "2001:db8::2")
    assert.is_false(ask "2001:db8::3")
    assert.is_true(ask "2001:db8:0:1::1")
  end)
end)
