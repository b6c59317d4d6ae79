-- model/district_rows.lua: the rows of model/district.lua's people, classes, lessons and progress.

local bulk = require "model.bulk"
local map = require "model.district_map"

local M = {}

local id, floor = map.id, math.floor

local function people(shape, kind, count, hash)
  local title = kind:gsub("^%l", string.upper)
  return { "users", "id, school_id, role, login, name, password_hash", function(emit)
    map.each(shape, count, function(school, i, n)
      emit(id(kind, n), id("school", school), kind, map.login(kind, school + 1, i + 1),
        ("%s %d of school %d"):format(title, i + 1, school + 1), hash)
    end)
  end }
end

-- The end of a row of progress depends on percent and day alone: percent, score, …, last_at.
local function standings(lessons)
  local made = {}
  for lesson = 0, lessons - 1 do
    local day = ("2026-02-%02d 09:00:00Z"):format(lesson + 1)
    for percent = 0, 100 do
      local done = percent >= 60 and 100 or percent
      made[lesson * 101 + percent] = table.concat({ done, floor(done / 10), 10, 60 + done * 6, 1 + floor(done / 25),
        day, done == 100 and day or bulk.NULL, day }, "\t")
    end
  end
  return made
end

local function progress(shape)
  local L = shape.lessons
  return { "progress", "student_id, lesson_id, percent, score, max_score, seconds, events, started_at, completed_at,"
    .. " last_at", function(emit)
    local standing, lessons = standings(L), {}
    map.each(shape, shape.teachers * L, function(_, _, n) lessons[n] = id("lesson", n) end)
    map.each(shape, shape.students, function(school, i, n)
      local student = id("student", n)
      map.seats(shape, school, i, function(teacher)
        for lesson = 0, L - 1 do
          local percent = (n * 7 + teacher * 31 + lesson * 13) % 101
          emit(student, lessons[teacher * L + lesson], standing[lesson * 101 + percent])
        end
      end)
    end)
  end }
end

--- What each table gets, in an order that references allow: name, columns, fun(emit).
---@param shape model.district.shape
---@param hash string of everybody's password
---@return table[]
function M.tables(shape, hash)
  local T, S, C, L = shape.teachers, shape.students, shape.classes, shape.lessons
  local function each(count, fn) map.each(shape, count, fn) end
  return {
    { "schools", "id, name", function(emit)
      each(1, function(school) emit(id("school", school), ("School %d of the district"):format(school + 1)) end)
    end },
    people(shape, "admin", 1, hash), people(shape, "teacher", T, hash), people(shape, "student", S, hash),
    people(shape, "parent", 1, hash),
    { "parent_links", "parent_id, child_id", function(emit)
      each(1, function(school) emit(id("parent", school), id("student", school * S)) end)
    end },
    { "classes", "id, school_id, teacher_id, name, subject, grade, join_code", function(emit)
      each(T * C, function(school, i, n)
        emit(id("class", n), id("school", school), id("teacher", floor(n / C)), ("Class %d"):format(i + 1), "Science",
          i % 12 + 1, ("DISTRICT-%d"):format(n))
      end)
    end },
    { "courses", "id, school_id, teacher_id, title, subject, grade", function(emit)
      each(T, function(school, i, n)
        emit(id("course", n), id("school", school), id("teacher", n), ("Course %d"):format(i + 1), "Science",
          i % 12 + 1)
      end)
    end },
    { "class_courses", "class_id, course_id", function(emit)
      each(T * C, function(_, _, n) emit(id("class", n), id("course", floor(n / C))) end)
    end },
    { "enrolments", "class_id, student_id", function(emit)
      each(S, function(school, i, n)
        map.seats(shape, school, i, function(_, class) emit(id("class", class), id("student", n)) end)
      end)
    end },
    { "lessons", "id, course_id, teacher_id, school_id, state, title, summary, subject, grade, published_at",
      function(emit)
        each(T * L, function(school, i, n)
          local teacher = floor(n / L)
          emit(id("lesson", n), id("course", teacher), id("teacher", teacher), id("school", school), "published",
            ("Lesson %d"):format(i % L + 1), "What plants need to grow", "Science", 5, "2026-01-05 08:00:00Z")
        end)
      end },
    progress(shape),
  }
end

return M
