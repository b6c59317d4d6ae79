-- model/gradebook.lua: the grades of a class summed up. In each category the mean of the shares that a student got of
-- the points, without the lowest ones; over the categories the mean by their weights, where something counts.
--
-- What counts: graded work, and nothing (0) for work that is closed and was never handed in. Work without a category
-- weighs what the categories leave to 100.

local json = require "host.json"
local new_table = require "table.new"
local pg = require "host.pg"
local access = require "model.access"
local class = require "model.class"
local db = require "model.db"
local page = require "model.page"

local M = {}

-- One row per student and category; place is that of the student in the list. Holes: class, students, students.
local SUMS = [[
with work as (
  select e.student_id, g.category_id, coalesce(s.final, 0) / g.points as share, s.id is null as missing,
         row_number() over (partition by e.student_id, g.category_id order by coalesce(s.final, 0) / g.points) as rank,
         count(*) over (partition by e.student_id, g.category_id) as counted
    from enrolments e join assignments g on g.class_id = e.class_id
    left join submissions s on s.assignment_id = g.id and s.student_id = e.student_id
   where e.class_id = ?::uuid and e.student_id = any(?::uuid[])
     and (s.state = 'graded' or s.id is null and g.closes_at <= now())
)
select array_position(?::uuid[], w.student_id) as place, w.category_id, (avg(w.share) * 100)::float8 as percent,
       count(*)::integer as counted, (count(*) filter (where w.missing))::integer as missing
  from work w left join grade_categories c on c.id = w.category_id
 where w.rank > least(coalesce(c.drop_lowest, 0), w.counted - 1)
 group by w.student_id, w.category_id order by w.category_id]]

-- Name and weight come once for the class, not once more with each student's sum.
local CATEGORIES = "select k.id, k.name, k.weight from grade_categories k where k.class_id = ?::uuid"

local function rounded(percent)
  return math.floor(percent * 100 + 0.5) / 100
end

-- The percent over categories; nil if nothing with a weight counts.
local function total(categories)
  local sum, weights = 0, 0
  for _, category in ipairs(categories) do
    sum, weights = sum + category.weight * category.percent, weights + category.weight
  end
  return weights > 0 and rounded(sum / weights) or json.null
end

-- category_id → name and weight, with one for the work without a category; and how many these are.
local function by_category(categories)
  local found, left = {}, 100
  for _, category in ipairs(categories) do
    found[category.id], left = category, left - category.weight
  end
  found[json.null] = { name = "No category", weight = left }
  return found, #categories + 1
end

-- A line for each student: the categories and the total. Tables are made as large as they get: growing them costs more
-- than all else here.
local function lines(class_id, students)
  local ids = {}
  for i, student in ipairs(students) do ids[i] = student.student_id end
  local array = pg.array(ids)
  local results, err = db.education:batch { { { SUMS, class_id, array, array } }, { { CATEGORIES, class_id } } }
  if not results then return nil, err end
  local categories, count = by_category(results[2])
  local found = {}
  for i, student in ipairs(students) do
    local line = new_table(0, 6)
    line.student_id, line.name, line.class_id = student.student_id, student.name, class_id
    line.categories, line.missing = new_table(count, 0), 0
    found[i] = line
  end
  for _, sum in ipairs(results[1]) do
    local line, category = found[sum.place], categories[sum.category_id]
    if category then -- else it was deleted between the two statements
      sum.name, sum.weight = category.name, category.weight
      line.categories[#line.categories + 1] = sum
      line.missing = line.missing + sum.missing
    end
  end
  for _, line in ipairs(found) do
    line.percent = total(line.categories)
    for _, category in ipairs(line.categories) do category.percent = rounded(category.percent) end
  end
  return found
end

--- The gradebook of a class, by students; for who keeps it.
function M.of_class(user, class_id, pages)
  local list, err = page.list(db.education, {
    select = "select u.id as student_id, u.name from enrolments e join classes c on c.id = e.class_id"
      .. " join users u on u.id = e.student_id",
    where = { { "e.class_id = ?::uuid", class_id }, access.manages_class(user, "c") },
    columns = { student_id = { "e.student_id", "uuid" }, name = { "u.name", "text" } },
    unique = "student_id", direction = "asc",
  }, pages)
  if not list then return nil, err end
  -- Whoever is shown a student keeps the class; that nobody is shown says nothing.
  if not list.items[1] then
    local kept, refusal = class.keeps(user, class_id)
    return kept and list, refusal
  end
  local items, failure = lines(class_id, list.items)
  return items and { items = items, next = list.next }, failure
end

--- One student's line of it, for who may see that student's grades.
function M.of_student(user, class_id, student_id)
  local student, err = db.education:one({ "select u.id as student_id, u.name from enrolments e"
    .. " join classes c on c.id = e.class_id join users u on u.id = e.student_id where e.class_id = ?::uuid and"
    .. " e.student_id = ?::uuid and", class_id, student_id }, access.sees_grades(user, "e.student_id", "c"))
  if not student then return nil, err end
  local found, failure = lines(class_id, { student })
  return found and found[1], failure
end

return M
