-- A database that is lost is told as such wherever it happens: not as an object that is not there, a wrong value, or
-- nothing to say.

local account = require "model.account"
local api_key = require "model.api_key"
local assignment = require "model.assignment"
local attachment = require "model.attachment"
local attempt = require "model.attempt"
local attendance = require "model.attendance"
local calendar = require "model.calendar"
local class = require "model.class"
local consent = require "model.consent"
local course = require "model.course"
local data_request = require "model.data_request"
local db = require "model.db"
local enrolment = require "model.enrolment"
local factory = require "tests.support.factory"
local failing = require "tests.support.failing"
local family = require "model.family"
local grade_category = require "model.grade_category"
local grading = require "model.grading"
local held_sign_up = require "model.held_sign_up"
local identity = require "model.identity"
local json = require "host.json"
local lesson = require "model.lesson"
local lesson_date = require "model.lesson_date"
local lesson_plan = require "model.lesson_plan"
local lesson_version = require "model.lesson_version"
local mastery = require "model.mastery"
local media = require "model.media"
local meeting = require "model.meeting"
local personal = require "model.personal"
local personal_data = require "model.personal_data"
local profile = require "model.profile"
local progress = require "model.progress"
local prompt_template = require "model.prompt_template"
local quiz = require "model.quiz"
local roster = require "model.roster"
local school = require "model.school"
local second_factor = require "model.second_factor"
local submission = require "model.submission"
local user = require "model.user"
local id = require "util.id"

local must = factory.must

local function uploaded(owner)
  local begun = must(media.begin(owner, "a.png"))
  return must(media.complete(owner, begun.id, { name = "a.png", type = "image/png", octets = 10,
    digest = ("0"):rep(64) }, 10000))
end

