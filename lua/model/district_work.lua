-- model/district_work.lua: the rows of model/district.lua that a school year leaves besides progress, so that each list
-- of the API has at least a page: meetings, attendance, quizzes, assignments with their grades, and what teachers keep.

local map = require "model.district_map"

local M = {}

local id, floor = map.id, math.floor

local QUIZZES, QUESTIONS = 4, 5 -- quizzes of a course, on its first lessons, and questions of a quiz
local MEETINGS, WEEKS = 5, 4 -- meetings of a class in a week, and weeks in which attendance is taken at the first
local ASSIGNMENTS = 4 -- of a class
local OBJECTIVES = { "Say what a plant needs", "Read a growth curve", "Plan a fair test" }

local OPENED, DUE = "2026-01-05 08:00:00Z", "2026-06-30 16:00:00Z"
local DONE, GRADED = "2026-02-10 10:00:00Z", "2026-02-12 10:00:00Z"

local function weekday(class, k) return (class + k) % 7 + 1 end

-- Calls fn(student, teacher, class, slot) for every seat; slot counts the seats through the district.
local function each_seat(shape, fn)
  map.each(shape, shape.students, function(school, i, n)
    local slot = n * shape.seats
    map.seats(shape, school, i, function(teacher, class)
      fn(n, teacher, class, slot)
      slot = slot + 1
    end)
  end)
end

local function schedule(shape)
  local C, L = shape.classes, shape.lessons
  local function classes(fn)
    map.each(shape, shape.teachers * C, function(school, _, n) fn(n, floor(n / C), school) end)
  end
  return {
    { "meetings", "id, class_id, teacher_id, school_id, weekday, starts_at, minutes, time_zone, room, from_date",
      function(emit)
        classes(function(class, teacher, school)
          for k = 0, MEETINGS - 1 do
            emit(id("meeting", class * MEETINGS + k), id("class", class), id("teacher", teacher), id("school", school),
              weekday(class, k), ("%02d:00"):format(8 + k), 45, "UTC", "Room " .. class % 30, "2026-01-05")
          end
        end)
      end },
    { "attendance", "meeting_id, on_date, student_id, class_id, state, marked_by", function(emit)
      each_seat(shape, function(student, teacher, class)
        for week = 0, WEEKS - 1 do
          emit(id("meeting", class * MEETINGS), ("2026-02-%02d"):format(weekday(class, 0) % 7 + 1 + 7 * week),
            id("student", student), id("class", class), (student + week) % 9 == 0 and "absent" or "present",
            id("teacher", teacher))
        end
      end)
    end },
    { "lesson_dates", "class_id, lesson_id, starts_at, due_at", function(emit)
      classes(function(class)
        for lesson = 0, L - 1 do
          emit(id("class", class), id("lesson", floor(class / C) * L + lesson),
            ("2026-02-%02d 08:00:00Z"):format(lesson + 1), ("2026-03-%02d 08:00:00Z"):format(lesson + 1))
        end
      end)
    end },
  }
end

local function plans(shape)
  local L = shape.lessons
  local function lessons(fn) map.each(shape, shape.teachers * L, function(_, _, n) fn(n) end) end
  return {
    { "lesson_objectives", "lesson_id, text, position, bloom", function(emit)
      lessons(function(lesson)
        for position, text in ipairs(OBJECTIVES) do emit(id("lesson", lesson), text, position, "apply") end
      end)
    end },
    { "lesson_prerequisites", "lesson_id, requires_id", function(emit)
      lessons(function(lesson)
        if lesson % L > 0 then emit(id("lesson", lesson), id("lesson", lesson - 1)) end
      end)
    end },
    { "lesson_versions", "lesson_id, number, title, content, approved_at", function(emit)
      lessons(function(lesson)
        local title = ("Lesson %d"):format(lesson % L + 1)
        emit(id("lesson", lesson), 1, title, ('{"title": "%s"}'):format(title), OPENED)
      end)
    end },
  }
end

