local db = require "model.db"
local engine = require "workflow.engine"
local runs = require "workflow.run"
local store = require "workflow.store"
local task = require "host.task"
local factory = require "tests.support.factory"
local id = require "util.id"

describe("an engine", function()
  local owner = { id = id.uuid(), role = "teacher" }

  -- An engine for one workflow of a name of its own. The script's source is what a new engine would load again.
  local function new(name, source, run)
    return engine.new {
      workflows = { [name] = { run = run or assert(loadstring(source))().run } },
      source = function() return source end,
    }
  end

  local function start(name, input)
    return factory.must(runs.start { workflow = name, input = input or {}, owner_id = owner.id })
  end

  -- The run once it has stopped.
  local function outcome(run)
    for _ = 1, 2000 do
      local seen = factory.must(runs.find(owner, run.id))
      if seen.state ~= "queued" and seen.state ~= "running" then return seen end
      task.sleep(0.01)
    end
    error("the run did not stop")
  end

  it("runs what is due to its end and records the output", function()
    local name = "spec-" .. id.uuid()
    local made = new(name, [[return { run = function(flow, input)
      return { doubled = flow:step("double", input, function() return input.n * 2 end) }
    end }]])
    local run = start(name, { n = 21 })
    made:pick()
    local seen = outcome(run)
    assert.are.equal("succeeded", seen.state)
    assert.are.same({ doubled = 42 }, seen.output)
    assert.are.equal("done", seen.steps[1].state)
  end)

  it("goes on with the script a run began with after the script has changed", function()
    local name = "spec-" .. id.uuid()
    local before = [[return { run = function(flow) return flow:step("old", {}, function() return "old" end) end }]]
    local after = [[return { run = function(flow) return flow:step("new", {}, function() return "new" end) end }]]
    local run = start(name)
    local held = factory.must(store.claim(id.uuid(), 60, { name }, true))
    local crypto = require "host.crypto"
    factory.must(store.pin(held, crypto.hex(crypto.sha256(before)), before))
    factory.must(db.education:query({ "update workflow_runs set lease_until = now() - interval '1 second'"
      .. " where id = ?::uuid", run.id }))
    local changed = new(name, after)
    changed:pick()
    assert.are.equal("old", outcome(run).output)
    local fresh = start(name)
    changed:pick()
    assert.are.equal("new", outcome(fresh).output)
  end)

  it("blocks a run whose script raises, with the place, and lets it go on when that is mended", function()
    local name = "spec-" .. id.uuid()
    local calls = 0
    local function script(mended)
      return function(flow)
        flow:step("first", {}, function() calls = calls + 1 return 1 end)
        if not mended then error("a mistake") end
        return "well"
      end
    end
    local run = start(name)
    new(name, "return 1", script(false)):pick()
    local blocked = outcome(run)
    assert.are.equal("blocked", blocked.state)
    assert.is_truthy(blocked.error.message:find("engine_spec.lua:%d+: a mistake"))
    factory.must(runs.resume(owner, run.id, "current"))
    new(name, "return 2", script(true)):pick()
    assert.are.equal("well", outcome(run).output)
    assert.are.equal(1, calls)
  end)

  it("records a failure with its step", function()
    local name = "spec-" .. id.uuid()
    local run = start(name)
    new(name, "", function(flow)
      flow:step("ask", {}, function() return nil, { code = "refused_key", message = "the key is not valid" } end)
    end):pick()
    local seen = outcome(run)
    assert.are.equal("failed", seen.state)
    assert.are.same({ code = "refused_key", message = "the key is not valid", step = "ask" }, seen.error)
  end)

  it("stops a run that its owner cancels while a step waits", function()
    local name = "spec-" .. id.uuid()
    local run = start(name)
    local begun
    local made = new(name, "", function(flow)
      flow:step("long", {}, function()
        begun = true
        task.sleep(600)
      end)
    end)
    made:pick()
    for _ = 1, 1000 do
      if begun then break end
      task.sleep(0.01)
    end
    factory.must(runs.cancel(owner, run.id))
    made:cancel(run.id)
    assert.are.equal("cancelled", outcome(run).state)
  end)
end)
