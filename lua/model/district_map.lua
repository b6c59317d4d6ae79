-- model/district_map.lua: who and what there is in the district that measurements stand on (model/district.lua), and
-- the ids of all of it: everything has a number, counted from 0 through the whole district.
--
-- How many of each, says a shape. In the whole one each school has 25 teachers with 4 classes and a course of 20
-- published lessons each, and 500 students who sit in 5 classes of 5 teachers: 100 lessons, so 100 rows of progress
-- each. 200 schools make 5,000 teachers, 100,000 students and 10 million rows. Besides, each school has an admin and a
-- parent of its first student.

local M = {}

---@class model.district.shape
---@field first integer number of the first school: schools of other shapes have other numbers
---@field schools integer
---@field teachers integer of a school, as are students and entries (of its audit log)
---@field classes integer of a teacher, as are lessons and kept (rows of each thing that teachers keep)
---@field seats integer in how many classes a student is, each of another teacher

--- The district that measurements are made on, or a part of it.
---@param scale number 1 for the whole; the number of schools is scaled, one at least
---@return model.district.shape
function M.whole(scale)
  return { first = 0, schools = math.max(1, math.floor(200 * scale + 0.5)), teachers = 25, students = 500,
    entries = 25, classes = 4, lessons = 20, kept = 20, seats = 5 }
end

local KINDS = { "school", "admin", "teacher", "student", "parent", "class", "course", "lesson", "meeting", "quiz",
  "question", "attempt", "category", "assignment", "submission", "change", "mastery", "media", "template", "key",
  "consent", "request", "run", "session" }

local prefixes = {}
for i, kind in ipairs(KINDS) do prefixes[kind] = ("d1571c70-%04x-7000-8000-"):format(i) end

--- The id of something.
---@param kind string
---@param number integer from 0
---@return string
function M.id(kind, number)
  return prefixes[kind] .. ("%012x"):format(number)
end

--- The login of somebody of the district; school and number count from 1.
---@param kind "admin"|"teacher"|"student"|"parent"
function M.login(kind, school, number)
  return ("d%d-%s-%d"):format(school, kind, number)
end

--- Calls fn(school, i, n) for each i of `count` in each school; n counts them through the district.
function M.each(shape, count, fn)
  for school = shape.first, shape.first + shape.schools - 1 do
    for i = 0, count - 1 do fn(school, i, school * count + i) end
  end
end

--- Calls fn(teacher, class) for the classes of a student, both as numbers of the district.
---@param school integer
---@param i integer number of the student within the school
function M.seats(shape, school, i, fn)
  local teachers, seats, classes = shape.teachers, shape.seats, shape.classes
  for slot = 0, seats - 1 do
    local teacher = school * teachers + (i * seats + slot) % teachers
    fn(teacher, teacher * classes + math.floor(i * seats / teachers) % classes)
  end
end

return M
