local db = require "model.db"
local flow = require "workflow.flow"
local runs = require "workflow.run"
local store = require "workflow.store"
local factory = require "tests.support.factory"
local id = require "util.id"

-- Runs belong to a workflow of this spec's own, so that no other engine takes them.
local function new_run(input)
  local name = "spec-" .. id.uuid()
  factory.must(runs.start { workflow = name, input = input or {}, owner_id = id.uuid() })
  return name
end

local function claim(name)
  return factory.must(store.claim(id.uuid(), 60, { name }, true))
end

-- What kill -9 leaves: the lease runs out with nobody there.
local function forget(run)
  factory.must(db.education:query({ "update workflow_runs set lease_until = now() - interval '1 second'"
    .. " where id = ?::uuid", run.id }))
end

local function wake(run)
  factory.must(db.education:query({ "update workflow_runs set wake_at = now() where id = ?::uuid", run.id }))
end

local function execute(run, script)
  local ok, raised = pcall(script, flow.new(run, factory.must(runs.steps(run.id))), run.input)
  if ok then return { state = "succeeded", output = raised } end
  if not flow.is_signal(raised) then error(raised, 0) end
  return raised
end

describe("a flow", function()
  it("runs each step once, killed after whichever", function()
    local names = { "plan", "write", "quiz", "scene", "review" }
    for killed_after = 0, #names do
      local name, calls, killed = new_run(), {}, false
      local function script(self)
        local results = {}
        for i, word in ipairs(names) do
          if i == killed_after + 1 and not killed then
            killed = true
            error("killed", 0)
          end
          results[i] = self:step(word, { i }, function()
            calls[word] = (calls[word] or 0) + 1
            return { word = word, calls = calls[word] }
          end)
        end
        return results
      end
      local first = claim(name)
      pcall(execute, first, script)
      forget(first)
      local second = claim(name)
      assert.are.equal(2, second.claims)
      local outcome = execute(second, script)
      assert.are.equal("succeeded", outcome.state)
      for i, word in ipairs(names) do
        assert.are.equal(1, calls[word], word)
        assert.are.same({ word = word, calls = 1 }, outcome.output[i])
      end
    end
  end)

  it("ends with a failure whatever octets tell of it", function()
    local name = new_run()
    local run = claim(name)
    local outcome = execute(run, function(self)
      return self:step("only", {}, function() return nil, { code = "provider", message = "caf\233: \195" } end)
    end)
    assert.are.same({ "failed", "caf?: ?" }, { outcome.state, outcome.error.message })
    factory.must(store.finish(run, outcome))
  end)

  it("runs a step again that was begun but never finished", function()
    local name, calls = new_run(), 0
    local function script(self, die)
      return self:step("only", {}, function()
        calls = calls + 1
        if die == true then error("killed in the middle", 0) end
        return calls
      end)
    end
    local first = claim(name)
    pcall(script, flow.new(first, {}), true)
    forget(first)
    assert.are.equal(2, execute(claim(name), script).output)
  end)

  it("keeps whoever has lost the lease from recording", function()
    local name = new_run()
    local first = claim(name)
    forget(first)
    local second = claim(name)
    local late = execute(first, function(self)
      return self:step("only", {}, function() return "late" end)
    end)
    assert.are.equal("gone", late.state)
    assert.are.equal("on time", execute(second, function(self)
      return self:step("only", {}, function() return "on time" end)
    end).output)
  end)

  it("tries a passing failure again later, and gives up at the limit", function()
    local name, calls = new_run(), 0
    local function script(self)
      return self:step("call", {}, function(about)
        calls = calls + 1
        assert.are.equal(calls, about.attempt)
        return nil, { code = "unavailable", message = "no" }
      end, { attempts = 2 })
    end
    local run = claim(name)
    assert.are.equal("gone", execute(run, script).state)
    assert.is_nil(store.claim(id.uuid(), 60, { name }, true))
    wake(run)
    local outcome = execute(claim(name), script)
    assert.are.equal("failed", outcome.state)
    assert.are.equal("call", outcome.error.step)
    assert.are.equal(2, calls)
  end)

  it("fails at once for good reasons, or returns the failure if the script asks for it", function()
    local outcome = execute(claim(new_run()), function(self)
      local value, err = self:step("optional", {}, function()
        return nil, { code = "invalid", message = "never" }
      end, { optional = true })
      assert.is_nil(value)
      assert.are.equal("invalid", err.code)
      return self:step("needed", {}, function() return nil, { code = "invalid", message = "never" } end)
    end)
    assert.are.equal("failed", outcome.state)
    assert.are.equal("needed", outcome.error.step)
  end)

  it("blocks, naming both sides, when the script does not fit the record", function()
    local name = new_run()
    local first = claim(name)
    local function with(step_name, args)
      return function(self) return self:step(step_name, args, function() return 1 end) end
    end
    execute(first, with("plan", { grade = 5 }))
    forget(first)
    local other = execute(claim(name), with("outline", { grade = 5 }))
    assert.are.equal("blocked", other.state)
    assert.is_truthy(other.error.message:find("recorded is plan #1, the script asks for outline #1", 1, true))
    forget(first)
    assert.are.equal("blocked", execute(claim(name), with("plan", { grade = 6 })).state)
    forget(first)
    assert.are.equal("succeeded", execute(claim(name), with("plan", { grade = 5 })).state)
  end)

  it("tells steps of one name apart by how often they came", function()
    local name = new_run()
    local function script(self)
      local sum = 0
      for i = 1, 3 do sum = sum + self:step("add", { i }, function() return i end) end
      return sum
    end
    local first = claim(name)
    assert.are.equal(6, execute(first, script).output)
    forget(first)
    assert.are.equal(6, execute(claim(name), script).output)
  end)

  it("gives results as the record will: arrays stay arrays, nothing stays nothing", function()
    local json = require "host.json"
    execute(claim(new_run()), function(self)
      assert.is_true(json.is_array(self:step("empty", {}, function() return json.array {} end)))
      assert.is_nil(self:step("nothing", {}, function() end))
    end)
  end)

  it("sleeps without holding a worker", function()
    local name = new_run()
    local function script(self)
      self:sleep("nap", 0.3)
      return "awake"
    end
    assert.are.equal("gone", execute(claim(name), script).state)
    local task, run = require "host.task", nil
    for _ = 1, 1000 do
      run = store.claim(id.uuid(), 60, { name }, true)
      if run then break end
      task.sleep(0.02)
    end
    assert.are.equal("awake", execute(run, script).output)
  end)
end)

