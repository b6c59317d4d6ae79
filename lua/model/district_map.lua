-- model/district_map.lua: who and what there is in the district that measurements stand on (model/district.lua), and
-- the ids of all of it: everything has a number, counted from 0 through the whole district.
--
-- Each school has 25 teachers with 4 classes and a course of 20 published lessons each, and 500 students who sit in 5
-- classes of 5 teachers: 100 lessons, so 100 rows of progress each. 200 schools make 5,000 teachers, 100,000 students
-- and 10 million rows. Besides, each school has an admin and a parent of its first student.

local M = {}

M.SCHOOLS = 200
M.TEACHERS, M.STUDENTS = 25, 500 -- of a school
M.CLASSES, M.LESSONS = 4, 20 -- of a teacher
M.SEATS = 5 -- of a student: how many classes

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
function M.each(schools, count, fn)
  for school = 0, schools - 1 do
    for i = 0, count - 1 do fn(school, i, school * count + i) end
  end
end

--- Calls fn(teacher, class) for the classes of a student, both as numbers of the district.
---@param school integer
---@param i integer number of the student within the school
function M.seats(school, i, fn)
  for slot = 0, M.SEATS - 1 do
    local teacher = school * M.TEACHERS + (i * M.SEATS + slot) % M.TEACHERS
    fn(teacher, teacher * M.CLASSES + math.floor(i * M.SEATS / M.TEACHERS) % M.CLASSES)
  end
end

return M
