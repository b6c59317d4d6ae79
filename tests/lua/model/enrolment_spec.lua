local class = require "model.class"
local enrolment = require "model.enrolment"
local factory = require "tests.support.factory"
local user = require "model.user"

local must = factory.must

local function refusal(_, err) return err and { err.code, err.field } end

describe("an enrolment", function()
  local group, teacher, school

  before_each(function()
    group = factory.class { students = 0 }
    teacher, school = group.teacher, { id = group.teacher.school_id }
  end)

  local function names()
    local list = {}
    for i, row in ipairs(must(enrolment.roster(teacher, group.class.id)).items) do list[i] = row.id end
    return list
  end

  it("is made by the class's keeper for a student of the school, by id or login, once", function()
    local one, two = factory.person("student", { school = school }), factory.person("student", { school = school })
    assert.are.equal(one.id, must(enrolment.add(teacher, group.class.id, { student_id = one.id })).id)
    assert.are.equal(two.id, must(enrolment.add(teacher, group.class.id, { login = two.login:upper() })).id)
    must(enrolment.add(teacher, group.class.id, { student_id = one.id }))
    assert.are.same({ one.id, two.id }, names())
  end)

  it("is for nobody of another school, nobody suspended and nobody but students", function()
    local suspended = factory.person("student", { school = school })
    must(user.set_state(factory.person("admin", { school = school }), suspended.id, "suspended"))
    for _, who in ipairs { factory.person("student"), factory.person("teacher", { school = school }), suspended } do
      assert.are.same({ "invalid", "student_id" },
        refusal(enrolment.add(teacher, group.class.id, { student_id = who.id })))
      assert.are.same({ "invalid", "login" }, refusal(enrolment.add(teacher, group.class.id, { login = who.login })))
    end
    local student = factory.person("student", { school = school })
    assert.are.same({ "not_found" },
      refusal(enrolment.add(factory.person("teacher"), group.class.id, { student_id = student.id })))
    assert.are.same({}, names())
  end)

  it("is made by the class's code, which one who is no student has no use for, until the class is archived", function()
    local student, code = factory.person("student"), group.class.join_code
    assert.are.same({ "forbidden" }, refusal(enrolment.join(factory.person("parent"), code)))
    assert.are.same({ "invalid", "code" }, refusal(enrolment.join(student, "2222-2222")))
    assert.are.equal(group.class.id, must(enrolment.join(student, code:lower())).id)
    must(class.update(teacher, group.class.id, { archived = true }))
    assert.are.same({ "invalid", "code" }, refusal(enrolment.join(factory.person("student"), code)))
  end)

  it("is ended by the keeper or the student, by nobody else", function()
    local one, two = factory.person("student"), factory.person("student")
    for _, who in ipairs { one, two } do must(enrolment.join(who, group.class.join_code)) end
    for _, who in ipairs { two, factory.person("teacher"), factory.person("admin") } do
      assert.are.same({ "not_found" }, refusal(enrolment.remove(who, group.class.id, one.id)))
    end
    must(enrolment.remove(one, group.class.id, one.id))
    assert.are.same({ two.id }, names())
    must(enrolment.remove(teacher, group.class.id, two.id))
    assert.are.same({}, names())
  end)
end)
