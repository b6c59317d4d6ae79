-- model/progress.lua: what students did. Events are recorded once per source and key, and summed up per student and
-- lesson in the same transaction, which also tells the topics of class, lesson and student.

local json = require "host.json"
local pg = require "host.pg"
local access = require "model.access"
local db = require "model.db"
local event = require "model.event"
local page = require "model.page"
local sql = require "model.sql"
local id = require "util.id"

local M = {}

-- Progress counts whole points; partial credit has fractions.
local function whole(points)
  return points and math.floor(points + 0.5)
end

-- Stores what is new. Who is not in the class and lessons that no course of it has are left out by the joins.
local STORE = [[
insert into progress_events (id, source, key, student_id, lesson_id, class_id, kind, percent, score, max_score,
  seconds, detail, occurred_at)
select i.id, ?::text, i.key, i.student_id, i.lesson_id, ?::uuid, i.kind, i.percent, i.score, i.max_score, i.seconds,
  i.detail, coalesce(i.occurred_at, now())
  from jsonb_to_recordset(?::jsonb) as i (id uuid, key text, student_id uuid, lesson_id uuid, kind text,
    percent integer, score integer, max_score integer, seconds integer, detail jsonb, occurred_at timestamptz)]]
local ENROLLED = [[
  join enrolments e on e.class_id = ?::uuid and e.student_id = i.student_id
  join lessons l on l.id = i.lesson_id
  join class_courses k on k.class_id = e.class_id and k.course_id = l.course_id]]
local ONCE = "on conflict (source, key) do nothing returning id, key, student_id, lesson_id, kind, percent, score,"
  .. " max_score"

-- In a fixed order, so that two batches about the same students do not wait for each other in a circle.
local SUM = [[
insert into progress as p (student_id, lesson_id, percent, score, max_score, seconds, events, started_at,
  completed_at, last_at)
select n.student_id, n.lesson_id, coalesce(max(case n.kind when 'completed' then 100 else n.percent end), 0),
       coalesce(max(n.score), 0), coalesce(max(n.max_score), 0), coalesce(sum(n.seconds), 0), count(*),
       min(n.occurred_at), min(n.occurred_at) filter (where n.kind = 'completed'), max(n.occurred_at)
  from progress_events n where n.id = any(?::uuid[])
 group by n.student_id, n.lesson_id order by n.student_id, n.lesson_id
on conflict (student_id, lesson_id) do update set
  percent = greatest(p.percent, excluded.percent), score = greatest(p.score, excluded.score),
  max_score = greatest(p.max_score, excluded.max_score), seconds = p.seconds + excluded.seconds,
  events = p.events + excluded.events, started_at = least(p.started_at, excluded.started_at),
  completed_at = least(p.completed_at, excluded.completed_at), last_at = greatest(p.last_at, excluded.last_at)
returning p.student_id, p.lesson_id, p.percent, p.score, p.max_score, p.seconds, p.completed_at, p.last_at]]

