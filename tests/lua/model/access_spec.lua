local class = require "model.class"
local course = require "model.course"
local enrolment = require "model.enrolment"
local event = require "model.event"
local lesson = require "model.lesson"
local permission = require "web.permission"
local permissions = require "model.permission"
local progress = require "model.progress"
local quiz = require "model.quiz"
local user = require "model.user"
local factory = require "tests.support.factory"

-- Who may see what: one class with a published lesson, and everybody who could look at it.
describe("object-level access", function()
  local group, published, draft, people

  setup(function()
    group = factory.class { students = 2 }
    published = factory.lesson(group, "published")
    draft = factory.lesson(group, "review")
    local school = { id = group.teacher.school_id }
    local parent = factory.person("parent")
    local code = factory.must(user.make_link_code(group.students[1], group.students[1].id))
    factory.must(user.link_child(parent, code.code))
    people = {
      teacher = group.teacher, student = group.students[1], classmate = group.students[2], parent = parent,
      admin = factory.person("admin", { school = school }),
      colleague = factory.person("teacher", { school = school }),
      second = factory.person("teacher", { school = school }),
      stranger = factory.person("student", { school = school }),
      foreign_parent = factory.person("parent"),
      foreign_admin = factory.person("admin"),
    }
    local other = factory.class { teacher = people.second, students = 0 }
    factory.must(enrolment.join(group.students[1], other.class.join_code))
    factory.must(progress.record("server:spec", group.class.id, { { key = require("util.id").uuid(),
      student_id = group.students[1].id, lesson_id = published.id, kind = "started", percent = 10,
      occurred_at = "2026-01-01T10:00:00Z" } }))
  end)

  local function see(name)
    local who = people[name]
    return {
      class = class.find(who, group.class.id) ~= nil,
      course = course.find(who, group.course.id) ~= nil,
      published = lesson.find(who, published.id) ~= nil,
      draft = lesson.find(who, draft.id) ~= nil,
      quiz = quiz.of_lesson(who, published.id) ~= nil,
      student = user.find(who, group.students[1].id) ~= nil,
      work = #factory.must(progress.of_student(who, group.students[1].id)).items > 0,
      roster = #factory.must(enrolment.roster(who, group.class.id)).items > 0,
      topic = event.may_follow(who, "class:" .. group.class.id),
    }
  end

  local function expect(text)
    local seen = {}
    for _, word in ipairs { "class", "course", "published", "draft", "quiz", "student", "work", "roster", "topic" } do
      seen[word] = (" " .. text .. " "):find(" " .. word .. " ", 1, true) ~= nil
    end
    return seen
  end

  local matrix = {
    teacher = "class course published draft quiz student work roster topic",
    admin = "class course published draft quiz student work roster topic",
    student = "class course published quiz student work",
    classmate = "class course published quiz",
    parent = "class course published quiz student work",
    second = "student", -- sits in a class of theirs, but works on another one's lessons
    colleague = "", stranger = "", foreign_parent = "", foreign_admin = "",
  }
  for name, text in pairs(matrix) do
    it("shows " .. name .. ": " .. (text == "" and "nothing" or text), function()
      assert.are.same(expect(text), see(name))
    end)
  end

  it("lets only the keeper and the school's admin change things", function()
    for name in pairs(matrix) do
      local may = name == "teacher" or name == "admin"
      local changed = class.update(people[name], group.class.id, { name = "Renamed" })
      assert.are.equal(may, changed ~= nil, name)
      assert.are.equal(may, course.update(people[name], group.course.id, { title = "Renamed" }) ~= nil, name)
      assert.are.equal(may, lesson.update(people[name], draft.id, { title = "Renamed" }) ~= nil, name)
    end
  end)

  it("tells a stranger that there is nothing, and a member that it is not allowed", function()
    local _, stranger = class.update(people.stranger, group.class.id, { name = "x" })
    assert.are.equal("not_found", stranger.code)
    local _, member = class.update(people.student, group.class.id, { name = "x" })
    assert.are.equal("forbidden", member.code)
  end)

  it("keeps the join code and the source text from students", function()
    assert.is_nil(class.find(people.student, group.class.id).join_code)
    assert.is_string(class.find(people.teacher, group.class.id).join_code)
    assert.is_nil(lesson.find(people.student, published.id).source_text)
  end)

  it("lets parents follow their children's topic only", function()
    assert.is_true(event.may_follow(people.parent, "user:" .. group.students[1].id))
    assert.is_false(event.may_follow(people.parent, "user:" .. group.students[2].id))
    assert.is_false(event.may_follow(people.classmate, "user:" .. group.students[1].id))
    assert.is_false(event.may_follow(people.teacher, "nonsense"))
    assert.is_false(event.may_follow(people.teacher, "class:" .. ("x"):rep(36)))
  end)

  it("asks for permissions, not for roles: whoever holds another one sees by that", function()
    local rows = factory.must(permissions.load())
    local function without(role, name)
      local left = {}
      for _, row in ipairs(rows) do
        if row.role ~= role or row.permission ~= name then left[#left + 1] = row end
      end
      return left
    end
    permission.use(without("admin", "administer"))
    assert.is_nil((class.find(people.admin, group.class.id)))
    assert.is_nil((user.set_state(people.admin, group.students[1].id, "suspended")))
    permission.use(without("teacher", "teach"))
    assert.is_nil((class.find(people.teacher, group.class.id)))
    local more = without()
    more[#more + 1] = { role = "teacher", permission = "administer" }
    permission.use(more)
    assert.truthy(class.find(people.colleague, group.class.id))
    permission.use(rows)
    assert.is_nil((class.find(people.colleague, group.class.id)))
  end)

  it("uses a parent's code once", function()
    local code = factory.must(user.make_link_code(group.teacher, group.students[2].id)).code
    factory.must(user.link_child(factory.person("parent"), code:lower():gsub("-", " ")))
    local _, again = user.link_child(factory.person("parent"), code)
    assert.are.equal("code", again.field)
  end)
end)