describe("a database that is lost is told as such by", function()
  local group, teacher, student, admin, other, parent, taught, essay, work

  setup(function()
    group = factory.class { students = 2 }
    teacher, student, other = group.teacher, unpack(group.students)
    admin = factory.person("admin", { school = { id = teacher.school_id } })
    parent = factory.person("parent")
    must(user.link_child(parent, must(user.make_link_code(student, student.id)).code))
    taught = factory.lesson(group, "published")
    essay = factory.assignment(group)
    work = must(submission.hand_in(student, essay.id, "Rain."))
  end)

  local function in_transaction(fn)
    return db.education:transaction(fn)
  end

  local function request_of(person)
    return must(in_transaction(function(tx) return data_request.create(tx, person, person.id, "export") end))
  end

  -- The token of a letter that asks a guardian.
  local function asked()
    must(held_sign_up.ask { login = factory.unique("child"), password = factory.PASSWORD, name = "A",
      birth_date = "2020-01-01", guardian_email = "a@mail.example" })
    local row = must(db.education:one("select m.id, m.data_sealed from mails m where m.kind = 'guardian_consent'"
      .. " order by m.id desc limit 1"))
    return json.decode(personal.open(row.data_sealed, "mails.data:" .. row.id)).token
  end

  -- What is done, and what is made for it before.
  local deeds = {
    { "taking a student in", function() return enrolment.add(teacher, group.class.id, { student_id = other.id }) end },
    { "taking a student out", function(group_made)
      return enrolment.remove(teacher, group_made.class.id, group_made.students[1].id)
    end, function() return factory.class { teacher = teacher } end },
    { "joining a class", function() return enrolment.join(student, group.class.join_code) end },
    { "listing a class", function() return enrolment.roster(teacher, group.class.id) end },
    { "making a class", function() return class.create(teacher, { name = "A", subject = "B", grade = 1 }) end },
    { "changing a class", function() return class.update(teacher, group.class.id, { name = "B" }) end },
    { "deleting a class", function(made) return class.delete(teacher, made.class.id) end,
      function() return factory.class { teacher = teacher } end },
    { "making a course", function()
      return course.create(teacher, { title = "A", subject = "B", grade = 1, class_id = group.class.id })
    end },
    { "assigning a course", function() return course.assign(teacher, group.course.id, group.class.id) end },
    { "deleting a course", function(made) return course.delete(teacher, made.id) end,
      function() return must(course.create(teacher, { title = "A", subject = "B", grade = 1 })) end },
    { "making a meeting", function()
      return meeting.create(teacher, { class_id = group.class.id, weekday = 1, starts_at = "09:00", minutes = 45,
        time_zone = "UTC", from_date = "2026-01-01" })
    end },
    { "marking attendance", function(made)
      return attendance.mark(teacher, made.id, "2026-01-05", { { student_id = student.id, state = "late" } })
    end, function()
      return must(meeting.create(teacher, { class_id = group.class.id, weekday = 1, starts_at = "09:00", minutes = 45,
        time_zone = "UTC", from_date = "2026-01-01" }))
    end },
    { "a student's attendance", function() return attendance.of_student(teacher, student.id, {}) end },
    { "the calendar", function()
      return calendar.between(student, { from = "2026-01-01", to = "2026-01-31", class_id = group.class.id })
    end },
    { "dating a lesson", function()
      return lesson_date.set(teacher, group.class.id, taught.id, { starts_at = "2026-01-01T00:00:00Z" })
    end },
    { "the dates of lessons", function() return lesson_date.list(student, group.class.id) end },
    { "setting objectives", function(made)
      return lesson_plan.set_objectives(teacher, made.id, { { text = "See" } })
    end, function() return (factory.lesson(group)) end },
    { "setting prerequisites", function(made) return lesson_plan.set_prerequisites(teacher, made.id, { taught.id }) end,
      function() return (factory.lesson(group)) end },
    { "listing versions", function() return lesson_version.list(teacher, taught.id) end },
    { "restoring a version", function(made) return lesson_version.restore(teacher, made.id, 1) end,
      function() return (factory.lesson(group, "approved")) end },
    { "storing a generated lesson", function() return lesson.store(teacher, factory.made(group.course.id)) end },
    { "submitting a lesson", function(made) return lesson.submit(teacher, made.id) end, function()
      return must(lesson.create(teacher, { course_id = group.course.id, title = "A" }))
    end },
    { "making an assignment", function()
      return assignment.create(teacher, { class_id = group.class.id, title = "A", lesson_id = taught.id })
    end },
    { "changing an assignment", function()
      return assignment.update(teacher, essay.id, { title = "B", points = 200 })
    end, function() essay = factory.assignment(group) end },
    { "deleting an assignment", function(made) return assignment.delete(teacher, made.id) end,
      function() return factory.assignment(group) end },
    { "an assignment's figures", function() return assignment.statistics(teacher, essay.id) end },
    { "handing in", function(made) return submission.hand_in(student, made.id, "Rain.") end,
      function() return factory.assignment(group) end },
    { "handing in again", function() return submission.revise(student, work.id, "Snow.") end },
    { "returning work", function(made) return grading.send_back(teacher, made.id, "More.") end, function()
      return must(submission.hand_in(student, factory.assignment(group).id, "Rain."))
    end },
    { "listing work", function() return submission.list(teacher, { state = "submitted" }) end },
    { "grading on paper", function(made)
      return grading.give(teacher, made.id, { student_id = student.id, score = 5 })
    end, function() return factory.assignment(group) end },
    { "making a category", function(made)
      return grade_category.create(teacher, { class_id = made.class.id, name = "Tests", weight = 10 })
    end, function() return factory.class { teacher = teacher } end },
    { "making a quiz", function() return quiz.create(teacher, { title = "W", questions = factory.questions() }) end },
    { "changing a quiz", function(made) return quiz.update(teacher, made.id, { questions = factory.questions() }) end,
      function() return factory.quiz(teacher) end },
    { "starting an attempt", function(made) return attempt.start(student, { assignment_id = made.id }) end,
      function() return factory.assignment(group, { quiz_id = factory.quiz(teacher).id }) end },
    { "submitting an attempt", function(begun)
      return attempt.submit(student, begun.id, { { question_id = begun.questions[1].id, answer = "sun" } })
    end, function()
      local given = factory.assignment(group, { quiz_id = factory.quiz(teacher).id })
      return must(attempt.start(student, { assignment_id = given.id }))
    end },
    { "reading an attempt", function(begun) return attempt.find(student, begun.id) end, function()
      local given = factory.assignment(group, { quiz_id = factory.quiz(teacher).id })
      return must(attempt.start(student, { assignment_id = given.id }))
    end },
    { "mastery", function() return mastery.of_class(teacher, group.class.id) end },
    { "a class's progress", function() return progress.of_class(teacher, group.class.id, {}) end },
    { "recording progress", function()
      return progress.record("server:x", group.class.id, { { key = id.uuid(), student_id = student.id,
        lesson_id = taught.id, kind = "started" } })
    end },
    { "a person", function() return user.find(teacher, student.id) end },
    { "oneself", function() return user.me(student) end },
    { "changing a person", function()
      return user.update(admin, student.id, { name = "B", email = "b@c.example" })
    end },
    { "suspending a person", function() return user.set_state(admin, other.id, "suspended") end },
    { "restoring a person", function() return user.set_state(admin, other.id, "active") end },
    { "linking a child", function(made) return user.link_child(parent, made.code) end,
      function() return must(user.make_link_code(student, student.id)) end },
    { "a child's parents", function() return family.parents(admin, student.id) end },
    { "a profile", function() return profile.update(student, { about = "A" }) end },
    { "founding a school", function()
      return school.found(admin, { name = "A", admin = { login = factory.unique("admin"), password = factory.PASSWORD,
        name = "B" } })
    end },
    { "the count of a school's people", function() return school.counts(admin) end },
    { "a roster", function()
      local line = { line = 1, sourced_id = factory.unique("s"), login = factory.unique("s"), name = "A" }
      return roster.take(admin, group.class, { line }, { created = 0, updated = 0, enrolled = 0, removed = 0 }, error)
    end },
    { "giving a consent", function(person) return consent.give(person, person.id, { kind = "media" }) end,
      function() return factory.person("teacher") end },
    { "an upload", function(begun)
      return media.complete(teacher, begun.id, { name = "a", type = "image/png", octets = 1, digest = ("0"):rep(64) },
        10000)
    end, function() return must(media.begin(teacher, "a.png")) end },
    { "attaching a file", function(file) return attachment.attach(teacher, "class", group.class.id, file.id) end,
      function() return uploaded(teacher) end },
    { "making a template", function() return prompt_template.create(teacher, { title = "A", body = "B" }) end },
    { "making a key", function(person) return api_key.create(person, { name = "A", scopes = { "classes:read" } }) end,
      function() return factory.person("teacher") end },
    { "using a key", function(secret) return api_key.caller(secret) end, function()
      return must(api_key.create(factory.person("teacher"), { name = "A", scopes = { "classes:read" } })).key
    end },
    { "proving an address", function(token) return account.verify_email(token) end, function()
      local person = factory.person("teacher", { email = factory.unique("a") .. "@mail.example" })
      return must(account.verification(person.id)).token
    end },
    { "resetting a password", function(token) return account.reset_password(token, "another horse") end, function()
      local person = factory.person("teacher", { email = factory.unique("a") .. "@mail.example" })
      must(account.verify_email(must(account.verification(person.id)).token))
      return must(account.reset(person.login)).token
    end },
    { "changing a password", function(person)
      return account.change_password(person, factory.PASSWORD, "another horse", factory.unique("address"))
    end, function() return factory.person("teacher") end },
    { "asking a guardian", function(login)
      return held_sign_up.ask { login = login, password = factory.PASSWORD, name = "A", birth_date = "2020-01-01",
        guardian_email = "a@mail.example" }
    end, function() return factory.unique("child") end },
    { "a guardian's consent", function(token) return held_sign_up.accept(token) end, function() return asked() end },
    { "a guardian's refusal", function(token) return held_sign_up.refuse(token) end, function() return asked() end },
    { "linking an identity", function(subject) return identity.link(teacher, "peer", { sub = subject }) end,
      function() return factory.unique("sub") end },
    { "an account of a provider", function(subject)
      return identity.sign_up("peer", { sub = subject, name = "A" }, "teacher")
    end, function() return factory.unique("sub") end },
    { "a second factor", function(person) return second_factor.begin(person) end,
      function() return factory.person("teacher") end },
    { "taking a second factor away", function(person) return second_factor.reset(admin, person.id) end, function()
      local person = factory.person("teacher", { school = { id = teacher.school_id } })
      must(second_factor.begin(person))
      return person
    end },
    { "asking for one's data", function(person)
      return in_transaction(function(tx) return data_request.create(tx, person, person.id, "export") end)
    end, function() return factory.person("teacher") end },
    { "fetching one's data", function(request) return data_request.archive(student, student.id, request.id) end,
      function()
        local request = request_of(student)
        must(in_transaction(function(tx) return data_request.finish(tx, request, "a zip") end))
        return request
      end },
    { "gathering a person's data", function() return personal_data.gather(student.id) end },
    { "erasing a person", function(person)
      return in_transaction(function(tx) return personal_data.erase(tx, person.id) end)
    end, function() return factory.person("teacher") end },
  }

  for _, deed in ipairs(deeds) do
    local name, act, prepare = unpack(deed)
    it(name, function()
      local fault, statements = failing.fault("education", act, prepare)
      assert.is_nil(fault)
      assert.is_true(statements > 0)
    end)
  end
end)
