local class = require "model.class"
local db = require "model.db"
local factory = require "tests.support.factory"
local id = require "util.id"
local idempotency = require "model.idempotency"
local task = require "host.task"

describe("an idempotency key", function()
  local owner, digest = nil, id.digest("POST /x {}")
  local answer = { status = 201, headers = { location = "/x/1" }, body = "{}" }

  before_each(function() owner = id.uuid() end)

  local function once(work, request)
    return idempotency.once(owner, "key", request or digest, work or function() return answer end)
  end

  -- A connection whose task failed rolls back when it comes to it; until then the key is busy.
  local function when_free(work)
    local found
    repeat
      found = factory.must(once(work)).state
      task.sleep(0)
    until found ~= "busy"
    return found
  end

  local function classes_of(teacher)
    return #factory.must(db.education:query({ "select 1 from classes where teacher_id = ?::uuid", teacher.id }))
  end

  local function make_class(teacher)
    return factory.must(class.create(teacher, { name = "5b", subject = "Science", grade = 5 }))
  end

  it("lets one request run and gives the others its answer", function()
    assert.are.same({ state = "new", answer = answer }, factory.must(once()))
    local again = factory.must(once(function() error("must not run") end))
    assert.are.same({ state = "done", answer = answer }, again)
  end)

  it("keeps no readable answer", function()
    once(function() return { status = 201, headers = {}, body = "a secret of somebody" } end)
    local row = factory.must(db.education:one({ "select answer_sealed from idempotency_keys where owner_id = ?::uuid",
      owner }))
    assert.is_nil(row.answer_sealed:find("secret", 1, true))
  end)

  it("is refused for another request", function()
    once()
    assert.are.equal("other", factory.must(once(nil, id.digest("POST /y {}"))).state)
  end)

  it("is busy while a twin works, and free again after one that failed", function()
    local twin
    local none, err = once(function()
      twin = task.all { function() return factory.must(once()).state end }[1]
      return nil, { code = "conflict", message = "no" }
    end)
    assert.are.equal("busy", twin)
    assert.are.same({ nil, "conflict" }, { none, err.code })
    assert.are.equal("new", when_free())
  end)

  it("undoes what was made when its answer is not kept", function()
    local teacher = factory.person("teacher")
    assert.has_error(function()
      once(function()
        make_class(teacher)
        error("the end", 0)
      end)
    end, "the end")
    assert.are.equal(0, classes_of(teacher))
    assert.are.equal("new", when_free(function()
      make_class(teacher)
      return answer
    end))
    assert.are.equal(1, classes_of(teacher))
  end)

  it("goes on after a statement that failed", function()
    local teacher = factory.person("teacher")
    factory.must(once(function()
      local _, err = db.education:query({ "insert into schools (id, name) values (?, 'x'), (?, 'y')", owner, owner })
      assert.are.equal("conflict", err.code)
      make_class(teacher)
      return answer
    end))
    assert.are.equal(1, classes_of(teacher))
  end)
end)
