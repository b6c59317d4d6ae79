-- model/attendance.lua: who was there, per meeting and date; marked by the class's keeper, as often as needed.

local json = require "host.json"
local pg = require "host.pg"
local access = require "model.access"
local audit = require "model.audit"
local db = require "model.db"
local page = require "model.page"

local M = {}

--- Most students that are marked at once.
M.MOST = 200

-- The meeting, if the caller keeps its class and it takes place on that date.
local function held(connection, user, meeting_id, date)
  local row, err = connection:one({ "select m.id, m.class_id, extract(isodow from ?::date)::integer = m.weekday"
    .. " and ?::date between m.from_date and coalesce(m.until_date, 'infinity') as held from meetings m"
    .. " join classes c on c.id = m.class_id where m.id = ?::uuid and", date, date, meeting_id },
    access.manages_class(user, "c"))
  if not row then return nil, err end
  if not row.held then return db.not_found("meeting on this date") end
  return row
end

local function sheet(connection, meeting, date)
  local rows, err = connection:query({ "select u.id as student_id, u.name, a.state, coalesce(a.note, '') as note,"
    .. " a.marked_at from enrolments e join users u on u.id = e.student_id left join attendance a"
    .. " on a.student_id = e.student_id and a.meeting_id = ?::uuid and a.on_date = ?::date"
    .. " where e.class_id = ?::uuid order by u.name, u.id limit 1000", meeting.id, date, meeting.class_id })
  if not rows then return nil, err end
  return { meeting_id = meeting.id, date = date, items = json.array(rows) }
end

--- Everybody of the class with what is marked, for its keeper.
---@param date string "2026-01-31"
---@return { meeting_id: string, date: string, items: table[] }?
function M.sheet(user, meeting_id, date)
  local meeting, err = held(db.education, user, meeting_id, date)
  if not meeting then return nil, err end
  return sheet(db.education, meeting, date)
end

--- Marks some students; the others stay as they are.
---@param entries { student_id: string, state: string, note?: string }[]
---@return table? sheet
---@return table? err invalid with field entries: somebody is not in the class
function M.mark(user, meeting_id, date, entries)
  return db.education:transaction(function(tx)
    local meeting, err = held(tx, user, meeting_id, date)
    if not meeting then return nil, err end
    local marked, failure = tx:run({ "insert into attendance as a (meeting_id, on_date, student_id, class_id, state,"
      .. " note, marked_by) select distinct on (i.student_id) ?::uuid, ?::date, e.student_id, e.class_id, i.state,"
      .. " coalesce(i.note, ''), ?::uuid"
      .. " from jsonb_to_recordset(?::jsonb) as i (student_id uuid, state text, note text)"
      .. " join enrolments e on e.class_id = ?::uuid and e.student_id = i.student_id"
      .. " on conflict (meeting_id, on_date, student_id) do update set state = excluded.state, note = excluded.note,"
      .. " marked_by = excluded.marked_by, marked_at = now()",
      meeting.id, date, user.id, pg.json(json.array(entries)), meeting.class_id })
    if not marked then return nil, failure end
    if marked < #entries then
      return db.fail("invalid", "somebody is named twice or is not in the class", "entries")
    end
    local made, lost = sheet(tx, meeting, date)
    if not made then return nil, lost end
    local people = {}
    for i, entry in ipairs(entries) do people[i] = entry.student_id end
    local recorded, unrecorded = audit.record(tx, user, "attendance.mark", { kind = "class", id = meeting.class_id,
      class_id = meeting.class_id, detail = { meeting_id = meeting.id, date = date, people = json.array(people) } })
    return recorded and made, unrecorded
  end)
end

--- What is marked of a student, newest first: for the student, the parents, and who keeps the class.
---@param filter { class_id?: string, from?: string, to?: string }
function M.of_student(user, student_id, filter, pages)
  local student, err = db.education:one({ "select u.id from users u where u.id = ?::uuid and", student_id },
    access.sees_user(user, "u"))
  if not student then return nil, err end
  local where = { { "a.student_id = ?::uuid", student_id }, access.sees_attendance(user, "a.student_id", "c") }
  if filter.class_id then where[#where + 1] = { "a.class_id = ?::uuid", filter.class_id } end
  if filter.from then where[#where + 1] = { "a.on_date >= ?::date", filter.from } end
  if filter.to then where[#where + 1] = { "a.on_date <= ?::date", filter.to } end
  return page.list(db.education, {
    select = "select a.meeting_id, a.class_id, c.name as class_name, a.on_date as date, a.state, a.note, a.marked_at"
      .. " from attendance a join classes c on c.id = a.class_id",
    where = where,
    columns = { date = { "a.on_date", "date" }, meeting_id = { "a.meeting_id", "uuid" } },
    unique = "meeting_id",
  }, { limit = pages and pages.limit, after = pages and pages.after,
    sort = { { "date", "desc" }, { "meeting_id", "desc" } } })
end

return M
