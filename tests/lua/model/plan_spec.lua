local audit = require "model.audit"
local attendance = require "model.attendance"
local calendar = require "model.calendar"
local assignment = require "model.assignment"
local attempts = require "model.attempt"
local category = require "model.grade_category"
local api_key = require "model.api_key"
local class = require "model.class"
local consent = require "model.consent"
local course = require "model.course"
local data_request = require "model.data_request"
local db = require "model.db"
local enrolment = require "model.enrolment"
local event = require "model.event"
local family = require "model.family"
local game_server = require "model.game_server"
local gradebook = require "model.gradebook"
local identity = require "model.identity"
local lesson = require "model.lesson"
local mail = require "model.mail"
local lesson_date = require "model.lesson_date"
local lesson_plan = require "model.lesson_plan"
local lesson_version = require "model.lesson_version"
local media = require "model.media"
local meeting = require "model.meeting"
local mastery = require "model.mastery"
local memory = require "model.memory"
local place = require "model.place"
local post = require "model.post"
local progress = require "model.progress"
local prompt_template = require "model.prompt_template"
local quiz = require "model.quiz"
local runs = require "workflow.run"
local scene = require "model.scene"
local school = require "model.school"
local session = require "model.session"
local submission = require "model.submission"
local user = require "model.user"
local factory = require "tests.support.factory"

