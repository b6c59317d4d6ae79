local attendance = require "model.attendance"
local calendar = require "model.calendar"
local class = require "model.class"
local db = require "model.db"
local enrolment = require "model.enrolment"
local lesson_date = require "model.lesson_date"
local meeting = require "model.meeting"
local user = require "model.user"
local factory = require "tests.support.factory"

local must = factory.must

local function code_of(_, err) return err and err.code end

-- Mondays at nine in Berlin, over the change of the clocks on 2026-03-29.
local function mondays_of(group)
  return { class_id = group.class.id, weekday = 1, starts_at = "09:00", minutes = 45, time_zone = "Europe/Berlin",
    from_date = "2026-03-01", until_date = "2026-04-30" }
end

describe("a class's calendar", function()
  local group, mondays, student, stranger

  setup(function()
    group = factory.class { students = 2 }
    student, stranger = group.students[1], factory.person("teacher")
    mondays = must(meeting.create(group.teacher, mondays_of(group)))
  end)

  it("has meetings that its keeper makes and its students see", function()
    assert.are.equal("09:00", must(meeting.find(student, mondays.id)).starts_at)
    assert.are.equal("not_found", code_of(meeting.find(stranger, mondays.id)))
    assert.are.equal("invalid", code_of(meeting.create(stranger, mondays_of(group))))
    assert.are.equal("forbidden", code_of(meeting.update(student, mondays.id, { minutes = 5 })))
    local _, err = meeting.update(group.teacher, mondays.id, { until_date = "2026-01-01" })
    assert.are.same({ "invalid", "until_date" }, { err.code, err.field })
    assert.are.equal(1, #must(meeting.list(student, {})).items)
  end)

  it("keeps the clock on the wall when the clocks change", function()
    local found = must(calendar.between(student, { from = "2026-03-23", to = "2026-04-05" })).items
    local starts = {}
    for i, entry in ipairs(found) do starts[i] = entry.starts_at:sub(1, 16) end
    assert.are.same({ "2026-03-23T08:00", "2026-03-30T07:00" }, starts)
    assert.are.same({}, must(calendar.between(stranger, { from = "2026-03-23", to = "2026-04-05" })).items)
  end)

  it("ends where there are no more years", function()
    for _, zone in ipairs { "Asia/Tokyo", "America/New_York" } do
      for weekday = 1, 7 do
        must(meeting.create(group.teacher, { class_id = group.class.id, weekday = weekday, starts_at = "23:59",
          minutes = 600, time_zone = zone, from_date = "9999-12-01" }))
        must(meeting.create(group.teacher, { class_id = group.class.id, weekday = weekday, starts_at = "00:00",
          minutes = 5, time_zone = zone, from_date = "0001-01-01", until_date = "0001-01-07" }))
      end
    end
    assert.are.equal(2 * 6, #must(calendar.between(student, { from = "0001-01-01", to = "0001-01-07" })).items)
    assert.are.equal(2 * 6, #must(calendar.between(student, { from = "9999-12-25", to = "9999-12-31" })).items)
  end)

  it("gets dates of lessons from who keeps both class and lesson only", function()
    local foreign = factory.lesson(factory.class(), "published")
    local dates = { starts_at = "2026-05-04T08:00:00Z" }
    assert.are.equal("not_found", code_of(lesson_date.set(group.teacher, group.class.id, foreign.id, dates)))
    assert.are.equal("not_found", code_of(lesson_date.set(stranger, group.class.id, foreign.id, dates)))
  end)

  it("says that there is more than it shows", function()
    local most = calendar.MOST
    local function shown(limit)
      calendar.MOST = limit
      local found = must(calendar.between(student, { from = "2026-03-01", to = "2026-03-31" }))
      return #found.items, found.truncated
    end
    local whole = shown(most)
    assert.are.same({ whole, false }, { shown(whole) })
    assert.are.same({ whole - 1, true }, { shown(whole - 1) })
    calendar.MOST = most
  end)

  it("has the starts and due dates of lessons, drafts for their keeper only", function()
    local published, draft = factory.lesson(group, "published"), factory.lesson(group, "review")
    for _, one in ipairs { published, draft } do
      must(lesson_date.set(group.teacher, group.class.id, one.id,
        { starts_at = "2026-05-04T08:00:00Z", due_at = "2026-05-08T18:00:00Z" }))
    end
    local function kinds(who)
      local names = {}
      for i, entry in ipairs(must(calendar.between(who, { from = "2026-05-01", to = "2026-05-31" })).items) do
        names[i] = entry.kind
      end
      return table.concat(names, " ")
    end
    assert.are.equal("lesson lesson due due", kinds(group.teacher))
    assert.are.equal("lesson due", kinds(student))
    assert.are.equal(1, #must(lesson_date.list(student, group.class.id)).items)
    assert.are.equal("not_found", code_of(lesson_date.set(stranger, group.class.id, published.id,
      { starts_at = "2026-05-04T08:00:00Z" })))
    must(lesson_date.clear(group.teacher, group.class.id, draft.id))
    assert.are.equal("lesson due", kinds(group.teacher))
    local _, err = lesson_date.set(group.teacher, group.class.id, draft.id,
      { starts_at = "2026-05-04T08:00:00Z", due_at = "2026-05-03T08:00:00Z" })
    assert.are.same({ "invalid", "due_at" }, { err.code, err.field })
  end)

  it("shows 62 days at once, and nothing of a range that ends before it begins", function()
    local function between(to) return must(calendar.between(student, { from = "2026-03-01", to = to })) end
    assert.are.same(between("2026-05-02").items, between("2026-12-31").items)
    assert.is_true(between("2026-05-03").truncated)
    assert.is_false(between("2026-05-02").truncated)
    assert.are.same({}, { unpack(between("2026-02-28").items) })
  end)

  it("knows what is today where a class meets", function()
    local other = factory.class {}
    local now = must(db.education:one("select extract(isodow from now() at time zone 'Pacific/Kiritimati')::integer"
      .. " as weekday, (now() at time zone 'Pacific/Kiritimati')::date as date"))
    must(meeting.create(other.teacher, { class_id = other.class.id, weekday = now.weekday, starts_at = "10:00",
      minutes = 60, time_zone = "Pacific/Kiritimati", from_date = now.date }))
    must(meeting.create(other.teacher, { class_id = other.class.id, weekday = now.weekday % 7 + 1,
      starts_at = "10:00", minutes = 60, time_zone = "Pacific/Kiritimati", from_date = now.date }))
    local found = must(calendar.today(other.students[1])).items
    assert.are.equal(1, #found)
    assert.are.equal(now.date, found[1].date)
  end)
end)

describe("attendance", function()
  local group, mondays, student, parent

  setup(function()
    group = factory.class { students = 2 }
    student, parent = group.students[1], factory.person("parent")
    must(user.link_child(parent, must(user.make_link_code(student, student.id)).code))
    mondays = must(meeting.create(group.teacher, mondays_of(group)))
  end)

  local function mark(date, state, who)
    return attendance.mark(group.teacher, mondays.id, date, { { student_id = (who or student).id, state = state } })
  end

  it("is marked again and again, for those who are named", function()
    must(mark("2026-03-02", "absent"))
    local sheet = must(mark("2026-03-02", "late"))
    local states = {}
    for _, row in ipairs(sheet.items) do states[row.student_id] = row.state end
    assert.are.equal("late", states[student.id])
    assert.are.equal(2, #sheet.items)
    assert.are.equal(require("host.json").null, states[group.students[2].id])
  end)

  it("is of dates on which the class meets, and of its students", function()
    assert.are.equal("not_found", code_of(mark("2026-03-03", "present")))
    assert.are.equal("not_found", code_of(mark("2026-06-01", "present")))
    local _, err = mark("2026-03-09", "present", factory.person("student"))
    assert.are.same({ "invalid", "entries" }, { err.code, err.field })
    assert.are.equal("not_found", code_of(attendance.sheet(factory.person("teacher"), mondays.id, "2026-03-02")))
  end)

  it("is seen by the student, the parents and the keepers of the class", function()
    must(mark("2026-03-16", "present"))
    local function count(who) return #must(attendance.of_student(who, student.id, { from = "2026-03-16" })).items end
    local admin = factory.person("admin", { school = { id = group.teacher.school_id } })
    assert.are.same({ 1, 1, 1, 1 }, { count(student), count(parent), count(group.teacher), count(admin) })
    for _, stranger in ipairs { group.students[2], factory.person("teacher") } do
      assert.are.equal("not_found", code_of(attendance.of_student(stranger, student.id, {})))
    end
  end)
end)

describe("a join code", function()
  it("is void when a new one is made", function()
    local group = factory.class {}
    local rotated = must(class.rotate_code(group.teacher, group.class.id))
    assert.are_not.equal(group.class.join_code, rotated.join_code)
    local late = factory.person("student")
    assert.are.equal("invalid", code_of(enrolment.join(late, group.class.join_code)))
    must(enrolment.join(late, rotated.join_code))
    assert.are.equal("not_found", code_of(class.rotate_code(late, group.class.id)))
  end)
end)
