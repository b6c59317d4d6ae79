-- toolboxd seed: people to try things with, in a development or test installation. Seeding twice changes nothing.

local class = require "model.class"
local course = require "model.course"
local district = require "model.district"
local enrolment = require "model.enrolment"
local school = require "model.school"
local settings = require "host.settings"
local user = require "model.user"

local usage = [[
usage: toolboxd seed [--config FILE] [--contract]
       toolboxd seed [--config FILE] --district [--scale FACTOR]

Makes a school with an admin, a teacher, a student and a parent of that student, a class and a course. With --contract:
people without any relation to each other, for testers. Every password is the login followed by -password-1. With
--district: 200 schools, 5,000 teachers, 100,000 students and 10 million rows of progress, or a part of that (--scale
0.01); the password of all of them is district-password-1. Only where the setting development is true.]]

local DEMO = {
  { login = "admin", role = "admin", name = "Ada Admin" },
  { login = "teacher", role = "teacher", name = "Theo Teacher" },
  { login = "student", role = "student", name = "Stella Student" },
  { login = "parent", role = "parent", name = "Pat Parent" },
}

local CONTRACT = {
  { login = "teacher-a", role = "teacher" }, { login = "teacher-b", role = "teacher" },
  { login = "student-a", role = "student" }, { login = "student-b", role = "student" },
  { login = "parent-a", role = "parent" }, { login = "parent-b", role = "parent" },
  { login = "admin", role = "admin" }, { login = "spare", role = "teacher" },
}

-- The value, or the end of the command with what went wrong.
local function must(value, err)
  if value == nil then error(err.reason or err.message, 0) end
  return value
end

local function exists(login)
  local account, err = user.credentials(login)
  if not account and err.code ~= "not_found" then error(err.reason or err.message, 0) end
  return account ~= nil
end

local function add(person, school_id)
  local password = person.login .. "-password-1"
  local made = must(user.import({
    login = person.login, role = person.role, name = person.name or person.login, school_id = school_id,
  }, must(user.hash(password))))
  io.write(("%-10s %-8s password %s\n"):format(person.login, person.role, password))
  return made
end

local function contract()
  for _, person in ipairs(CONTRACT) do
    if not exists(person.login) then
      add(person, must(school.create("School of " .. person.login)).id)
    end
  end
end

local function demo()
  if exists(DEMO[1].login) then
    io.write("the demo data is there already\n")
    return
  end
  local place = must(school.create("Demo School"))
  local people = {}
  for _, person in ipairs(DEMO) do people[person.role] = add(person, place.id) end
  local group = must(class.create(people.teacher, { name = "Class 5b", subject = "Science", grade = 5 }))
  must(course.create(people.teacher, { title = "Our planet", subject = "Science", grade = 5, class_id = group.id }))
  must(enrolment.join(people.student, group.join_code))
  must(user.link_child(people.parent, must(user.make_link_code(people.student, people.student.id)).code))
  io.write(("class “%s”: join code %s\n"):format(group.name, group.join_code))
end

local function whole_district(factor)
  local hash = must(user.hash("district-password-1"))
  local done, err = district.make({ district.whole(factor) }, hash, function(name, rows)
    io.write(("%-14s %9d rows\n"):format(name, rows))
  end)
  if not done and err.code == "conflict" then
    io.write(err.message, "\n")
    return
  end
  must(done, err)
  io.write(("logins such as %s and %s; the password is district-password-1\n"):format(
    district.login("teacher", 1, 1), district.login("student", 1, 1)))
end

-- The factor behind --scale, 1 without it, nil if it is none.
local function scale_of(word, value, more)
  if word == nil then return 1 end
  local factor = word == "--scale" and more == nil and tonumber(value)
  return factor and factor > 0 and factor <= 10 and factor or nil
end

local function run(option, ...)
  local factor = scale_of(...)
  local known = option == nil or option == "--contract" or option == "--district"
  if not known or not factor or (option ~= "--district" and ... ~= nil) then
    io.stderr:write(usage, "\n")
    return 2
  end
  if not settings.development then
    io.stderr:write("toolboxd seed: only where the setting development is true\n")
    return 2
  end
  if option == "--district" then
    whole_district(factor)
  elseif option then
    contract()
  else
    demo()
  end
  return 0
end

return { usage = usage, run = run }
