-- model/calendar.lua: what happens when in the classes that a person sees: meetings, starts of lessons, due dates.

local json = require "host.json"
local access = require "model.access"
local db = require "model.db"

local M = {}

--- Most days that are asked for at once, and most entries of an answer.
M.DAYS, M.MOST = 62, 1000

-- The dates of each meeting in a range; the clock of its time zone makes points in time of them.
local MEETINGS = "select 'meeting' as kind, c.id as class_id, c.name as class_name, m.id as meeting_id,"
  .. " null::uuid as lesson_id, null::uuid as assignment_id, c.subject as title, m.room, d.day::date as date,"
  .. " (d.day::date + m.starts_at) at time zone m.time_zone as starts_at,"
  .. " (d.day::date + m.starts_at) at time zone m.time_zone + m.minutes * interval '1 minute' as ends_at"
  .. " from classes c join meetings m on m.class_id = c.id"
  .. " join lateral generate_series(%s, %s, interval '1 day') as d (day)"
  .. " on extract(isodow from d.day) = m.weekday"
  .. " and d.day::date between m.from_date and coalesce(m.until_date, 'infinity')"
  .. " where c.archived_at is null and"

local LESSONS = "select '%s', c.id, c.name, null::uuid, l.id, null::uuid, l.title, '',"
  .. " (x.%s at time zone 'UTC')::date, x.%s,"
  .. " null::timestamptz from classes c join lesson_dates x on x.class_id = c.id join lessons l on l.id = x.lesson_id"
  .. " where c.archived_at is null and x.%s >= ?::date::timestamp at time zone 'UTC'"
  .. " and x.%s < (?::date + 1)::timestamp at time zone 'UTC' and"

local ASSIGNMENTS = "select 'assignment', c.id, c.name, null::uuid, g.lesson_id, g.id, g.title, '',"
  .. " (g.due_at at time zone 'UTC')::date, g.due_at, null::timestamptz from classes c"
  .. " join assignments g on g.class_id = c.id where c.archived_at is null"
  .. " and g.due_at >= ?::date::timestamp at time zone 'UTC'"
  .. " and g.due_at < (?::date + 1)::timestamp at time zone 'UTC' and"

local function dates(kind, column)
  return LESSONS:format(kind, column, column, column, column)
end

-- On the first and the last day that there are, it may be another year in UTC: no meeting is on them.
local meetings = MEETINGS:format("greatest(?::date, date '0001-01-02')", "least(?::date, date '9999-12-30')")
local starts, dues = dates("lesson", "starts_at"), dates("due", "due_at")

-- A lesson that is not published yet is in the calendar of who keeps it only: sees_lesson says so.
local function about_lessons(user, text, from, to)
  return { text, from, to }, access.sees_class(user, "c"), "and", access.sees_lesson(user, "l")
end

-- Rows, one more than there may be, as an answer.
local function answer_of(rows, err)
  if not rows then return nil, err end
  local truncated = #rows > M.MOST
  rows[M.MOST + 1] = nil
  return { items = json.array(rows), truncated = truncated }
end

--- Everything from a date to another one, in order of time; of M.DAYS after the first and M.MOST entries at most.
---@param range { from: string, to: string, class_id?: string }
---@return { items: table[], truncated: boolean }?
---@return table? err
function M.between(user, range)
  local from = range.from
  local class = range.class_id and { "and c.id = ?::uuid", range.class_id } or ""
  local last, bad = db.education:one({ "select least(t.asked, t.most)::text as date, t.asked > t.most as sooner"
    .. " from (select ?::date as asked, ?::date + ?::integer as most) t", range.to, from, M.DAYS })
  if not last then return nil, bad end
  local to = last.date
  local fragments = { { meetings, from, to }, access.sees_class(user, "c"), class }
  local function add(...)
    for i = 1, select("#", ...) do fragments[#fragments + 1] = select(i, ...) end
  end
  for _, text in ipairs { starts, dues } do
    add("union all")
    add(about_lessons(user, text, from, to))
    add(class)
  end
  add("union all", { ASSIGNMENTS, from, to }, access.sees_class(user, "c"), "and", access.sees_assignment(user, "g"),
    class)
  add({ "order by starts_at, kind, class_id, meeting_id, lesson_id, assignment_id limit ?::integer", M.MOST + 1 })
  local found, err = answer_of(db.education:query(unpack(fragments)))
  if not found then return nil, err end
  found.truncated = found.truncated or last.sooner
  return found
end

-- The days on which it may be "today" somewhere: from UTC-12 to UTC+14.
local today = MEETINGS:format("(now() at time zone 'Etc/GMT+12')::date", "(now() at time zone 'Etc/GMT-14')::date")
  .. " d.day::date = (now() at time zone m.time_zone)::date and"

--- The meetings of today, as it is today where each takes place.
---@return { items: table[], truncated: boolean }?
function M.today(user)
  return answer_of(db.education:query(today, access.sees_class(user, "c"),
    { "order by starts_at, meeting_id limit ?::integer", M.MOST + 1 }))
end

return M
