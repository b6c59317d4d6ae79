local roblox = require "tests.support.roblox_world"

local Backoff = roblox.load("shared/Backoff")
local Session = roblox.load("plugin/Session")

local store, calls, answers, applied, outcome

-- A session whose bridge answers from a script, one {answer} or {nil, failure} per call.
local function new_session(script)
  answers, calls, applied = script, {}, {}
  local api = {}
  function api.call(_, method, path, body)
    table.insert(calls, { method = method, path = path, body = body, token = api.token })
    local reply = assert(table.remove(answers, 1), "an unexpected call of " .. path)
    return reply[1], reply[2]
  end
  return Session.new({
    api = api,
    backoff = Backoff.new(function() return 1 end),
    store = { get = function(name) return store[name] end, set = function(name, item) store[name] = item end },
    apply = function(patch)
      table.insert(applied, patch)
      if outcome.error then return nil, outcome.error end
      return outcome
    end,
    changed = function() end,
  })
end

describe("roblox/plugin/Session.luau", function()
  before_each(function()
    store, outcome = {}, { skipped = 0 }
  end)

  it("pairs, remembers the token and polls with it", function()
    local session = new_session({ { { token = "secret" } }, { true } })
    assert.equal("unpaired", session.state)
    assert.is_true(session:pair("ABCD", 7, "My place", "1.0.0"))
    assert.same({ code = "ABCD", place_id = 7, place_name = "My place", plugin_version = "1.0.0" }, calls[1].body)
    assert.equal(0, session:step())
    assert.equal("/v1/patches?after=0&wait=15", calls[2].path)
    assert.equal("Bearer secret", calls[2].token)
    assert.same({ Token = "secret", Revision = 0 }, store)
  end)

  it("goes on where it was after Studio was restarted", function()
    store = { Token = "kept", Revision = 4 }
    local session = new_session({ { true } })
    session:step()
    assert.equal("/v1/patches?after=4&wait=15", calls[1].path)
  end)

  it("applies a patch, keeps its revision and acknowledges it", function()
    store = { Token = "t", Revision = 4 }
    local session = new_session({ { { from = 4, to = 6 } }, { { revision = 6 } } })
    assert.equal(0, session:step())
    assert.equal(1, #applied)
    assert.same({ revision = 6, applied = true, skipped = 0 }, calls[2].body)
    assert.equal(6, store.Revision)
  end)

  it("asks for a snapshot when a patch starts elsewhere", function()
    store = { Token = "t", Revision = 3 }
    local snapshot = { snapshot = true, from = 0, to = 6 }
    local session = new_session({ { { from = 4, to = 6 } }, { snapshot }, { {} }, { true } })
    session:step()
    assert.equal(0, #applied)
    session:step()
    assert.equal("/v1/snapshot", calls[2].path)
    session:step()
    assert.equal("/v1/patches?after=6&wait=15", calls[4].path)
  end)

  it("pauses when a patch cannot be applied, and tries the whole lesson when told to", function()
    store = { Token = "t", Revision = 1 }
    outcome = { error = "Studio is busy" }
    local session = new_session({ { { from = 1, to = 2 } }, { {} }, { { snapshot = true, to = 2 } }, { {} } })
    session:step()
    assert.same({ revision = 2, applied = false, error = "Studio is busy" }, calls[2].body)
    assert.equal("paused", session.state)
    assert.equal(1, store.Revision)
    session:step()
    assert.equal(2, #calls)
    outcome = { skipped = 0 }
    session:retry()
    session:step()
    assert.equal("/v1/snapshot", calls[3].path)
    assert.equal(2, store.Revision)
  end)

  it("waits longer after each failure, and as long as the bridge asks", function()
    store = { Token = "t", Revision = 1 }
    local down = { nil, { status = 0, message = "no answer" } }
    local session = new_session({ down, down, { nil, { status = 503, message = "busy", retry_after = 30 } }, { true },
      down })
    assert.equal(1, session:step())
    assert.equal(2, session:step())
    assert.equal(30, session:step())
    assert.equal(0, session:step())
    assert.equal(1, session:step())
  end)

  it("wants a new code when its token is no longer accepted", function()
    store = { Token = "t", Revision = 1 }
    local session = new_session({ { nil, { status = 401, message = "ended" } } })
    session:step()
    assert.equal("unpaired", session.state)
    assert.is_nil(store.Token)
  end)

  it("tells why a code was refused", function()
    local session = new_session({ { nil, { status = 404, message = "This code is not known." } } })
    local ok, message = session:pair("XXXX", 1, "", "1")
    assert.is_nil(ok)
    assert.equal("This code is not known.", message)
    assert.equal("unpaired", session.state)
  end)
end)