local function quizzes(shape)
  local function each(fn)
    map.each(shape, shape.teachers * QUIZZES, function(school, _, n) fn(n, floor(n / QUIZZES), school) end)
  end
  return {
    { "quizzes", "id, lesson_id, title, max_attempts, teacher_id, school_id", function(emit)
      each(function(quiz, teacher, school)
        local i = quiz % QUIZZES
        emit(id("quiz", quiz), id("lesson", teacher * shape.lessons + i), ("Quiz %d"):format(i + 1), 100,
          id("teacher", teacher), id("school", school))
      end)
    end },
    { "quiz_questions", "id, quiz_id, position, kind, prompt, answer, objective", function(emit)
      each(function(quiz)
        for i = 0, QUESTIONS - 1 do
          emit(id("question", quiz * QUESTIONS + i), id("quiz", quiz), i + 1, "true_false", "Plants need light.",
            "true", OBJECTIVES[i % #OBJECTIVES + 1])
        end
      end)
    end },
    { "quiz_attempts", "id, quiz_id, student_id, teacher_id, school_id, number, started_at, submitted_at, answers,"
      .. " score, max_score", function(emit)
        each_seat(shape, function(student, teacher, _, slot)
          for k = 0, QUIZZES - 1 do
            emit(id("attempt", slot * QUIZZES + k), id("quiz", teacher * QUIZZES + k), id("student", student),
              id("teacher", teacher), id("school", floor(student / shape.students)), 1, OPENED, DONE, "[]",
              (student + k) % (QUESTIONS + 1), QUESTIONS)
          end
        end)
      end },
    { "mastery", "id, student_id, teacher_id, school_id, objective, level, points, max_points, answers, last_at",
      function(emit)
        each_seat(shape, function(student, teacher, _, slot)
          for k, objective in ipairs(OBJECTIVES) do
            local level = (student + k) % 11 / 10
            emit(id("mastery", slot * #OBJECTIVES + k), id("student", student), id("teacher", teacher),
              id("school", floor(student / shape.students)), objective, level, level * 10, 10, 10, DONE)
          end
        end)
      end },
  }
end

local function grades(shape)
  local function each(count, fn)
    map.each(shape, shape.teachers * shape.classes * count, function(school, _, n) fn(n, floor(n / count), school) end)
  end
  return {
    { "grade_categories", "id, class_id, teacher_id, school_id, name, weight", function(emit)
      each(2, function(n, class, school)
        emit(id("category", n), id("class", class), id("teacher", floor(class / shape.classes)), id("school", school),
          n % 2 == 0 and "Homework" or "Tests", 40 + n % 2 * 20)
      end)
    end },
    { "assignments", "id, class_id, teacher_id, school_id, category_id, title, opens_at, due_at", function(emit)
      each(ASSIGNMENTS, function(n, class, school)
        emit(id("assignment", n), id("class", class), id("teacher", floor(class / shape.classes)), id("school", school),
          id("category", class * 2 + n % 2), ("Assignment %d"):format(n % ASSIGNMENTS + 1), OPENED, DUE)
      end)
    end },
    { "submissions", "id, assignment_id, student_id, teacher_id, school_id, state, content, submitted_at, score,"
      .. " graded_by, graded_at", function(emit)
        each_seat(shape, function(student, teacher, class, slot)
          for k = 0, ASSIGNMENTS - 1 do
            emit(id("submission", slot * ASSIGNMENTS + k), id("assignment", class * ASSIGNMENTS + k),
              id("student", student), id("teacher", teacher), id("school", floor(student / shape.students)), "graded",
              "What I have found out", DONE, (student * 7 + k * 13) % 101, id("teacher", teacher), GRADED)
          end
        end)
      end },
    -- One assignment of each class: changes are read one submission at a time.
    { "grade_changes", "id, submission_id, changed_by, reason, new_final, created_at", function(emit)
      each_seat(shape, function(student, teacher, _, slot)
        emit(id("change", slot), id("submission", slot * ASSIGNMENTS), id("teacher", teacher), "graded",
          student * 7 % 101, GRADED)
      end)
    end },
  }
end

-- What teachers keep.
local function kept(shape)
  local kept_of_each = shape.kept
  local function each(fn)
    map.each(shape, shape.teachers * kept_of_each, function(school, _, n)
      fn(n, id("teacher", floor(n / kept_of_each)), id("school", school))
    end)
  end
  return {
    { "media", "id, owner_id, school_id, state, shared, name, type, octets, digest", function(emit)
      each(function(n, teacher, school)
        emit(id("media", n), teacher, school, "ready", n % 2 == 0 and "true" or "false", ("Picture %d.png"):format(n),
          "image/png", 1000 + n, ("%064x"):format(n))
      end)
    end },
    { "prompt_templates", "id, owner_id, school_id, shared, title, body", function(emit)
      each(function(n, teacher, school)
        emit(id("template", n), teacher, school, n % 2 == 0 and "true" or "false", ("Template %d"):format(n),
          "Write a lesson about plants")
      end)
    end },
    { "api_keys", "id, user_id, name, prefix, key_hash, scopes", function(emit)
      each(function(n, teacher)
        emit(id("key", n), teacher, ("Key %d"):format(n % kept_of_each + 1), ("tbk_%08x"):format(n),
          ("\\\\x%064x"):format(n), "{classes:read}")
      end)
    end },
    { "workflow_runs", "id, workflow, state, owner_id, input, output, wake_at, finished_at", function(emit)
      each(function(n, teacher)
        emit(id("run", n), "generate_lesson", "succeeded", teacher, "{}", "{}", OPENED, DONE)
      end)
    end },
    { "sessions", "id, user_id, expires_at, client", function(emit)
      each(function(n, teacher) emit(id("session", n), teacher, "2100-01-01 00:00:00Z", "Browser") end)
    end },
  }
end

local function consents(shape)
  return {
    { "consents", "id, person_id, kind, version", function(emit)
      map.each(shape, shape.students, function(_, _, n)
        emit(id("consent", n * 2), id("student", n), "account", 1)
        emit(id("consent", n * 2 + 1), id("student", n), "school", 1)
      end)
    end },
    { "data_requests", "id, person_id, school_id, kind, requested_by, state, finished_at", function(emit)
      map.each(shape, shape.students, function(school, _, n)
        emit(id("request", n), id("student", n), id("school", school), "export", id("student", n),
          n % 5 == 0 and "failed" or "done", DONE)
      end)
    end },
  }
end

--- What each table gets, as in model/district_rows.lua, whose rows these refer to.
---@param shape model.district.shape
---@return table[]
function M.tables(shape)
  local all = {}
  for _, part in ipairs { schedule, plans, quizzes, grades, kept, consents } do
    for _, row in ipairs(part(shape)) do all[#all + 1] = row end
  end
  return all
end

return M
