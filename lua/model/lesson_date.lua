-- model/lesson_date.lua: when a class takes a lesson, and until when its work is due.

local access = require "model.access"
local db = require "model.db"
local page = require "model.page"

local M = {}

local COLUMNS = "x.class_id, x.lesson_id, x.starts_at, x.due_at, x.created_at, x.updated_at, x.revision"

--- Sets the dates of a lesson in a class; the caller keeps both.
---@param dates { starts_at: string, due_at?: string }
function M.set(user, class_id, lesson_id, dates)
  return db.education:one({ "insert into lesson_dates as x (class_id, lesson_id, starts_at, due_at)"
    .. " select c.id, l.id, ?::timestamptz, ?::timestamptz from classes c, lessons l where c.id = ?::uuid"
    .. " and l.id = ?::uuid and", dates.starts_at, dates.due_at, class_id, lesson_id },
    access.manages_class(user, "c"), "and", access.manages_lesson(user, "l"),
    "on conflict (class_id, lesson_id) do update set starts_at = excluded.starts_at, due_at = excluded.due_at"
    .. " returning " .. COLUMNS)
end

--- Takes a lesson out of a class's calendar.
function M.clear(user, class_id, lesson_id)
  return db.education:one({ "delete from lesson_dates x using classes c where c.id = x.class_id"
    .. " and x.class_id = ?::uuid and x.lesson_id = ?::uuid and", class_id, lesson_id },
    access.manages_class(user, "c"), "returning x.lesson_id")
end

--- The dates of a class's lessons, in order of time, as far as the caller sees class and lessons.
function M.list(user, class_id, pages)
  local class, err = db.education:one({ "select c.id from classes c where c.id = ?::uuid and", class_id },
    access.sees_class(user, "c"))
  if not class then return nil, err end
  return page.list(db.education, {
    select = "select " .. COLUMNS .. ", l.title from lesson_dates x join classes c on c.id = x.class_id"
      .. " join lessons l on l.id = x.lesson_id",
    where = { { "x.class_id = ?::uuid", class_id }, access.sees_class(user, "c"), access.sees_lesson(user, "l") },
    columns = { starts_at = { "x.starts_at", "timestamptz" }, lesson_id = { "x.lesson_id", "uuid" } },
    unique = "lesson_id",
  }, { limit = pages and pages.limit, after = pages and pages.after,
    sort = { { "starts_at", "asc" }, { "lesson_id", "asc" } } })
end

return M
