-- model/district.lua: one district to measure on, written with COPY. Called by `toolboxd seed --district`, never on
-- behalf of a person.
--
-- Each school has 25 teachers with 4 classes and a course of 20 published lessons each, and 500 students who sit in 5
-- classes of 5 teachers: 100 lessons, so 100 rows of progress each. 200 schools make 5,000 teachers, 100,000 students
-- and 10 million rows. Besides, each school has an admin and a parent of its first student. All is computed from
-- numbers, so the same scale makes the same district.

local db = require "model.db"

local M = {}

M.SCHOOLS, M.TEACHERS, M.STUDENTS = 200, 25, 500

local CLASSES, LESSONS, SEATS = 4, 20, 5 -- classes and lessons per teacher, classes per student

-- Rows that go to PostgreSQL as one piece.
local PIECE = 500

-- kind tells apart what has the same number.
local KINDS = { school = 1, admin = 2, teacher = 3, student = 4, parent = 5, class = 6, course = 7, lesson = 8 }

local function id(kind, number)
  return ("d1571c70-%04x-7000-8000-%012x"):format(KINDS[kind], number)
end

local function person(kind, school, number)
  return ("d%d-%s-%d"):format(school, kind, number)
end

--- The login of somebody of the district; school and number count from 1.
---@param kind "admin"|"teacher"|"student"|"parent"
function M.login(kind, school, number)
  return person(kind, school, number)
end

-- What a table gets: name, columns, and a function that gives each row to emit(...). school counts from 0.
local function tables(schools, hash)
  local function each(count, fn)
    for school = 0, schools - 1 do
      for i = 0, count - 1 do fn(school, i, school * count + i) end
    end
  end
  local T, S = M.TEACHERS, M.STUDENTS

  local function people(kind, count)
    return { "users", "id, school_id, role, login, name, password_hash", function(emit)
      each(count, function(school, i, n)
        emit(id(kind, n), id("school", school), kind, person(kind, school + 1, i + 1),
          ("%s %d of school %d"):format(kind:gsub("^%l", string.upper), i + 1, school + 1), hash)
      end)
    end }
  end

  -- The teachers of a student, as numbers within the school, and which of their classes.
  local function seats(student, fn)
    for slot = 0, SEATS - 1 do
      fn((student * SEATS + slot) % T, math.floor(student * SEATS / T) % CLASSES)
    end
  end

  return {
    { "schools", "id, name", function(emit)
      each(1, function(school) emit(id("school", school), ("School %d of the district"):format(school + 1)) end)
    end },
    people("admin", 1), people("teacher", T), people("student", S), people("parent", 1),
    { "parent_links", "parent_id, child_id", function(emit)
      each(1, function(school) emit(id("parent", school), id("student", school * S)) end)
    end },
    { "classes", "id, school_id, teacher_id, name, subject, grade, join_code", function(emit)
      each(T * CLASSES, function(school, i, n)
        emit(id("class", n), id("school", school), id("teacher", school * T + math.floor(i / CLASSES)),
          ("Class %d"):format(i + 1), "Science", i % 12 + 1, ("DISTRICT-%d"):format(n))
      end)
    end },
    { "courses", "id, school_id, teacher_id, title, subject, grade", function(emit)
      each(T, function(school, i, n)
        emit(id("course", n), id("school", school), id("teacher", n), ("Course %d"):format(i + 1), "Science",
          i % 12 + 1)
      end)
    end },
    { "class_courses", "class_id, course_id", function(emit)
      each(T * CLASSES, function(_, _, n) emit(id("class", n), id("course", math.floor(n / CLASSES))) end)
    end },
    { "enrolments", "class_id, student_id", function(emit)
      each(S, function(school, i, n)
        seats(i, function(teacher, class)
          emit(id("class", (school * T + teacher) * CLASSES + class), id("student", n))
        end)
      end)
    end },
    { "lessons", "id, course_id, teacher_id, school_id, state, title, summary, subject, grade, published_at",
      function(emit)
        each(T * LESSONS, function(school, i, n)
          local teacher = math.floor(n / LESSONS)
          emit(id("lesson", n), id("course", teacher), id("teacher", teacher), id("school", school), "published",
            ("Lesson %d"):format(i % LESSONS + 1), "What plants need to grow", "Science", 5, "2026-01-05 08:00:00Z")
        end)
      end },
    { "progress", "student_id, lesson_id, percent, score, max_score, seconds, events, started_at, completed_at,"
      .. " last_at",
      function(emit)
        each(S, function(school, i, n)
          seats(i, function(teacher)
            for lesson = 0, LESSONS - 1 do
              local percent = (n * 7 + teacher * 31 + lesson * 13) % 101
              local done = percent >= 60 and 100 or percent
              local day = ("2026-02-%02d 09:00:00Z"):format(lesson + 1)
              emit(id("student", n), id("lesson", (school * T + teacher) * LESSONS + lesson), done,
                math.floor(done / 10), 10, 60 + done * 6, 1 + math.floor(done / 25), day, done == 100 and day or "\\N",
                day)
            end
          end)
        end)
      end },
  }
end

-- The rows as COPY's text, in pieces. Values are our own: none holds a tab, a line feed or a backslash but \N.
local function pieces(rows)
  return coroutine.wrap(function()
    local lines, count = {}, 0
    rows(function(...)
      count = count + 1
      lines[count] = table.concat({ ... }, "\t")
      if count == PIECE then
        coroutine.yield(table.concat(lines, "\n") .. "\n")
        lines, count = {}, 0
      end
    end)
    if count > 0 then coroutine.yield(table.concat(lines, "\n") .. "\n") end
    return nil
  end)
end

--- Writes the district in one transaction.
---@param scale number 1 for the whole; the number of schools is scaled, one at least
---@param hash string of everybody's password, from user.hash
---@param told? fun(table_name: string, rows: integer) called after each part
---@return true? made
---@return table? err conflict if there is a district already
function M.make(scale, hash, told)
  local schools = math.max(1, math.floor(M.SCHOOLS * scale + 0.5))
  local there, err = db.education:query({ "select 1 from schools s where s.id = ?::uuid", id("school", 0) })
  if not there then return nil, err end
  if there[1] then return db.fail("conflict", "there is a district already") end
  return db.education.host:hold(function(conn)
    local begun, failure = conn:script("begin")
    if not begun then return nil, failure end
    for _, part in ipairs(tables(schools, hash)) do
      local rows, refused = conn:copy(("copy %s (%s) from stdin"):format(part[1], part[2]), pieces(part[3]))
      if not rows then return nil, refused end
      if told then told(part[1], rows) end
    end
    return conn:script("commit; analyze")
  end, { pipeline = false })
end

return M
