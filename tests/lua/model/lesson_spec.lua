local attempts = require "model.attempt"
local db = require "model.db"
local event = require "model.event"
local json = require "host.json"
local lesson = require "model.lesson"
local quiz = require "model.quiz"
local scene = require "model.scene"
local factory = require "tests.support.factory"

describe("a lesson", function()
  local group

  setup(function() group = factory.class() end)

  it("is stored with quiz and scene once per run", function()
    local made = factory.made(group.course.id)
    local first = factory.must(lesson.store(group.teacher, made))
    local second = factory.must(lesson.store(group.teacher, made))
    assert.are.same(first, second)
    local rows = factory.must(db.education:query({ "select id from lessons where run_id = ?::uuid", made.run_id }))
    assert.are.equal(1, #rows)
    assert.are.equal("ocean", factory.must(scene.get(first.lesson_id)).description.environment)
    assert.are.equal(2, #factory.must(quiz.questions(first.lesson_id)))
  end)

  it("is not stored at all if its scene is wrong", function()
    local made = factory.made(group.course.id, { scene = { title = "x", environment = "moon", stations = {} } })
    local _, err = lesson.store(group.teacher, made)
    assert.are.equal("invalid", err.code)
    assert.are.equal("scene", err.field)
    local rows = factory.must(db.education:query({ "select id from lessons where run_id = ?::uuid", made.run_id }))
    assert.are.equal(0, #rows)
  end)

  it("goes from draft over review and approval to published", function()
    local draft = factory.must(lesson.create(group.teacher, { course_id = group.course.id, title = "By hand" }))
    assert.are.equal("draft", draft.state)
    assert.are.equal("review", factory.must(lesson.submit(group.teacher, draft.id)).state)
    local approved = factory.must(db.education:transaction(function(tx)
      return lesson.approve(tx, group.teacher, draft.id)
    end))
    assert.are.equal(group.teacher.id, approved.approved_by)
    assert.are.equal("published", factory.must(lesson.publish(draft.id, approved.approved_at)).state)
    assert.are.equal("published", factory.must(lesson.publish(draft.id, approved.approved_at)).state)
  end)

  it("refuses steps out of order and names the state", function()
    local draft = factory.must(lesson.create(group.teacher, { course_id = group.course.id, title = "By hand" }))
    local _, err = db.education:transaction(function(tx) return lesson.approve(tx, group.teacher, draft.id) end)
    assert.are.equal("conflict", err.code)
    assert.are.equal("state", err.field)
  end)

  it("is a draft again when changed, so that an approval is of what was read", function()
    local approved = factory.lesson(group, "approved")
    factory.must(lesson.update(group.teacher, approved.id, { title = "Changed" }, approved.revision))
    local _, late = lesson.publish(approved.id, approved.approved_at)
    assert.are.equal("conflict", late.code)
    local _, stale = lesson.update(group.teacher, approved.id, { title = "Again" }, approved.revision)
    assert.are.equal("stale", stale.code)
  end)

  it("tells its topic of each step", function()
    local before = factory.must(event.latest())
    local published = factory.lesson(group, "published")
    local kinds = {}
    for _, row in ipairs(factory.must(event.after(before, { "lesson:" .. published.id }))) do
      kinds[#kinds + 1] = row.kind
    end
    assert.are.same({ "lesson.approved", "lesson.published" }, kinds)
  end)

  it("is told again to who was away for some seconds", function()
    local published = factory.lesson(group, "published")
    local kinds = {}
    for _, row in ipairs(factory.must(event.after(factory.must(event.recent(60)), { "lesson:" .. published.id }))) do
      kinds[#kinds + 1] = row.kind
    end
    assert.are.same({ "lesson.approved", "lesson.published" }, kinds)
  end)

  it("is found by its words", function()
    local made = factory.made(group.course.id, { title = "Quokkas on the island" })
    local stored = factory.must(lesson.store(group.teacher, made))
    local found = factory.must(lesson.list(group.teacher, { search = "quokka island" })).items
    assert.are.equal(stored.lesson_id, found[1].id)
    assert.are.equal(0, #factory.must(lesson.list(factory.person("teacher"), { search = "quokka island" })).items)
  end)

  it("lists by keyset: no row twice, none lost while others come in", function()
    local own = factory.class()
    local expected = {}
    for i = 1, 5 do
      expected[6 - i] = factory.must(lesson.create(own.teacher, { course_id = own.course.id, title = "L" .. i })).id
    end
    local seen, after = {}, nil
    repeat
      local list = factory.must(lesson.list(own.teacher, {}, { limit = 2, after = after }))
      for _, row in ipairs(list.items) do seen[#seen + 1] = row.id end
      after = list.next
      factory.must(lesson.create(own.teacher, { course_id = own.course.id, title = "in between" }))
    until not after
    assert.are.same(expected, seen)
  end)

  it("lists by several columns in mixed directions", function()
    local own = factory.class()
    for _, title in ipairs { "b", "a", "b", "a" } do
      factory.must(lesson.create(own.teacher, { course_id = own.course.id, title = title }))
    end
    local order = { { "title", "asc" }, { "id", "desc" } }
    local whole = factory.must(lesson.list(own.teacher, {}, { sort = order })).items
    local seen, after = {}, nil
    repeat
      local list = factory.must(lesson.list(own.teacher, {}, { sort = order, limit = 1, after = after }))
      seen[#seen + 1] = list.items[1]
      after = list.next
    until not after
    assert.are.same(whole, seen)
    assert.are.equal("a", whole[1].title)
    assert.is_true(whole[1].id > whole[2].id)
  end)
end)

describe("a quiz", function()
  local group, published, student

  before_each(function()
    group = factory.class()
    published = factory.lesson(group, "published")
    student = group.students[1]
  end)

  local function answers(attempt, first, second)
    return { { question_id = attempt.questions[1].id, answer = first },
      { question_id = attempt.questions[2].id, answer = second } }
  end

  it("never shows answers before they are submitted", function()
    for _, questions in ipairs { factory.must(quiz.of_lesson(student, published.id)).questions,
      factory.must(attempts.start(student, { lesson_id = published.id })).questions } do
      for _, question in ipairs(questions) do
        assert.is_nil(question.answer)
        assert.is_nil(question.explanation)
      end
    end
    assert.are.same({ choice = "b" }, factory.must(quiz.of_lesson(group.teacher, published.id)).questions[1].answer)
  end)

  it("marks on the server and records the progress with it", function()
    local attempt = factory.must(attempts.start(student, { lesson_id = published.id }))
    local result = factory.must(attempts.submit(student, attempt.id, answers(attempt, "b", " Condenses. ")))
    assert.are.equal(3, result.score)
    assert.are.equal(3, result.max_score)
    assert.is_true(result.passed)
    assert.are.same({ choice = "b" }, result.questions[1].answer)
    local list = factory.must(require("model.progress").of_student(student, student.id)).items
    assert.are.equal(3, list[1].score)
  end)

  it("shows what of the lesson's objectives a student masters", function()
    local made = factory.made(group.course.id, { objectives = { "Say what warms the sea.", "Explain condensation." } })
    local stored = factory.must(lesson.store(group.teacher, made))
    local objectives = {}
    for i, question in ipairs(factory.must(quiz.questions(stored.lesson_id))) do objectives[i] = question.objective end
    assert.are.same({ "Say what warms the sea.", json.null }, objectives)
  end)

  it("goes on with the open attempt, takes none twice, and ends at the limit", function()
    local attempt = factory.must(attempts.start(student, { lesson_id = published.id }))
    assert.are.equal(attempt.id, factory.must(attempts.start(student, { lesson_id = published.id })).id)
    factory.must(attempts.submit(student, attempt.id, answers(attempt, "a", "")))
    local _, again = attempts.submit(student, attempt.id, answers(attempt, "b", "condenses"))
    assert.are.equal("conflict", again.code)
    for _ = 1, 2 do
      local next_one = factory.must(attempts.start(student, { lesson_id = published.id }))
      factory.must(attempts.submit(student, next_one.id, {}))
    end
    local _, over = attempts.start(student, { lesson_id = published.id })
    assert.are.equal("conflict", over.code)
  end)

  it("shows attempts to the student and the teacher only", function()
    local attempt = factory.must(attempts.start(student, { lesson_id = published.id }))
    factory.must(attempts.submit(student, attempt.id, {}))
    assert.are.equal(1, #factory.must(attempts.list(student, { lesson_id = published.id })).items)
    assert.are.equal(1, #factory.must(attempts.list(group.teacher, { lesson_id = published.id })).items)
    assert.are.equal(0, #factory.must(attempts.list(factory.person("teacher"), { lesson_id = published.id })).items)
    local _, err = attempts.submit(factory.person("student"), attempt.id, {})
    assert.are.equal("not_found", err.code)
  end)
end)