-- Runs fn and gives the statements that it sent to a database.
local function statements_of(database, fn)
  local host, sent = db[database].host, {}
  local function note(text, ...) sent[#sent + 1] = { text, n = select("#", ...), ... } end
  rawset(db[database], "host", {
    query = function(_, text, ...) note(text, ...) return host:query(text, ...) end,
    batch = function(_, list)
      for _, statement in ipairs(list) do note(unpack(statement, 1, table.maxn(statement))) end
      return host:batch(list)
    end,
    transaction = function(_, ...) return host:transaction(...) end,
  })
  local ok, value, err = pcall(fn)
  rawset(db[database], "host", host)
  if not ok then error(value, 0) end
  factory.must(value, err)
  return sent
end

-- The plan that is left when reading a whole table is forbidden: a sequential scan in it has no index to go by.
local function plan_of(database, statement)
  return factory.must(db[database].host:transaction(function(tx)
    assert(tx:query("set local enable_seqscan = off"))
    local rows = assert(tx:query("explain " .. statement[1], unpack(statement, 2, statement.n + 1)))
    local lines = {}
    for i, row in ipairs(rows) do lines[i] = row["QUERY PLAN"] end
    return table.concat(lines, "\n")
  end))
end

describe("statements", function()
  local group, published, people, work

  setup(function()
    group = factory.class { students = 2 }
    published = factory.lesson(group, "published")
    work = factory.assignment(group)
    local place_of_all = { id = group.teacher.school_id }
    local parent = factory.person("parent")
    factory.must(user.link_child(parent, factory.must(user.make_link_code(group.teacher, group.students[1].id)).code))
    people = { teacher = group.teacher, student = group.students[1], parent = parent,
      admin = factory.person("admin", { school = place_of_all }) }
  end)

  local small = { schools = true, site_settings = true, authors = true, tags = true, link_codes = true }

  -- What each person may ask for as a list: its database, how many statements it takes, and the question.
  local lists = {
    ["classes"] = { "education", 1, function(who) return class.list(who, {}) end },
    ["courses"] = { "education", 1, function(who) return course.list(who, {}) end },
    ["courses of a class"] = { "education", 1, function(who)
      return course.list(who, { class_id = group.class.id })
    end },
    ["lessons"] = { "education", 1, function(who) return lesson.list(who, {}) end },
    ["lessons of a course"] = { "education", 1, function(who)
      return lesson.list(who, { course_id = group.course.id, state = "published" })
    end },
    ["lessons by words"] = { "education", 1, function(who) return lesson.list(who, { search = "water" }) end },
    ["the second page of lessons"] = { "education", 1, function(who)
      return lesson.list(who, {}, { after = { published.id } })
    end },
    ["objectives"] = { "education", 1, function(who) return lesson_plan.objectives(who, published.id) end },
    ["prerequisites"] = { "education", 2, function(who) return lesson_plan.prerequisites(who, published.id) end },
    ["media"] = { "education", 1, function(who) return media.list(who, {}) end },
    ["meetings"] = { "education", 1, function(who) return meeting.list(who, {}) end },
    ["the calendar"] = { "education", 2, function(who)
      return calendar.between(who, { from = "2026-01-01", to = "2026-01-31" })
    end },
    ["today's classes"] = { "education", 1, function(who) return calendar.today(who) end },
    ["dates of lessons"] = { "education", 2, function(who) return lesson_date.list(who, group.class.id) end },
    ["attendance"] = { "education", 2, function(who)
      return attendance.of_student(who, group.students[1].id, { from = "2026-01-01" })
    end },
    ["the audit log"] = { "education", 1, function(who) return audit.list(who, {}) end },
    ["the audit log of a person"] = { "education", 1, function(who)
      return audit.list(who, { subject_id = group.students[1].id, action = "user.update" })
    end },
    ["keys for machines"] = { "education", 1, function(who) return api_key.list(who) end },
    ["linked providers"] = { "education", 1, function(who) return identity.list(who) end },
    ["the outbox"] = { "education", 1, function() return mail.list() end },
    ["requests about data"] = { "education", 2, function(who) return data_request.list(who, who.id) end },
    ["consents"] = { "education", 2, function(who) return consent.list(who, who.id) end },
    ["schools"] = { "education", 1, function(who) return school.list(who) end },
    ["parents"] = { "education", 2, function(who) return family.parents(who, group.students[1].id) end },
    ["people"] = { "education", 1, function(who) return user.list(who, {}) end },
    ["sessions"] = { "education", 1, function(who) return session.list(who) end },
    ["runs"] = { "education", 1, function(who) return runs.list(who, {}) end },
    ["attempts"] = { "education", 1, function(who) return attempts.list(who, { lesson_id = published.id }) end },
    ["progress of a student"] = { "education", 1, function(who)
      return progress.of_student(who, group.students[1].id)
    end },
    ["all attempts"] = { "education", 1, function(who) return attempts.list(who, {}) end },
    ["assignments"] = { "education", 1, function(who) return assignment.list(who, {}) end },
    ["assignments of a class"] = { "education", 1, function(who)
      return assignment.list(who, { class_id = group.class.id, due_after = "2026-01-01T00:00:00Z" })
    end },
    ["submissions"] = { "education", 1, function(who) return submission.list(who, {}) end },
    ["submissions of a class"] = { "education", 1, function(who)
      return submission.list(who, { class_id = group.class.id, state = "submitted" })
    end },
    ["changes of a grade"] = { "education", 1, function(who) return submission.changes(who, group.class.id) end },
    ["categories"] = { "education", 1, function(who) return category.list(who, { class_id = group.class.id }) end },
    ["mastery"] = { "education", 1, function(who) return mastery.of_student(who, group.students[1].id, {}) end },
    ["a line of the gradebook"] = { "education", 2, function(who)
      return gradebook.of_student(who, group.class.id, group.students[1].id)
    end },
    ["a quiz"] = { "education", 2, function(who) return quiz.of_lesson(who, published.id) end },
    ["a scene"] = { "education", 1, function(who) return scene.of_lesson(who, published.id) end },
    ["a lesson"] = { "education", 1, function(who) return lesson.find(who, published.id) end },
  }

  local kept = {
    ["quizzes"] = { "education", 1, function(who) return quiz.list(who, {}) end },
    ["the gradebook"] = { "education", 2, function(who) return gradebook.of_class(who, group.class.id) end },
    ["mastery of a class"] = { "education", 1, function(who) return mastery.of_class(who, group.class.id) end },
    ["figures of an assignment"] = { "education", 1, function(who)
      return assignment.statistics(who, work.id)
    end },
    ["versions"] = { "education", 2, function(who) return lesson_version.list(who, published.id) end },
    ["prompt templates"] = { "education", 1, function(who) return prompt_template.list(who, {}) end },
    ["the roster"] = { "education", 1, function(who) return enrolment.roster(who, group.class.id) end },
    ["progress of a class"] = { "education", 1, function(who) return progress.of_class(who, group.class.id, {}) end },
    ["progress summed up"] = { "education", 1, function(who) return progress.summary(who, group.class.id) end },
    ["Studio sessions"] = { "roblox", 1, function(who) return place.sessions(who) end },
    ["deliveries"] = { "roblox", 1, function(who) return place.deliveries(who.id, 0) end },
    ["game servers"] = { "roblox", 1, function(who) return game_server.list(who) end },
    ["memories"] = { "memory", 1, function(who) return memory.list(who, {}) end },
    ["events"] = { "education", 1, function(who) return event.after(0, { "user:" .. who.id }) end },
    ["posts"] = { "content", 2, function() return post.browse({}, { limit = 1, page = 10000 }) end },
  }

  local function check(name, question, who)
    local database, count, fn = unpack(question)
    local sent = statements_of(database, function() return fn(who) end)
    assert.are.equal(count, #sent, name .. ": statements")
    for _, statement in ipairs(sent) do
      local plan = plan_of(database, statement)
      for scanned in plan:gmatch("Seq Scan on ([%w_]+)") do
        assert.is_true(small[scanned] or false, ("%s reads all of %s:\n%s\n%s"):format(name, scanned, statement[1],
          plan))
      end
    end
  end

  for name, question in pairs(lists) do
    it("about " .. name .. " have an index behind them and are as few as said, for everybody", function()
      for _, who in pairs(people) do check(name, question, who) end
    end)
  end

  for name, question in pairs(kept) do
    it("about " .. name .. " have an index behind them and are as few as said", function()
      check(name, question, people.teacher)
    end)
  end
end)
