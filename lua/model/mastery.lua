-- model/mastery.lua: how well students meet the objectives of their teachers' questions. Each marked answer moves the
-- level towards its own share of the points, so that what a student can do now weighs more than what was long ago.

local json = require "host.json"
local pg = require "host.pg"
local access = require "model.access"
local db = require "model.db"
local page = require "model.page"
local id = require "util.id"

local M = {}

--- What the newest answer weighs, and the level from which an objective is mastered.
M.NEWEST, M.MASTERED = 0.65, 0.8

local STORE = [[
insert into mastery as m (id, student_id, teacher_id, school_id, objective, level, points, max_points, answers)
select i.id, ?::uuid, ?::uuid, ?::uuid, i.objective, i.points / i.max_points, i.points, i.max_points, i.answers
  from jsonb_to_recordset(?::jsonb) as i (id uuid, objective text, points float8, max_points float8, answers integer)
 order by i.objective
on conflict (student_id, teacher_id, objective) do update set
  level = m.level + ?::float8 * (excluded.level - m.level), points = m.points + excluded.points,
  max_points = m.max_points + excluded.max_points, answers = m.answers + excluded.answers, last_at = now()]]

-- The points of one attempt, summed up by objective.
local function by_objective(questions, result)
  local sums, list = {}, json.array {}
  for i, question in ipairs(questions) do
    local objective = question.objective
    if objective and objective ~= json.null then
      local sum = sums[objective]
      if not sum then
        sum = { id = id.uuid(), objective = objective, points = 0, max_points = 0, answers = 0 }
        sums[objective], list[#list + 1] = sum, sum
      end
      sum.points = sum.points + result.questions[i].points
      sum.max_points = sum.max_points + question.points
      sum.answers = sum.answers + 1
    end
  end
  return list
end

--- Records a marked attempt, in the transaction that marks it.
---@param attempt { student_id: string, teacher_id: string, school_id: any }
function M.answered(tx, attempt, questions, result)
  local sums = by_objective(questions, result)
  if #sums == 0 then return true end
  return tx:query({ STORE, attempt.student_id, attempt.teacher_id, attempt.school_id, pg.json(sums), M.NEWEST })
end

local LEVEL = "round(m.level::numeric, 3)::float8 as level"

--- A student's objectives, for who may see the work. filter: { mastered?: boolean }
function M.of_student(user, student_id, filter, pages)
  local where = { { "m.student_id = ?::uuid", student_id }, access.sees_work(user, "m.student_id", "m") }
  if filter.mastered ~= nil then
    where[#where + 1] = { "(m.level >= ?::float8) = ?::boolean", M.MASTERED, filter.mastered }
  end
  return page.list(db.education, {
    select = "select m.id, m.student_id, m.objective, " .. LEVEL .. (", m.level >= %s as mastered"):format(M.MASTERED)
      .. ", m.points, m.max_points, m.answers, m.last_at from mastery m",
    where = where, columns = { id = { "m.id", "uuid" } }, unique = "id",
  }, pages)
end

--- The objectives of a class: how its students stand in each, weakest first; for who keeps it.
---@return table[]? objectives objective, level, students, mastered
function M.of_class(user, class_id)
  return db.education:query({ "select m.objective, round(avg(m.level)::numeric, 3)::float8 as level,"
    .. " count(*) as students, count(*) filter (where m.level >= ?::float8) as mastered from classes c"
    .. " join enrolments e on e.class_id = c.id join mastery m on m.student_id = e.student_id"
    .. " and m.teacher_id = c.teacher_id where c.id = ?::uuid and", M.MASTERED, class_id },
    access.manages_class(user, "c"), "group by m.objective order by avg(m.level), m.objective limit 200")
end

return M
