local attempt = require "model.attempt"
local db = require "model.db"
local item_statistics = require "model.item_statistics"
local json = require "host.json"
local mastery = require "model.mastery"
local quiz = require "model.quiz"
local task = require "host.task"
local factory = require "tests.support.factory"

local must = factory.must

-- Answers to a quiz of factory.quiz: right ones as far as `right` says.
local function answers(open, right)
  local list = {}
  for i, question in ipairs(open.questions) do
    list[i] = { question_id = question.id, answer = right and question.prompt:match("answer (%w+)") or "wrong" }
  end
  return list
end

-- Moves the end of an attempt into the past.
local function run_out(attempt_id, seconds)
  must(db.education:run({ "update quiz_attempts set ends_at = now() - ?::float8 * interval '1 second' where id ="
    .. " ?::uuid", seconds, attempt_id }))
end

describe("an attempt", function()
  local group, student, given, asked

  before_each(function()
    group = factory.class()
    student = group.students[1]
    asked = factory.quiz(group.teacher, { time_limit = 600, shuffle = true, max_attempts = 2 })
    given = factory.assignment(group, { quiz_id = asked.id })
  end)

  local function start() return attempt.start(student, { assignment_id = given.id }) end

  it("has an end by the server's clock and the same order each time", function()
    local open, again = must(start()), must(start())
    assert.are.equal(open.id, again.id)
    assert.are.same(open.questions, again.questions)
    assert.is_string(open.ends_at)
    for _, question in ipairs(open.questions) do
      assert.is_nil(question.answer)
      assert.is_nil(question.explanation)
      assert.is_nil(question.objective)
    end
  end)

  it("takes answers within the grace, and none after", function()
    local open = must(start())
    run_out(open.id, attempt.GRACE / 2)
    assert.are.equal(3, must(attempt.submit(student, open.id, answers(open, true))).score)

    local late = must(start())
    must(attempt.save(student, late.id, answers(late, true)))
    run_out(late.id, attempt.GRACE + 5)
    local _, refused = attempt.submit(student, late.id, answers(late, false))
    assert.are.equal("conflict", refused.code)
    local seen = must(attempt.find(student, late.id))
    assert.is_true(seen.expired)
    assert.are.equal(3, seen.result.score) -- what was saved in time
    local _, saved = attempt.save(student, late.id, {})
    assert.are.equal("conflict", saved.code)
  end)

  it("is ended by the server when nobody comes back", function()
    local open = must(start())
    run_out(open.id, attempt.GRACE + 5)
    repeat until must(attempt.expire()) == 0
    local seen = must(attempt.find(student, open.id))
    assert.is_true(seen.expired)
    assert.are.equal(0, seen.result.score)
    local second = must(start())
    assert.are_not.equal(open.id, second.id)
    run_out(second.id, attempt.GRACE + 5)
    local _, over = start() -- the second is closed by this, and was the last
    assert.are.equal("conflict", over.code)
    assert.is_true(must(attempt.find(student, second.id)).expired)
  end)

  it("is taken once, however often it is submitted at once", function()
    local open = must(start())
    local good, conflicts, jobs = 0, 0, {}
    for i = 1, 6 do
      jobs[i] = function()
        local result, err = attempt.submit(student, open.id, answers(open, true))
        if result then good = good + 1 elseif err.code == "conflict" then conflicts = conflicts + 1 end
      end
    end
    task.all(jobs)
    assert.are.same({ 1, 5 }, { good, conflicts })
    assert.are.equal(3, must(mastery.of_student(student, student.id, {})).items[1].answers) -- three questions, once
  end)

  it("is begun once, however often it is begun at once", function()
    local ids, jobs = {}, {}
    for i = 1, 4 do jobs[i] = function() ids[must(start()).id] = true end end
    task.all(jobs)
    assert.is_nil(next(ids, (next(ids))))
  end)

  it("shows right answers only when the quiz reveals them", function()
    for reveal, count in pairs { submitted = 3, closed = 0, never = 0 } do
      local other = factory.quiz(group.teacher, { reveal = reveal })
      local work = factory.assignment(group, { quiz_id = other.id })
      local open = must(attempt.start(student, { assignment_id = work.id }))
      assert.are.equal(count, #must(attempt.submit(student, open.id, answers(open, true))).questions, reveal)
      assert.are.equal(count, #must(attempt.find(student, open.id)).result.questions, reveal)
      assert.are.equal(3, #must(attempt.find(group.teacher, open.id)).result.questions, reveal)
      must(db.education:run({ "update assignments set opens_at = now() - interval '2 days', closes_at = now() -"
        .. " interval '1 day' where id = ?::uuid", work.id }))
      local expected = reveal == "never" and 0 or 3
      assert.are.equal(expected, #must(attempt.find(student, open.id)).result.questions, reveal .. ", closed")
    end
  end)

  it("is shown without its result when its student was erased", function()
    local open = must(start())
    must(attempt.submit(student, open.id, answers(open, true)))
    must(db.education:run({ "update quiz_attempts set answers = null, result = null where id = ?::uuid", open.id }))
    assert.are.equal(json.null, must(attempt.find(group.teacher, open.id)).result)
  end)

  it("is nobody else's", function()
    local open = must(start())
    local other = factory.person("student")
    assert.is_nil(attempt.find(other, open.id))
    assert.is_nil(attempt.save(other, open.id, {}))
    assert.is_nil(attempt.find(factory.person("teacher"), open.id))
    local _, err = attempt.start(other, { assignment_id = given.id })
    assert.are.equal("not_found", err.code)
  end)

  it("moves mastery towards the newest answer", function()
    local first = must(start())
    must(attempt.submit(student, first.id, answers(first, true)))
    local row = must(mastery.of_student(student, student.id, {})).items[1]
    assert.are.same({ "Know words", 1, true }, { row.objective, row.level, row.mastered })
    local second = must(start())
    must(attempt.submit(student, second.id, answers(second, false)))
    row = must(mastery.of_student(group.teacher, student.id, { mastered = false })).items[1]
    assert.are.equal(0.35, row.level)
    local whole = must(mastery.of_class(group.teacher, group.class.id))
    assert.are.same({ objective = "Know words", level = 0.35, students = 1, mastered = 0 }, whole[1])
    assert.are.equal(0, #must(mastery.of_class(factory.person("teacher"), group.class.id)))
  end)

  it("gives figures of the quiz and its questions", function()
    local first = must(start())
    must(attempt.submit(student, first.id, answers(first, true)))
    local second = must(start())
    must(attempt.submit(student, second.id, answers(second, false)))
    local figures = must(item_statistics.of_quiz(group.teacher, asked.id, given.id))
    assert.are.equal(2, figures.attempts)
    assert.are.equal(1, figures.students)
    assert.are.equal(0.5, figures.mean)
    assert.are.equal(0.5, figures.passed)
    assert.are.equal(0.5, figures.questions[1].correct)
    assert.is_true(figures.questions[1].discrimination > 0.99)
    local _, err = item_statistics.of_quiz(factory.person("teacher"), asked.id)
    assert.are.equal("not_found", err.code)
  end)

  it("compares a question's points with those of the rest of the attempt, not with themselves", function()
    local words = factory.quiz(group.teacher)
    local work = factory.assignment(group, { quiz_id = words.id, max_attempts = 3 })
    for _, right in ipairs { { true, false, false }, { false, true, true }, { true, true, false } } do
      local open = must(attempt.start(student, { assignment_id = work.id }))
      local sent = {}
      for i, one in ipairs(open.questions) do
        sent[i] = { question_id = one.id, answer = right[i] and one.prompt:match("%a+$") or "?" }
      end
      must(attempt.submit(student, open.id, sent))
    end
    local first = must(item_statistics.of_quiz(group.teacher, words.id)).questions[1]
    assert.is_true(math.abs(first.discrimination + math.sqrt(3) / 2) < 1e-6, first.discrimination)
  end)
end)

describe("a quiz of one's own", function()
  it("is changed by who has seen it, its questions only until students have begun", function()
    local group = factory.class()
    local made = factory.quiz(group.teacher)
    local changed = must(quiz.update(group.teacher, made.id, { title = "New", time_limit = 60 }, made.revision))
    local _, stale = quiz.update(group.teacher, made.id, { title = "Newer" }, made.revision)
    assert.are.equal("stale", stale.code)
    must(quiz.update(group.teacher, made.id, { time_limit = json.null, questions = factory.questions() },
      changed.revision))
    assert.are.equal(json.null, must(quiz.find(group.teacher, made.id)).time_limit)
    local work = factory.assignment(group, { quiz_id = made.id })
    must(attempt.start(group.students[1], { assignment_id = work.id }))
    local _, begun = quiz.update(group.teacher, made.id, { questions = factory.questions() })
    assert.are.equal("conflict", begun.code)
    local _, kept = quiz.delete(group.teacher, made.id)
    assert.are.equal("conflict", kept.code)
    assert.is_nil(quiz.find(group.students[1], made.id))
    assert.is_nil(quiz.update(factory.person("teacher"), made.id, { title = "x" }))
  end)

  it("may be that of a lesson which has none", function()
    local group = factory.class()
    local lesson = must(require("model.lesson").create(group.teacher, { course_id = group.course.id, title = "Bare" }))
    local made = factory.quiz(group.teacher, { lesson_id = lesson.id })
    assert.are.equal(made.id, must(quiz.of_lesson(group.teacher, lesson.id)).id)
    local _, twice = quiz.create(group.teacher, { lesson_id = lesson.id, title = "x", questions = factory.questions() })
    assert.are.equal("lesson_id", twice.field)
    local _, foreign = quiz.create(factory.person("teacher"), { lesson_id = lesson.id, title = "x",
      questions = factory.questions() })
    assert.are.equal("lesson_id", foreign.field)
  end)

  it("names the question that cannot be marked", function()
    local questions = factory.questions()
    questions[2] = { kind = "multiple_choice", prompt = "?", choices = { { id = "a", text = "A" },
      { id = "b", text = "B" } }, answer = { choice = "c" } }
    local teacher = factory.person("teacher")
    local _, err = quiz.create(teacher, { title = "x", questions = questions })
    assert.are.equal("questions/1/answer/choice", err.field)
    local made = factory.quiz(teacher)
    local _, changed = quiz.update(teacher, made.id, { questions = questions })
    assert.are.equal("questions/1/answer/choice", changed.field)
    local _, foreign = quiz.update(factory.person("teacher"), made.id, { questions = questions })
    assert.are.equal("not_found", foreign.code)
  end)
end)
