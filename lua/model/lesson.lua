-- model/lesson.lua: lessons: draft → review → approved → published, drawn in migrations/education/0003_lessons.sql.
-- What a workflow run has made is stored with its quiz and its scene in one transaction, once per run.

local json = require "host.json"
local pg = require "host.pg"
local access = require "model.access"
local db = require "model.db"
local event = require "model.event"
local page = require "model.page"
local quiz = require "model.quiz"
local scene = require "model.scene"
local sql = require "model.sql"
local id = require "util.id"

local M = {}

local BRIEF = "l.id, l.course_id, l.teacher_id, l.state, l.title, l.summary, l.subject, l.grade, l.notice,"
  .. " l.published_at, l.created_at, l.updated_at, l.revision"
local READ = BRIEF .. ", l.objectives, l.sections, l.glossary"
local FULL = READ .. ", l.school_id, l.run_id, l.source_text, l.review, l.provider, l.approved_by, l.approved_at"

-- Who keeps lessons sees also what they were made of.
local function columns(user)
  return access.may(user, "teach") and FULL or READ
end

local function insert(tx, lesson)
  return tx:one({ "insert into lessons as l (id, course_id, teacher_id, school_id, run_id, state, title, summary,"
    .. " subject, grade, source_text, objectives, sections, glossary, review, provider, notice)"
    .. " values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict (run_id) do nothing returning " .. FULL,
    id.uuid(), lesson.course_id, lesson.teacher_id, lesson.school_id, lesson.run_id, lesson.state or "draft",
    lesson.title, lesson.summary or "", lesson.subject, lesson.grade, lesson.source_text or "",
    pg.json(lesson.objectives or json.array {}), pg.json(lesson.sections or json.array {}),
    pg.json(lesson.glossary or json.array {}), lesson.review and pg.json(lesson.review), lesson.provider,
    lesson.notice })
end

-- The course that a new lesson goes into; subject and grade come from it unless given.
local function course_of(tx, user, course_id)
  local course, err = tx:one({ "select k.id, k.school_id, k.teacher_id, k.subject, k.grade from courses k"
    .. " where k.id = ?::uuid and", course_id }, access.manages_course(user, "k"))
  if not course and err.code == "not_found" then return db.fail("invalid", "you keep no such course", "course_id") end
  return course, err
end

--- Makes a lesson by hand.
---@param lesson table course_id, title; optional: summary, source_text, objectives, sections, glossary, subject, grade
function M.create(user, lesson)
  return db.education:transaction(function(tx)
    local course, err = course_of(tx, user, lesson.course_id)
    if not course then return nil, err end
    return insert(tx, {
      course_id = course.id, teacher_id = course.teacher_id, school_id = course.school_id,
      title = lesson.title, summary = lesson.summary, source_text = lesson.source_text,
      subject = lesson.subject or course.subject, grade = lesson.grade or course.grade,
      objectives = lesson.objectives, sections = lesson.sections, glossary = lesson.glossary,
    })
  end)
end

--- Whether user may have a lesson made in this course; the course if so.
function M.may_generate(user, course_id, tx)
  return course_of(tx or db.education, user, course_id)
end

--- Stores what a run has made: lesson, quiz and scene. Called again by the same run it gives what is stored already.
---@param made { course_id: string, run_id: string, title: string, questions: table[], scene: table }
---@return { lesson_id: string, quiz_id: string, scene_id: string }?
function M.store(user, made)
  return db.education:transaction(function(tx)
    local course, err = course_of(tx, user, made.course_id)
    if not course then return nil, err end
    local row, failure = insert(tx, {
      course_id = course.id, teacher_id = course.teacher_id, school_id = course.school_id, run_id = made.run_id,
      state = "review", title = made.title, summary = made.summary, subject = made.subject or course.subject,
      grade = made.grade or course.grade, source_text = made.source_text, objectives = made.objectives,
      sections = made.sections, glossary = made.glossary, review = made.review, provider = made.provider,
      notice = made.notice,
    })
    if not row and failure.code == "not_found" then
      return tx:one({ "select l.id as lesson_id, q.id as quiz_id, s.id as scene_id from lessons l"
        .. " left join quizzes q on q.lesson_id = l.id left join scenes s on s.lesson_id = l.id"
        .. " where l.run_id = ?::uuid", made.run_id })
    elseif not row then
      return nil, failure
    end
    local quiz_id, bad_quiz = quiz.put(tx, row.id, row.title, made.questions, made.objectives)
    if not quiz_id then return nil, bad_quiz end
    local scene_id, bad_scene = scene.put(tx, row.id, made.scene)
    if not scene_id then return nil, bad_scene end
    local told, untold = event.append(tx, "user:" .. row.teacher_id, "lesson.ready",
      { lesson_id = row.id, title = row.title, run_id = made.run_id })
    if not told then return nil, untold end
    return { lesson_id = row.id, quiz_id = quiz_id, scene_id = scene_id }
  end)
end

--- A lesson as this person may see it.
function M.find(user, lesson_id)
  return db.education:one({ "select " .. columns(user) .. " from lessons l where l.id = ?::uuid and", lesson_id },
    access.sees_lesson(user, "l"))
end

--- A lesson for a workflow that acts on behalf of its teacher.
function M.get(lesson_id)
  return db.education:one({ "select " .. FULL .. ", u.name as teacher_name from lessons l"
    .. " join users u on u.id = l.teacher_id where l.id = ?::uuid", lesson_id })
