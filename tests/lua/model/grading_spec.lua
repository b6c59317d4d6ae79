local assignment = require "model.assignment"
local attempt = require "model.attempt"
local category = require "model.grade_category"
local db = require "model.db"
local event = require "model.event"
local gradebook = require "model.gradebook"
local grading = require "model.grading"
local json = require "host.json"
local submission = require "model.submission"
local task = require "host.task"
local factory = require "tests.support.factory"

local must = factory.must

-- Sets dates of an assignment, in hours from now.
local function dates(work, due, closes)
  must(db.education:run({ "update assignments set opens_at = now() - interval '30 days', due_at = now() +"
    .. " ?::float8 * interval '1 hour', closes_at = now() + ?::float8 * interval '1 hour' where id = ?::uuid", due,
    closes, work.id }))
end

local function share(person, work, right)
  local open = must(attempt.start(person, { assignment_id = work.id }))
  local list = {}
  for i, question in ipairs(open.questions) do
    list[i] = { question_id = question.id, answer = i <= right and question.prompt:match("answer (%w+)") or "wrong" }
  end
  return must(attempt.submit(person, open.id, list))
end

local function only(list)
  assert.are.equal(1, #list.items)
  return list.items[1]
end

describe("work", function()
  local group, student, work

  before_each(function()
    group = factory.class()
    student = group.students[1]
    work = factory.assignment(group, { points = 20, late_penalty = 10 })
  end)

  it("is handed in once, returned, revised and graded, and each step is told and noted", function()
    local before = must(event.latest())
    local handed = must(submission.hand_in(student, work.id, "My text"))
    local _, twice = submission.hand_in(student, work.id, "Again")
    assert.are.equal("conflict", twice.code)
    local back = must(grading.send_back(group.teacher, handed.id, "More, please"))
    assert.are.equal("returned", back.state)
    local revised = must(submission.revise(student, handed.id, "My longer text", back.revision))
    local graded = must(grading.grade(group.teacher, handed.id, { score = 17.5, feedback = "Good" }, revised.revision))
    assert.are.same({ "graded", 17.5, "Good", "My longer text" },
      { graded.state, graded.final, graded.feedback, graded.content })
    local _, done = submission.revise(student, handed.id, "Even longer")
    assert.are.equal("conflict", done.code)
    local kinds = {}
    for i, row in ipairs(must(event.after(before, { "user:" .. student.id }))) do kinds[i] = row.kind end
    assert.are.same({ "work.handed_in", "grade.changed", "work.handed_in", "grade.changed" }, kinds)
    local changes = must(submission.changes(student, handed.id)).items
    assert.are.same({ "graded", "handed_in", "returned" }, { changes[1].reason, changes[2].reason, changes[3].reason })
    assert.are.same({ group.teacher.id, json.null, 17.5 },
      { changes[1].changed_by, changes[1].old_final, changes[1].new_final })
  end)

  it("is as late as it was handed in first, though the teacher asked for more after the due date", function()
    local handed = must(submission.hand_in(student, work.id, "In time"))
    must(grading.send_back(group.teacher, handed.id, "More, please"))
    dates(work, -30, 30)
    local revised = must(submission.revise(student, handed.id, "More"))
    assert.are.same({ false, 0 }, { revised.late, revised.penalty })
    local again = must(submission.revise(student, handed.id, "Still more, unasked"))
    assert.are.same({ true, 20 }, { again.late, again.penalty })
  end)

  it("is graded by one of two teachers who saw the same", function()
    local handed = must(submission.hand_in(student, work.id, ""))
    local admin = factory.person("admin", { school = { id = group.teacher.school_id } })
    local good, stale, jobs = 0, 0, {}
    for i, who in ipairs { group.teacher, admin, group.teacher } do
      jobs[i] = function()
        local row, err = grading.grade(who, handed.id, { score = i }, handed.revision)
        if row then good = good + 1 elseif err.code == "stale" then stale = stale + 1 end
      end
    end
    task.all(jobs)
    assert.are.same({ 1, 2 }, { good, stale })
    assert.are.equal(1, #must(submission.changes(student, handed.id)).items)
  end)

  it("is graded also where nothing was handed in, once and for students of the class", function()
    local row = must(grading.give(group.teacher, work.id, { student_id = student.id, score = 12.345 }))
    assert.are.same({ "graded", 12.35, group.teacher.id }, { row.state, row.final, row.graded_by })
    local _, twice = grading.give(group.teacher, work.id, { student_id = student.id, score = 1 })
    assert.are.equal("conflict", twice.code)
    local _, stranger = grading.give(group.teacher, work.id, { student_id = factory.person("student").id, score = 1 })
    assert.are.equal("student_id", stranger.field)
    assert.is_nil(grading.give(factory.person("teacher"), work.id, { student_id = student.id, score = 1 }))
  end)

  it("gets no more points than there are, and none from strangers", function()
    local handed = must(submission.hand_in(student, work.id, ""))
    local _, err = grading.grade(group.teacher, handed.id, { score = 21 })
    assert.are.equal("score", err.field)
    for _, who in ipairs { student, factory.person("teacher"), factory.person("admin"), factory.person("parent") } do
      local _, refused = grading.grade(who, handed.id, { score = 1 })
      assert.are.equal("not_found", refused.code)
    end
  end)

  it("loses a share for each day begun, and is not taken after the end", function()
    dates(work, -30, 30)
    local handed = must(submission.hand_in(student, work.id, ""))
    assert.are.same({ true, 20 }, { handed.late, handed.penalty })
    local graded = must(grading.grade(group.teacher, handed.id, { score = 10 }))
    assert.are.equal(8, graded.final)
    assert.are.equal(10, must(grading.grade(group.teacher, handed.id, { score = 10, penalty = 0 })).final)
    local other = factory.assignment(group)
    dates(other, -2, -1)
    local _, closed = submission.hand_in(student, other.id, "")
    assert.are.equal("conflict", closed.code)
  end)

  it("is seen when it opens, by who is in the class", function()
    must(assignment.update(group.teacher, work.id, { opens_at = "2999-01-01T00:00:00Z" }))
    assert.is_nil(assignment.find(student, work.id))
    assert.is_nil(submission.hand_in(student, work.id, ""))
    assert.is_table(assignment.find(group.teacher, work.id))
    assert.is_nil(assignment.find(factory.person("student"), work.id))
  end)

  it("keeps its points once students have begun", function()
    must(submission.hand_in(student, work.id, ""))
    local _, err = assignment.update(group.teacher, work.id, { points = 30 })
    assert.are.equal("points", err.field)
    local _, gone = assignment.delete(group.teacher, work.id)
    assert.are.equal("conflict", gone.code)
  end)

  it("refers to what the class and its keeper have", function()
    local other = factory.class()
    for field, value in pairs { lesson_id = factory.lesson(other, "published").id,
      quiz_id = factory.quiz(other.teacher).id } do
      local _, err = assignment.create(group.teacher, { class_id = group.class.id, title = "x", [field] = value })
      assert.are.equal(field, err.field)
    end
    local _, err = assignment.create(group.teacher, { class_id = other.class.id, title = "x" })
    assert.are.equal("class_id", err.field)
    local _, dated = assignment.update(group.teacher, work.id, { due_at = "2999-01-02T00:00:00Z",
      closes_at = "2999-01-01T00:00:00Z" })
    assert.are.equal("closes_at", dated.field)
  end)
end)

describe("a quiz that is assigned", function()
  it("grades itself by its best attempt, until a teacher grades by hand", function()
    local group = factory.class()
    local student = group.students[1]
    local asked = factory.quiz(group.teacher, { max_attempts = 9 })
    local work = factory.assignment(group, { quiz_id = asked.id, points = 30, late_penalty = 50 })
    local function final() return only(must(submission.list(student, { assignment_id = work.id }))).final end
    share(student, work, 1)
    assert.are.equal(10, final())
    share(student, work, 2)
    assert.are.equal(20, final())
    share(student, work, 0)
    assert.are.equal(20, final())
    dates(work, -1, 5)
    share(student, work, 3) -- late: 30 less a half
    assert.are.equal(20, final())
    local row = only(must(submission.list(group.teacher, { class_id = group.class.id, state = "graded" })))
    assert.are.equal(json.null, row.graded_by)
    must(grading.grade(group.teacher, row.id, { score = 5, penalty = 0 }, row.revision))
    share(student, work, 3)
    assert.are.equal(5, final())
    local figures = must(assignment.statistics(group.teacher, work.id))
    assert.are.same({ 1, 1, 0 }, { figures.students, figures.graded, figures.waiting })
  end)
end)

describe("the gradebook", function()
  local group, one, two

  local function graded(person, given, score)
    local work = factory.assignment(group, given)
    local handed = must(submission.hand_in(person, work.id, ""))
    must(grading.grade(group.teacher, handed.id, { score = score }))
    return work
  end

  setup(function()
    group = factory.class { students = 2 }
    one, two = unpack(group.students)
  end)

  it("weighs categories, drops the lowest and counts what is missing", function()
    local homework = must(category.create(group.teacher, { class_id = group.class.id, name = "Homework", weight = 40,
      drop_lowest = 1 }))
    local tests = must(category.create(group.teacher, { class_id = group.class.id, name = "Tests", weight = 60 }))
    local _, much = category.create(group.teacher, { class_id = group.class.id, name = "More", weight = 1 })
    assert.are.equal("weight", much.field)
    local _, twice = category.create(group.teacher, { class_id = group.class.id, name = "Tests", weight = 0 })
    assert.are.equal("name", twice.field)
    graded(one, { category_id = homework.id, points = 10 }, 0)
    graded(one, { category_id = homework.id, points = 10 }, 8)
    local exam = graded(one, { category_id = tests.id, points = 50 }, 45)

    local seen = must(gradebook.of_student(one, group.class.id, one.id))
    assert.are.equal(86, seen.percent) -- 0.4 × 80 + 0.6 × 90
    assert.are.equal(0, seen.missing)
    local said = {}
    for _, sum in ipairs(seen.categories) do said[sum.name] = { sum.weight, sum.percent, sum.counted } end
    assert.are.same({ Homework = { 40, 80, 1 }, Tests = { 60, 90, 1 } }, said)
    assert.are.equal(json.null, must(gradebook.of_student(two, group.class.id, two.id)).percent)

    dates(exam, -3, -2)
    local lines = must(gradebook.of_class(group.teacher, group.class.id, { sort = { { "student_id", "asc" } } })).items
    assert.are.equal(2, #lines)
    for _, line in ipairs(lines) do
      if line.student_id == two.id then assert.are.same({ 0, 1 }, { line.percent, line.missing }) end
    end
  end)

  it("is shown to the keeper, and each line to its student", function()
    assert.is_nil(gradebook.of_student(two, group.class.id, one.id))
    assert.is_nil(gradebook.of_student(factory.person("teacher"), group.class.id, one.id))
    assert.are.equal("not_found", select(2, gradebook.of_class(one, group.class.id)).code)
    local empty = factory.class { students = 0 }
    assert.are.equal(0, #must(gradebook.of_class(empty.teacher, empty.class.id)).items)
    assert.are.equal(2, #must(gradebook.of_class(group.teacher, group.class.id)).items)
  end)
end)
