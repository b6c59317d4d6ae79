-- model/item_statistics.lua: how students did in a quiz: the spread of their results, and for each question how easy it
-- is and whether it tells the strong from the weak. Computed where the results lie.

local json = require "host.json"
local access = require "model.access"
local db = require "model.db"

local M = {}

local WHOLE = "select count(*) as attempts, count(distinct a.student_id) as students, avg(t.share) as mean,"
  .. " percentile_cont(0.5) within group (order by t.share) as median, stddev_pop(t.share) as deviation,"
  .. " min(t.share) as lowest, max(t.share) as highest,"
  .. " avg(case when t.share * 100 >= z.passing_score then 1.0 else 0.0 end)::float8 as passed"
  .. " from quizzes z join quiz_attempts a on a.quiz_id = z.id and a.submitted_at is not null"
  .. " cross join lateral (select coalesce(a.score / nullif(a.max_score, 0), 0) as share) t where"

-- Discrimination: points of the question against the points of the rest of the attempt.
local ITEMS = "select q.id as question_id, q.position, q.kind, q.prompt, count(r.points) as answered,"
  .. " avg(case when r.correct then 1.0 when r.points is not null then 0.0 end)::float8 as correct,"
  .. " avg(r.points / q.points) as mean, corr(r.points, a.score - r.points) as discrimination"
  .. " from quiz_questions q left join (quiz_attempts a cross join lateral"
  .. " jsonb_to_recordset(a.result -> 'questions') as r (question_id uuid, points float8, correct boolean))"
  .. " on a.quiz_id = q.quiz_id and r.question_id = q.id and a.submitted_at is not null"

--- The figures of a quiz for who keeps it: of all submitted attempts, or of those at one assignment.
---@param assignment_id string?
function M.of_quiz(user, quiz_id, assignment_id)
  local kept, err = db.education:one({ "select z.id from quizzes z where z.id = ?::uuid and", quiz_id },
    access.manages_quiz(user, "z"))
  if not kept then return nil, err end
  local only = assignment_id and { "and a.assignment_id = ?::uuid", assignment_id } or ""
  local results, failure = db.education:batch {
    { WHOLE, { "z.id = ?::uuid", quiz_id }, only },
    { ITEMS, only, { "where q.quiz_id = ?::uuid group by q.id order by q.position", quiz_id } },
  }
  if not results then return nil, failure end
  local figures = results[1][1]
  figures.questions = json.array(results[2])
  return figures
end

return M