end

--- The lessons that this person may see. filter: { course_id?, class_id?, state?, search? }
function M.list(user, filter, pages)
  local where = { access.sees_lesson(user, "l") }
  if filter.course_id then where[#where + 1] = { "l.course_id = ?::uuid", filter.course_id } end
  if filter.state then where[#where + 1] = sql.is("l.state", filter.state) end
  if filter.search then where[#where + 1] = { "l.search @@ websearch_to_tsquery('english', ?)", filter.search } end
  if filter.class_id then
    where[#where + 1] = { "exists (select 1 from class_courses x where x.course_id = l.course_id"
      .. " and x.class_id = ?::uuid)", filter.class_id }
  end
  return page.list(db.education, {
    select = "select " .. BRIEF .. " from lessons l",
    where = where,
    columns = { id = { "l.id", "uuid" }, title = { "l.title", "text" } },
    unique = "id",
  }, pages)
end

-- Why a change hit no row. doing: what the lesson cannot be in its state.
local function why_not(user, lesson_id, revision, doing)
  local seen, err = M.find(user, lesson_id)
  if not seen then return nil, err end
  if revision and seen.revision ~= revision then return db.fail("stale", "the lesson was changed meanwhile") end
  if access.manages_lesson(user, "l") == access.NOBODY then
    return db.fail("forbidden", "you may not change this lesson")
  end
  return db.fail("conflict", ("a lesson that is %s cannot be %s"):format(seen.state, doing), "state")
end

--- Changes a lesson; it is a draft again, since nobody has approved the new text.
---@param changes { title?: string, summary?: string, objectives?: string[], sections?: table[], glossary?: table[] }
---@param revision integer? what the caller has seen
---@param tx? model.connection
function M.update(user, lesson_id, changes, revision, tx)
  local function list(value) return value and pg.json(value) end
  local row, err = (tx or db.education):one(
    { "update lessons as l set title = coalesce(?, l.title), summary = coalesce(?, l.summary),"
      .. " objectives = coalesce(?::jsonb, l.objectives), sections = coalesce(?::jsonb, l.sections),"
      .. " glossary = coalesce(?::jsonb, l.glossary), state = 'draft', approved_by = null, approved_at = null"
      .. " where l.id = ?::uuid and",
      changes.title, changes.summary, list(changes.objectives), list(changes.sections), list(changes.glossary),
      lesson_id },
    sql.as_seen("l", revision), "and", access.manages_lesson(user, "l"), "returning " .. FULL)
  if row or err.code ~= "not_found" then return row, err end
  return why_not(user, lesson_id, revision, "changed")
end

-- Moves a lesson from one of some states to another; tells its topic.
local function move(tx, user, lesson_id, from, to, doing, set)
  local row, err = tx:one(
    { "update lessons as l set state = ?", to }, set or "",
    { "where l.id = ?::uuid and l.state = any(?::text[]) and", lesson_id, pg.array(from) },
    access.manages_lesson(user, "l"), "returning " .. FULL)
  if not row then
    if err.code == "not_found" then return why_not(user, lesson_id, nil, doing) end
    return nil, err
  end
  local told, failure = event.append(tx, "lesson:" .. row.id, "lesson." .. to, { lesson_id = row.id, state = to,
    title = row.title })
  if not told then return nil, failure end
  return row
end

--- Draft → review.
function M.submit(user, lesson_id)
  return db.education:transaction(function(tx)
    return move(tx, user, lesson_id, { "draft" }, "review", "submitted")
  end)
end

--- Review → draft.
function M.reject(user, lesson_id)
  return db.education:transaction(function(tx)
    return move(tx, user, lesson_id, { "review", "approved" }, "draft", "rejected")
  end)
end

--- Review → approved, in a transaction of the caller, which starts the delivery in it (workflows/publish_lesson.lua).
---@param tx model.connection
function M.approve(tx, user, lesson_id)
  return move(tx, user, lesson_id, { "review" }, "approved", "approved",
    { ", approved_at = now(), approved_by = ?::uuid", user.id })
end

--- Approved → published, by the workflow that has delivered this revision of it. Published already is fine.
---@return table? lesson nil with conflict if it was changed since its approval
function M.publish(lesson_id, approved_at)
  return db.education:transaction(function(tx)
    local row, err = tx:one({ "update lessons as l set state = 'published',"
      .. " published_at = coalesce(l.published_at, now()) where l.id = ?::uuid and l.state in ('approved', 'published')"
      .. " and l.approved_at = ?::timestamptz returning " .. FULL, lesson_id, approved_at })
    if not row then
      if err.code == "not_found" then return db.fail("conflict", "the lesson was changed after its approval") end
      return nil, err
    end
    local told, failure = event.append(tx, "lesson:" .. row.id, "lesson.published",
      { lesson_id = row.id, state = "published", title = row.title })
    if not told then return nil, failure end
    return row
  end)
end

--- Deletes a lesson that no student has worked on.
---@param revision integer? what the caller has seen
function M.delete(user, lesson_id, revision)
  local row, err = db.education:one({ "delete from lessons l where l.id = ?::uuid"
    .. " and not exists (select 1 from progress p where p.lesson_id = l.id) and", lesson_id },
    sql.as_seen("l", revision), "and", access.manages_lesson(user, "l"), "returning l.id")
  if row or err.code ~= "not_found" then return row, err end
  return why_not(user, lesson_id, revision, "deleted: students have worked on it")
end

return M
