-- model/lesson_plan.lua: what a lesson teaches, in the words of curricula, and what it builds on.
--
-- Objectives' texts are the lesson's own (lessons.objectives); level and standard lie beside them, kept in step by the
-- triggers of migrations/education/0012_content.sql. Prerequisites are lessons of the same course, without cycles.

local json = require "host.json"
local pg = require "host.pg"
local access = require "model.access"
local db = require "model.db"
local lesson = require "model.lesson"

local M = {}

--- Bloom's levels as revised (Anderson and Krathwohl, 2001).
M.BLOOM = { "remember", "understand", "apply", "analyze", "evaluate", "create" }

--- Most prerequisites of a lesson.
M.MOST = 20

local OBJECTIVES = "select l.id, l.revision, coalesce((select jsonb_agg(jsonb_build_object('text', o.text, 'bloom',"
  .. " o.bloom, 'standard', o.standard) order by o.position) from lesson_objectives o where o.lesson_id = l.id), '[]')"
  .. " as objectives from lessons l where l.id = ?::uuid and"

--- The objectives of a lesson that the caller sees.
---@return { id: string, revision: integer, objectives: table[] }?
function M.objectives(user, lesson_id)
  return db.education:one({ OBJECTIVES, lesson_id }, access.sees_lesson(user, "l"))
end

--- The texts alone, as a lesson has them.
---@param objectives { text: string }[]
---@return string[]
function M.texts(objectives)
  local texts = {}
  for i, objective in ipairs(objectives) do texts[i] = objective.text end
  return json.array(texts)
end

--- Sets level and standard of each text, in the transaction that has just given the lesson these texts.
---@param tx model.connection
function M.describe(tx, lesson_id, objectives)
  return tx:run({ "update lesson_objectives o set bloom = i.bloom, standard = i.standard"
    .. " from jsonb_to_recordset(?::jsonb) as i (text text, bloom text, standard text)"
    .. " where o.lesson_id = ?::uuid and o.text = i.text", pg.json(json.array(objectives)), lesson_id })
end

--- Replaces the objectives; the lesson is a draft again.
---@param objectives { text: string, bloom?: string, standard?: string }[]
---@param revision integer? what the caller has seen of the lesson
function M.set_objectives(user, lesson_id, objectives, revision)
  local seen = {}
  for _, objective in ipairs(objectives) do
    if seen[objective.text] then return db.fail("invalid", "an objective is there twice", "objectives") end
    seen[objective.text] = true
  end
  return db.education:transaction(function(tx)
    local changed, err = lesson.update(user, lesson_id, { objectives = M.texts(objectives) }, revision, tx)
    if not changed then return nil, err end
    local done, failure = M.describe(tx, lesson_id, objectives)
    if not done then return nil, failure end
    return tx:one({ OBJECTIVES, lesson_id }, "true")
  end)
end

local function required(connection, user, lesson_id)
  local rows, err = connection:query({ "select r.id, r.title, r.state from lesson_prerequisites p"
    .. " join lessons r on r.id = p.requires_id where p.lesson_id = ?::uuid and", lesson_id },
    access.sees_lesson(user, "r"), "order by r.title, r.id")
  if not rows then return nil, err end
  return { items = json.array(rows) }
end

--- The lessons that come before a lesson, as far as the caller sees them.
function M.prerequisites(user, lesson_id)
  local found, err = lesson.find(user, lesson_id)
  if not found then return nil, err end
  return required(db.education, user, lesson_id)
end

-- Whether one of these lessons builds, directly or not, on lesson_id.
local function leads_back(tx, lesson_id, ids)
  local row, err = tx:one({ "with recursive before (id) as (select unnest(?::uuid[])"
    .. " union select p.requires_id from lesson_prerequisites p join before b on b.id = p.lesson_id)"
    .. " select exists (select 1 from before where id = ?::uuid) as found", pg.array(ids), lesson_id })
  if not row then return nil, err end
  return row.found
end

-- The lesson, with its course locked: two changes that make a cycle together come one after the other.
local function lock(tx, user, lesson_id)
  local row, err = tx:one({ "select l.id, l.course_id from lessons l join courses k on k.id = l.course_id"
    .. " where l.id = ?::uuid and", lesson_id }, access.manages_lesson(user, "l"), "for no key update of k")
  if row or err.code ~= "not_found" then return row, err end
  local seen, why = lesson.find(user, lesson_id)
  if not seen then return nil, why end
  return db.fail("forbidden", "you may not change this lesson")
end

--- Replaces the lessons that come before a lesson.
---@param ids string[] lessons of the same course
---@return { items: table[] }?
---@return table? err invalid with field lesson_ids: of another course, or a cycle
function M.set_prerequisites(user, lesson_id, ids)
  return db.education:transaction(function(tx)
    local row, err = lock(tx, user, lesson_id)
    if not row then return nil, err end
    local cycle, failure = leads_back(tx, lesson_id, ids)
    if cycle == nil then return nil, failure end
    if cycle then return db.fail("invalid", "a lesson cannot come before itself", "lesson_ids") end
    local gone, bad = tx:run({ "delete from lesson_prerequisites p where p.lesson_id = ?::uuid", lesson_id })
    if not gone then return nil, bad end
    local added, wrong = tx:run({ "insert into lesson_prerequisites (lesson_id, requires_id) select ?::uuid, r.id"
      .. " from lessons r where r.id = any(?::uuid[]) and r.course_id = ?::uuid", lesson_id, pg.array(ids),
      row.course_id })
    if not added then return nil, wrong end
    if added < #ids then
      return db.fail("invalid", "a lesson is named twice or is not of the same course", "lesson_ids")
    end
    return required(tx, user, lesson_id)
  end)
end

return M
