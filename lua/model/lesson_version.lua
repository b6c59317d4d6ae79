-- model/lesson_version.lua: lessons as they were approved. Each approval keeps one (a trigger of
-- migrations/education/0012_content.sql does, whoever approves); its keeper reads them and brings one back as a draft.

local access = require "model.access"
local db = require "model.db"
local lesson = require "model.lesson"
local lesson_plan = require "model.lesson_plan"
local page = require "model.page"

local M = {}

local BRIEF = "v.number, v.title, v.approved_by, v.approved_at"

--- The versions of a lesson that the caller keeps, newest first.
function M.list(user, lesson_id, pages)
  local kept, err = db.education:one({ "select l.id from lessons l where l.id = ?::uuid and", lesson_id },
    access.manages_lesson(user, "l"))
  if not kept then return nil, err end
  return page.list(db.education, {
    select = "select " .. BRIEF .. " from lesson_versions v",
    where = { { "v.lesson_id = ?::uuid", lesson_id } },
    columns = { number = { "v.number", "integer" } },
    unique = "number",
  }, pages)
end

local function find(connection, user, lesson_id, number)
  return connection:one({ "select " .. BRIEF .. ", v.lesson_id, v.content from lesson_versions v"
    .. " join lessons l on l.id = v.lesson_id where v.lesson_id = ?::uuid and v.number = ?::integer and",
    lesson_id, number }, access.manages_lesson(user, "l"))
end

--- A version with its content.
function M.find(user, lesson_id, number)
  return find(db.education, user, lesson_id, number)
end

--- Makes the lesson what a version was; it is a draft until it is approved, which keeps one more version.
---@return table? lesson
function M.restore(user, lesson_id, number)
  return db.education:transaction(function(tx)
    local version, err = find(tx, user, lesson_id, number)
    if not version then return nil, err end
    local content = version.content
    local changed, failure = lesson.update(user, lesson_id, {
      title = content.title, summary = content.summary, sections = content.sections, glossary = content.glossary,
      objectives = lesson_plan.texts(content.objectives),
    }, nil, tx)
    if not changed then return nil, failure end
    local described, bad = lesson_plan.describe(tx, lesson_id, content.objectives)
    if not described then return nil, bad end
    return changed
  end)
end

return M
