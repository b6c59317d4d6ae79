local class = require "model.class"
local event = require "model.event"
local progress = require "model.progress"
local factory = require "tests.support.factory"
local id = require "util.id"

describe("progress from a game server", function()
  local group, published, student

  before_each(function()
    group = factory.class { students = 2 }
    published = factory.lesson(group, "published")
    student = group.students[1]
  end)

  local function entry(more)
    local made = { key = id.uuid(), student_id = student.id, lesson_id = published.id, kind = "checkpoint",
      percent = 40,
      seconds = 30, occurred_at = "2026-01-01T10:00:00Z" }
    for key, value in pairs(more or {}) do made[key] = value end
    return made
  end

  local function record(events)
    local outcomes = factory.must(progress.record("server:spec", group.class.id, events))
    local words = {}
    for i, outcome in ipairs(outcomes) do words[i] = outcome.outcome end
    return table.concat(words, " ")
  end

  local function standing()
    return factory.must(progress.of_student(group.teacher, student.id)).items[1]
  end

  it("is stored once, whatever is posted again", function()
    local events = { entry(), entry { kind = "completed", percent = nil, score = 8, max_score = 10 } }
    assert.are.equal("stored stored", record(events))
    assert.are.equal("duplicate duplicate", record(events))
    assert.are.equal("duplicate stored", record { events[1], entry { percent = 20 } })
    local row = standing()
    assert.are.equal(100, row.percent)
    assert.are.equal(8, row.score)
    assert.are.equal(90, row.seconds)
    assert.are.equal(3, row.events)
    assert.are.equal("2026-01-01T10:00:00Z", row.completed_at)
  end)

  it("takes a key that comes twice in one batch once", function()
    local twice = entry()
    assert.are.equal("stored duplicate", record { twice, twice })
    assert.are.equal(1, standing().events)
  end)

  it("refuses students and lessons that are not the class's, and keeps the rest", function()
    local other = factory.class()
    assert.are.equal("refused stored refused", record {
      entry { student_id = other.students[1].id }, entry(), entry { lesson_id = factory.lesson(other, "published").id },
    })
  end)

  it("tells the class once per batch, and each student", function()
    local before = factory.must(event.latest())
    record { entry(), entry { student_id = group.students[2].id } }
    local told = factory.must(event.after(before, { "class:" .. group.class.id }))
    assert.are.equal(1, #told)
    assert.are.equal(2, #told[1].data.progress)
    local own = factory.must(event.after(before, { "user:" .. student.id }))
    assert.are.equal(1, #own)
    assert.are.equal(student.id, own[1].data.progress[1].student_id)
  end)

  it("is listed and summed up for the class", function()
    record { entry(), entry { student_id = group.students[2].id, kind = "completed", percent = nil } }
    local list = factory.must(progress.of_class(group.teacher, group.class.id, {}, { limit = 1 }))
    assert.are.equal(1, #list.items)
    local rest = factory.must(progress.of_class(group.teacher, group.class.id, {}, { limit = 1, after = list.next }))
    assert.are.equal(1, #rest.items)
    assert.are_not.equal(list.items[1].student_id, rest.items[1].student_id)
    assert.is_nil(rest.next)
    local latest = factory.must(progress.of_class(group.teacher, group.class.id, {}, { sort = { { "last_at",
      "desc" } } }))
    assert.are.equal(2, #latest.items)
    local summary = factory.must(progress.summary(group.teacher, group.class.id, published.id))
    assert.are.same({ students = 2, started = 2, completed = 1, percent = 70, score = 0, max_score = 0 }, summary)
    local _, err = progress.summary(factory.person("teacher"), group.class.id)
    assert.are.equal("not_found", err.code)
  end)
end)

describe("a class", function()
  it("changes under the revision that was seen", function()
    local group = factory.class()
    local changed = factory.must(class.update(group.teacher, group.class.id, { archived = true }, group.class.revision))
    assert.is_string(changed.archived_at)
    assert.are.equal(group.class.revision + 1, changed.revision)
    local _, stale = class.update(group.teacher, group.class.id, { name = "x" }, group.class.revision)
    assert.are.equal("stale", stale.code)
    assert.are.equal(0, #factory.must(class.list(group.teacher, {})).items)
    assert.are.equal(1, #factory.must(class.list(group.teacher, { archived = true })).items)
    factory.must(class.update(group.teacher, group.class.id, { archived = false }))
    assert.are.equal(1, #factory.must(class.list(group.teacher, {})).items)
  end)

  it("is joined by its code and left again", function()
    local enrolment = require "model.enrolment"
    local group = factory.class { students = 0 }
    local student = factory.person("student")
    factory.must(enrolment.join(student, group.class.join_code:lower()))
    factory.must(enrolment.join(student, group.class.join_code))
    assert.are.equal(1, #factory.must(enrolment.roster(group.teacher, group.class.id)).items)
    local _, wrong = enrolment.join(student, "ZZZZ-ZZZZ")
    assert.are.equal("code", wrong.field)
    local _, other = enrolment.remove(factory.person("student"), group.class.id, student.id)
    assert.are.equal("not_found", other.code)
    factory.must(enrolment.remove(student, group.class.id, student.id))
    assert.are.equal(0, #factory.must(enrolment.roster(group.teacher, group.class.id)).items)
  end)

  it("takes in students of the own school by login", function()
    local enrolment = require "model.enrolment"
    local group = factory.class { students = 0 }
    local student = factory.person("student", { school = { id = group.teacher.school_id } })
    factory.must(enrolment.add(group.teacher, group.class.id, { login = student.login }))
    local _, foreign = enrolment.add(group.teacher, group.class.id, { student_id = factory.person("student").id })
    assert.are.equal("student_id", foreign.field)
    assert.are.same({ [student.id] = true }, factory.must(enrolment.of_class(group.class.id, { student.id,
      id.uuid() })))
  end)

  it("is deleted by its keeper; a course with lessons is not", function()
    local course = require "model.course"
    local group = factory.class()
    factory.lesson(group, "published")
    local _, kept = course.delete(group.teacher, group.course.id)
    assert.are.equal("conflict", kept.code)
    factory.must(course.unassign(group.teacher, group.course.id, group.class.id))
    factory.must(course.assign(group.teacher, group.course.id, group.class.id))
    factory.must(class.delete(group.teacher, group.class.id))
    assert.is_nil(class.find(group.teacher, group.class.id))
  end)
end)
