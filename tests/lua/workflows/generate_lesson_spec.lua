local db = require "model.db"
local flow = require "workflow.flow"
local generate_lesson = require "workflows.generate_lesson"
local lesson = require "model.lesson"
local post = require "model.post"
local publish_lesson = require "workflows.publish_lesson"
local quiz = require "model.quiz"
local runs = require "workflow.run"
local store = require "workflow.store"
local factory = require "tests.support.factory"
local id = require "util.id"
local texts = require "tests.support.texts"

-- Runs this one run; the claim names no other that may be due in the database.
local function claim(run)
  local own = "spec-" .. id.uuid()
  factory.must(db.education:query({ "update workflow_runs set workflow = ? where id = ?::uuid", own, run.id }))
  return factory.must(store.claim(id.uuid(), 60, { own }, true))
end

local function forget(run)
  factory.must(db.education:query({ "update workflow_runs set lease_until = now() - interval '1 second'"
    .. " where id = ?::uuid", run.id }))
end

local function execute(run, script)
  return script.run(flow.new(run, factory.must(runs.steps(run.id))), run.input)
end

describe("generating a lesson", function()
  local group

  setup(function() group = factory.class() end)

  local function start()
    return factory.must(generate_lesson.start(group.teacher, { course_id = group.course.id,
      source_text = texts.water }))
  end

  it("makes a lesson with quiz and scene for review, and says how it was made", function()
    local output = execute(claim(start()), generate_lesson)
    local made = factory.must(lesson.find(group.teacher, output.lesson_id))
    assert.are.equal("review", made.state)
    assert.are.equal("The Water Cycle", made.title)
    assert.are.equal("extractive", made.provider)
    assert.is_truthy(made.notice:find("without a language model", 1, true))
    assert.is_true(made.review.ready)
    assert.are.equal(8, #factory.must(quiz.of_lesson(group.teacher, made.id)).questions)
  end)

  it("makes one lesson whatever step it is killed after", function()
    for killed_after = 1, 6 do
      local run = start()
      local first = claim(run)
      local record, done = flow.new(first, {}), 0
      local step = record.step
      record.step = function(self, ...)
        if done == killed_after then error("killed", 0) end
        done = done + 1
        return step(self, ...)
      end
      pcall(generate_lesson.run, record, first.input)
      forget(first)
      local before = #factory.must(runs.steps(run.id))
      assert.are.equal(killed_after, before)
      execute(factory.must(store.claim(id.uuid(), 60, { first.workflow }, true)), generate_lesson)
      for _, recorded in ipairs(factory.must(runs.steps(run.id))) do assert.are.equal(1, recorded.attempts) end
      local rows = factory.must(db.education:query({ "select id from lessons where run_id = ?::uuid", run.id }))
      assert.are.equal(1, #rows)
    end
  end)

  it("is refused for a course of somebody else", function()
    local _, err = generate_lesson.start(factory.person("teacher"),
      { course_id = group.course.id, source_text = texts.water })
    assert.are.equal("course_id", err.field)
  end)
end)

describe("publishing a lesson", function()
  local group, made

  before_each(function()
    group = factory.class()
    made = factory.lesson(group, "review")
  end)

  local function approve()
    factory.must(publish_lesson.approve(group.teacher, made.id))
    local list = factory.must(runs.list(group.teacher, { workflow = "publish_lesson" })).items
    assert.are.equal(1, #list)
    return claim(list[1])
  end

  local function delivered()
    return factory.must(db.roblox:query({ "select d.lesson_id from deliveries d where d.user_id = ?::uuid",
      group.teacher.id }))
  end

  it("delivers the scene, makes a post and opens the lesson to students", function()
    local output = execute(approve(), publish_lesson)
    local deliveries = delivered()
    assert.are.equal(1, #deliveries)
    assert.are.equal(made.id, deliveries[1].lesson_id)
    local posted = factory.must(post.read("post", "slug", output.slug))
    assert.is_truthy(posted.html:find("<h2>Evaporation</h2>", 1, true))
    assert.are.equal("published", factory.must(lesson.find(group.students[1], made.id)).state)
  end)

  it("does nothing twice when its steps run again", function()
    local held = approve()
    execute(held, publish_lesson)
    factory.must(db.education:query({ "delete from workflow_steps where run_id = ?::uuid", held.id }))
    execute(held, publish_lesson)
    assert.are.equal(1, #delivered())
  end)

  it("stops if the lesson was changed after its approval", function()
    local held = approve()
    factory.must(lesson.update(group.teacher, made.id, { title = "Changed" }))
    local ok, raised = pcall(execute, held, publish_lesson)
    assert.is_false(ok)
    assert.are.equal("failed", raised.state)
    assert.are.equal(0, #delivered())
  end)

  it("starts nothing if the approval is refused", function()
    factory.must(lesson.reject(group.teacher, made.id))
    local _, err = publish_lesson.approve(group.teacher, made.id)
    assert.are.equal("conflict", err.code)
    assert.are.equal(0, #factory.must(runs.list(group.teacher, { workflow = "publish_lesson" })).items)
  end)
end)
