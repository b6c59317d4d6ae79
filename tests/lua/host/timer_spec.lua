-- host.timer: tasks that start by the clock.
local task = require "host.task"
local timer = require "host.timer"

describe("timer.after", function()
  it("runs once, as a task of its name", function()
    local queue = task.queue()
    timer.after("once", 0.001, function() queue:push(task.current().label) end)
    assert.equal("once", queue:pop(10))
    assert.is_nil((queue:pop(0.01)))
  end)

  it("does not run when it was stopped", function()
    local ran = false
    local handle = timer.after("never", 0.001, function() ran = true end)
    handle:stop()
    handle:stop()
    task.sleep(0.01)
    assert.is_false(ran)
  end)
end)

describe("timer.every", function()
  it("runs again and again, may wait, and is stopped from inside", function()
    local queue, count, handle = task.queue(), 0, nil
    handle = timer.every("tick", 0.001, function()
      task.sleep(0)
      count = count + 1
      if count == 3 then
        handle:stop()
        queue:push(count)
      end
    end)
    assert.equal(3, queue:pop(10))
    assert.is_nil((queue:pop(0.01)))
    assert.equal(3, count)
  end)

  it("does not stack runs that take long", function()
    local running, most, runs, queue = 0, 0, 0, task.queue()
    local handle = timer.every("slow", 0.001, function()
      running = running + 1
      most = math.max(most, running)
      task.sleep(0.005)
      running = running - 1
      runs = runs + 1
      if runs == 3 then queue:push(true) end
    end)
    assert.is_true(queue:pop(10))
    handle:stop()
    assert.equal(1, most)
  end)

  it("goes on after a run that failed", function()
    local queue, runs = task.queue(), 0
    local handle = timer.every("failing", 0.001, function()
      runs = runs + 1
      if runs == 1 then error({ code = "expected", message = "a failure that the log shows" }) end
      queue:push(runs)
    end)
    assert.equal(2, queue:pop(10))
    handle:stop()
  end)
end)

describe("misuse", function()
  it("is an error", function()
    assert.is_false(pcall(timer.every, "x", 0, function() end))
    assert.is_false(pcall(timer.after, "", 1, function() end))
    assert.is_false(pcall(timer.after, "x", 1, "no function"))
  end)
end)

describe("clocks", function()
  it("go forward", function()
    local before = timer.now()
    task.sleep(0.002)
    assert.is_true(timer.now() > before)
    assert.is_true(timer.wall() > 1.7e9)
  end)
end)
