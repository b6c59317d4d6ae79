-- host.task: waiting, tasks side by side, deadlines, queues and semaphores. Order is checked, never durations.
local task = require "host.task"

local function soon() task.sleep(0.001) end

describe("waiting", function()
  it("works inside pcall, an iterator and the user's own coroutines", function()
    local seen = {}
    local function produce()
      for i = 1, 3 do
        soon()
        coroutine.yield(i)
      end
    end
    assert.is_true(pcall(function()
      for i in coroutine.wrap(produce) do seen[#seen + 1] = i end
    end))
    assert.same({ 1, 2, 3 }, seen)
  end)

  it("passes through coroutines inside coroutines, and their values stay their own", function()
    local inner = coroutine.create(function(a)
      soon()
      local b = coroutine.yield(a + 1)
      soon()
      return b * 2
    end)
    local outer = coroutine.wrap(function()
      local _, first = coroutine.resume(inner, 1)
      coroutine.yield(first)
      local _, last = coroutine.resume(inner, 21)
      return last
    end)
    assert.equal(2, outer())
    assert.equal(42, outer())
    assert.equal("dead", coroutine.status(inner))
  end)

  it("names the place where LuaJIT cannot yield", function()
    local ok, problem = pcall(function()
      table.sort({ 3, 1, 2 }, function(a, b)
        soon()
        return a < b
      end)
    end)
    assert.is_false(ok)
    assert.matches("task_spec.lua:%d+: cannot wait inside a callback of sort", problem)
  end)

  it("names it also when a coroutine inside a callback waits", function()
    local resumed = false
    local ok, problem = pcall(string.gsub, "abc", ".", function()
      local result = coroutine.wrap(function()
        soon()
        resumed = true
      end)()
      return result
    end)
    assert.is_false(ok)
    assert.matches("cannot wait inside a callback", problem)
    soon()
    assert.is_false(resumed)
  end)

  it("raises misuse as an error that can be caught", function()
    assert.is_false(pcall(task.sleep, "long"))
    assert.is_false(pcall(task.sleep, -1))
    assert.is_false(pcall(task.sleep, 0 / 0))
  end)
end)

describe("task.all", function()
  it("runs side by side and gives the first values by index", function()
    local order = {}
    local results = task.all {
      function()
        order[#order + 1] = "a1"
        soon()
        order[#order + 1] = "a2"
        return "a", "more"
      end,
      function()
        order[#order + 1] = "b1"
        return "b"
      end,
      function() end,
    }
    assert.same({ "a1", "b1", "a2" }, order)
    assert.equal("a", results[1])
    assert.equal("b", results[2])
    assert.is_nil(results[3])
  end)

  it("raises the first error again and cancels the others", function()
    local cancelled
    local ok, problem = pcall(task.all, {
      function()
        local fine, err = pcall(task.sleep, 60)
        cancelled = not fine and err.code
      end,
      function() error("it broke", 0) end,
    })
    assert.is_false(ok)
    assert.equal("it broke", problem)
    assert.equal("cancelled", cancelled)
  end)

  it("keeps an error that is a table", function()
    local mine = { code = "mine" }
    local _, problem = pcall(task.all, { function() error(mine) end })
    assert.equal(mine, problem)
  end)

  it("takes none, and many", function()
    assert.same({}, task.all {})
    local functions = {}
    for i = 1, 500 do
      functions[i] = function()
        soon()
        return i
      end
    end
    local results = task.all(functions)
    assert.equal(500, #results)
    assert.equal(500, results[500])
  end)

  it("nests", function()
    local results = task.all {
      function() return task.all { function() return 1 end, function() return 2 end } end,
      function() return task.all { function() return 3 end } end,
    }
    assert.same({ { 1, 2 }, { 3 } }, results)
  end)
end)

describe("task.race", function()
  it("gives the winner's index and value, and ends the others before it returns", function()
    local ended
    local index, value = task.race {
      function()
        pcall(task.sleep, 60)
        ended = true
      end,
      function()
        soon()
        return "fast"
      end,
    }
    assert.equal(2, index)
    assert.equal("fast", value)
    assert.is_true(ended)
  end)

  it("raises when the first to end fails", function()
    assert.has_error(function()
      task.race { function() task.sleep(60) end, function() error("lost", 0) end }
    end, "lost")
  end)
end)

describe("task.within", function()
  it("gives what the function returned", function()
    assert.equal(7, task.within(60, function()
      soon()
      return 7
    end))
  end)

  it("ends it at the deadline, and every further wait raises", function()
    local raised = 0
    local value, err = task.within(0.005, function()
      for _ = 1, 3 do
        if not pcall(task.sleep, 60) then raised = raised + 1 end
      end
      task.sleep(60)
    end)
    assert.is_nil(value)
    assert.equal("deadline", err.code)
    assert.equal(3, raised)
  end)

  it("leaves errors of the function as they are", function()
    assert.has_error(function() task.within(60, function() error("inside", 0) end) end, "inside")
  end)
end)

describe("task.spawn", function()
  it("passes arguments and outlives its starter", function()
    local queue = task.queue()
    task.all { function()
      task.spawn("echo", function(a, b)
        soon()
        queue:push { a, b, task.current().label }
      end, 1, "x")
    end }
    assert.same({ 1, "x", "echo" }, queue:pop(10))
  end)
end)

describe("task.queue", function()
  it("hands values over in order, across waits on both sides", function()
    local queue, seen = task.queue(2), {}
    task.all {
      function()
        for i = 1, 6 do queue:push(i) end
        queue:close()
      end,
      function()
        for i in queue.pop, queue do seen[#seen + 1] = i end
      end,
    }
    assert.same({ 1, 2, 3, 4, 5, 6 }, seen)
  end)

  it("tells timeout and closed apart, and keeps its values when it is closed", function()
    local queue = task.queue()
    local value, err = queue:pop(0.001)
    assert.is_nil(value)
    assert.equal("timeout", err.code)
    queue:push("left")
    queue:close()
    assert.equal("closed", select(2, queue:push("late")).code)
    assert.equal("left", queue:pop())
    assert.equal("closed", select(2, queue:pop()).code)
  end)

  it("serves who waits first, first", function()
    local queue, order = task.queue(), {}
    local function take(name)
      return function()
        local value = queue:pop()
        order[#order + 1] = name .. value
      end
    end
    task.all { take "a", take "b", function()
      queue:push(1)
      queue:push(2)
    end }
    table.sort(order)
    assert.same({ "a1", "b2" }, order)
  end)

  it("forgets a waiter that is cancelled", function()
    local queue = task.queue()
    task.within(0.002, function() queue:pop() end)
    queue:push("still here")
    assert.equal(1, queue:length())
    assert.equal("still here", queue:pop())
  end)

  it("refuses nil and odd capacities", function()
    assert.is_false(pcall(function() task.queue():push(nil) end))
    assert.is_false(pcall(task.queue, 0))
    assert.is_false(pcall(task.queue, 1.5))
  end)
end)

describe("task.semaphore", function()
  it("lets so many in at once", function()
    local semaphore, inside, most = task.semaphore(2), 0, 0
    local function work()
      semaphore:with(function()
        inside = inside + 1
        most = math.max(most, inside)
        soon()
        inside = inside - 1
      end)
    end
    task.all { work, work, work, work, work }
    assert.equal(2, most)
  end)

  it("gives the permit back when the function raises or is cancelled", function()
    local semaphore = task.semaphore(1)
    assert.has_error(function() semaphore:with(function() error("inside", 0) end) end, "inside")
    task.within(0.002, function() semaphore:with(function() task.sleep(60) end) end)
    assert.equal("free", semaphore:with(function() return "free" end, 10))
  end)

  it("times out", function()
    local semaphore = task.semaphore(1)
    local _, err = semaphore:with(function()
      return semaphore:with(function() end, 0.001)
    end)
    assert.equal("timeout", err.code)
  end)
end)

describe("strict globals", function()
  it("refuse an accidental one with its place", function()
    local write = assert(load("return function() accidental = 1 end", "=chunk"))()
    local ok, problem = pcall(write)
    assert.is_false(ok)
    assert.matches("chunk:1: assignment to global 'accidental'", problem)
  end)
end)