describe("a run", function()
  local owner = { id = id.uuid(), role = "teacher" }

  local function start(name, more)
    local wanted = { workflow = name, input = {}, owner_id = owner.id }
    for key, value in pairs(more or {}) do wanted[key] = value end
    return factory.must(runs.start(wanted))
  end

  it("is started once per key", function()
    local name = "spec-" .. id.uuid()
    assert.are.equal(start(name, { dedup_key = "k" }).id, start(name, { dedup_key = "k" }).id)
    assert.are_not.equal(start(name, { dedup_key = "k" }).id, start(name, { dedup_key = "l" }).id)
  end)

  it("goes to one runner only", function()
    local name = "spec-" .. id.uuid()
    start(name)
    assert.is_table(store.claim(id.uuid(), 60, { name }, true))
    assert.is_nil(store.claim(id.uuid(), 60, { name }, true))
  end)

  it("is seen, cancelled and resumed by its owner only", function()
    local name = "spec-" .. id.uuid()
    local run = start(name)
    local stranger = { id = id.uuid(), role = "teacher" }
    assert.is_nil(runs.find(stranger, run.id))
    local _, foreign = runs.cancel(stranger, run.id)
    assert.are.equal("not_found", foreign.code)
    assert.are.equal("cancelled", factory.must(runs.cancel(owner, run.id)).state)
    local _, over = runs.cancel(owner, run.id)
    assert.are.equal("conflict", over.code)
    assert.are.equal(1, #factory.must(runs.list(owner, { workflow = name })).items)
  end)

  it("that is blocked shows why and can go on", function()
    local name = "spec-" .. id.uuid()
    local run = start(name)
    local held = claim(name)
    factory.must(store.pin(held, ("ab"):rep(32), "return 1"))
    factory.must(store.finish(held, { state = "blocked", error = { code = "raised", message = "oops" } }))
    assert.are.equal("oops", factory.must(runs.find(owner, run.id)).error.message)
    assert.are.equal("queued", factory.must(runs.resume(owner, run.id, "recorded")).state)
    assert.are.equal(("ab"):rep(32), claim(name).script_hash)
  end)

  it("tells its topic what happens", function()
    local event = require "model.event"
    local before = factory.must(event.latest())
    local name = "spec-" .. id.uuid()
    local run = start(name)
    local held = claim(name)
    execute(held, function(self)
      self:step("plan", {}, function()
        self:tell { characters = 12 }
        return 1
      end)
    end)
    factory.must(store.finish(held, { state = "succeeded", output = { lesson_id = "x" } }))
    local kinds = {}
    for _, row in ipairs(factory.must(event.after(before, { "run:" .. run.id }))) do kinds[#kinds + 1] = row.kind end
    assert.are.same({ "run.queued", "step.started", "step.progress", "step.done", "run.succeeded" }, kinds)
  end)
end)