-- Sums up fresh events and tells them: one event per topic, whatever the size of the batch.
local function sum(tx, fresh, class_id)
  local ids = {}
  for i, row in ipairs(fresh) do ids[i] = row.id end
  local sums, err = tx:query({ SUM, pg.array(ids) })
  if not sums then return nil, err end
  local events, by_student = {}, {}
  if class_id then
    local data = { class_id = class_id, progress = json.array(sums) }
    events[1] = { topic = "class:" .. class_id, kind = "progress", data = data }
  end
  for _, row in ipairs(sums) do
    local list = by_student[row.student_id]
    if not list then
      list = json.array {}
      by_student[row.student_id] = list
      events[#events + 1] = { topic = "user:" .. row.student_id, kind = "progress", data = { progress = list } }
    end
    list[#list + 1] = row
  end
  local told, failure = event.append_all(tx, events)
  if not told then return nil, failure end
  return sums
end

-- The keys of a source that are stored.
local function known(tx, source, keys)
  local rows, err = tx:query({ "select n.key from progress_events n where n.source = ? and n.key = any(?::text[])",
    source, pg.array(keys) })
  if not rows then return nil, err end
  local set = {}
  for _, row in ipairs(rows) do set[row.key] = true end
  return set
end

---@class model.progress.event
---@field key string idempotency key, unique for its source
---@field student_id string
---@field lesson_id string
---@field kind "started"|"checkpoint"|"answered"|"completed"
---@field percent? integer
---@field score? integer
---@field max_score? integer
---@field seconds? integer spent since the event before
---@field detail? table
---@field occurred_at string RFC 3339

--- Records a batch that a game server posts for its class. All or nothing, but for events that cannot be the class's.
---@param source string such as "server:ID"
---@param class_id string
---@param events model.progress.event[]
---@return { key: string, outcome: "stored"|"duplicate"|"refused" }[]? outcomes in the order of events
function M.record(source, class_id, events)
  local input, keys = json.array {}, {}
  for i, entry in ipairs(events) do
    input[i] = { id = id.uuid(), key = entry.key, student_id = entry.student_id, lesson_id = entry.lesson_id,
      kind = entry.kind, percent = entry.percent, score = whole(entry.score), max_score = entry.max_score,
      seconds = entry.seconds, detail = entry.detail, occurred_at = entry.occurred_at }
    keys[i] = entry.key
  end
  return db.education:transaction(function(tx)
    local fresh, err = tx:query({ STORE, source, class_id, pg.json(input) }, { ENROLLED, class_id }, ONCE)
    if not fresh then return nil, err end
    local stored, found = {}, {}
    for _, row in ipairs(fresh) do stored[row.key] = true end
    if #fresh < #events then
      found, err = known(tx, source, keys)
      if not found then return nil, err end
    end
    if #fresh > 0 then
      local sums, failure = sum(tx, fresh, class_id)
      if not sums then return nil, failure end
    end
    local outcomes = json.array {}
    for i, key in ipairs(keys) do
      outcomes[i] = { key = key, outcome = stored[key] and "stored" or found[key] and "duplicate" or "refused" }
      stored[key] = nil -- the same key again in this batch is a duplicate
    end
    return outcomes
  end)
end

--- Records a submitted quiz attempt, in the transaction that submits it.
---@param attempt { id: string, lesson_id: string, number: integer }
---@param result { score: integer, max_score: integer }
function M.answered(tx, student, attempt, result)
  local input = json.array { { id = id.uuid(), key = attempt.id, student_id = student.id, lesson_id = attempt.lesson_id,
    kind = "answered", score = whole(result.score), max_score = result.max_score,
    detail = { attempt = attempt.number } } }
  local fresh, err = tx:query({ STORE, "quiz", nil, pg.json(input) }, ONCE)
  if not fresh then return nil, err end
  local class, none = tx:query({ "select e.class_id from enrolments e join class_courses k on k.class_id = e.class_id"
    .. " join lessons l on l.course_id = k.course_id where e.student_id = ?::uuid and l.id = ?::uuid limit 1",
    student.id, attempt.lesson_id })
  if not class then return nil, none end
  return sum(tx, fresh, class[1] and class[1].class_id)
end

local SUMMED = "p.student_id, p.lesson_id, p.percent, p.score, p.max_score, p.seconds, p.events, p.started_at,"
  .. " p.completed_at, p.last_at"

-- One row per student and lesson: both make the order unique.
local function by_student(pages)
  pages = pages or {}
  local sort = { unpack(pages.sort or {}) }
  sort[#sort + 1] = { "student_id", sort[1] and sort[1][2] or "desc" }
  return { limit = pages.limit, sort = sort, after = pages.after }
end

-- Names are looked up for the rows of the page alone: a join would look them up for all that are sorted for it.
local STUDENT_NAME = "(select u.name from users u where u.id = p.student_id) as student_name"
local LESSON_TITLE = "(select t.title from lessons t where t.id = p.lesson_id) as lesson_title"

-- A student's progress in the lessons of a class. "offset 0" keeps it one look-up for each student: flattened, it may
-- be a walk through what other classes have done in the same lessons.
local OF_STUDENT = "select p.* from progress p where p.student_id = e.student_id and p.lesson_id = any(array("
  .. "select l.id from class_courses k join lessons l on l.course_id = k.course_id where k.class_id = ?::uuid))"

--- The progress of a class's students, for its keeper. filter: { lesson_id? }
function M.of_class(user, class_id, filter, pages)
  local kept = sql.combine("", { { "exists (select 1 from classes c where c.id = ?::uuid and ", class_id },
    access.manages_class(user, "c"), ")" })
  local theirs = { { OF_STUDENT, class_id } }
  if filter.lesson_id then theirs[2] = { "and p.lesson_id = ?::uuid", filter.lesson_id } end
  return page.list(db.education, {
    select = sql.combine(" ", { "select " .. SUMMED .. ", " .. STUDENT_NAME .. ", " .. LESSON_TITLE
      .. " from enrolments e cross join lateral (", sql.combine(" ", theirs), "offset 0) p" }),
    where = { { "e.class_id = ?::uuid", class_id }, kept },
    columns = { student_id = { "e.student_id", "uuid" }, lesson_id = { "p.lesson_id", "uuid" },
      last_at = { "p.last_at", "timestamptz" } },
    unique = "lesson_id",
  }, by_student(pages))
end

--- The progress of one student, for who may see it.
function M.of_student(user, student_id, pages)
  return page.list(db.education, {
    select = "select " .. SUMMED .. ", l.title as lesson_title from progress p cross join lateral (select l.title,"
      .. " l.teacher_id, l.school_id from lessons l where l.id = p.lesson_id offset 0) l",
    where = { { "p.student_id = ?::uuid", student_id }, access.sees_work(user, "p.student_id", "l") },
    columns = { lesson_id = { "p.lesson_id", "uuid" }, last_at = { "p.last_at", "timestamptz" } },
    unique = "lesson_id",
  }, pages)
end

--- How a class stands in one lesson or in all: for dashboards.
---@return table? summary students, started, completed, percent, score, max_score
function M.summary(user, class_id, lesson_id)
  local theirs, of_lesson = { OF_STUDENT, class_id }, lesson_id and { "and p.lesson_id = ?::uuid", lesson_id } or ""
  return db.education:one("select count(distinct e.student_id) as students, count(distinct p.student_id) as started,"
    .. " count(p.completed_at) as completed, coalesce(round(avg(p.percent)), 0)::integer as percent,"
    .. " coalesce(sum(p.score), 0)::bigint as score, coalesce(sum(p.max_score), 0)::bigint as max_score"
    .. " from classes c left join enrolments e on e.class_id = c.id left join lateral (", theirs, of_lesson,
    { "offset 0) p on true where c.id = ?::uuid and", class_id }, access.manages_class(user, "c"), "group by c.id")
end

return M
