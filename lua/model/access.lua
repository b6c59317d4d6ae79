-- model/access.lua: who may see and who may change which object. The one place of object-level rules; every model that
-- lists, reads or changes on behalf of somebody puts these fragments into its statement.
--
--   permission   sees                                             may change
--   learn        the own record, classes joined, what is          own attempts and progress
--                published in the courses of these
--   accompany    the own children, and what these see             –
--   teach        own classes with their students, own courses,    the same, but not people
--                lessons and runs
--   administer   everything of the own school                     everything of the own school
--
-- Which role holds which permission is data (model/permission.lua). Who holds several sees by the widest of them.
--
-- user is { id, role, school_id }; aliases name tables of the statement around (seat, taken, room, link are used here).
-- A rule that fits nobody is "false", so a role that holds nothing sees nothing.

local db = require "model.db"
local json = require "host.json"
local permission = require "web.permission"
local sql = require "model.sql"

local M = {}

--- The rule that fits nobody.
M.NOBODY = "false"

local NOBODY = M.NOBODY

-- How far a permission reaches, the widest first.
local reaches = { { "administer", "school" }, { "teach", "classes" }, { "accompany", "children" }, { "learn", "self" } }

--- Whether a person may do something at all; to what, say the rules below. A server keeps the table of permissions up
--- to date in every worker; a command reads it at its first question.
---@param name string a permission
---@return boolean
function M.may(user, name)
  local may = permission.holds(user.role, name)
  if may ~= nil then return may end
  local rows = db.education:query("select role, permission from role_permissions")
  if not rows then return false end
  permission.use(rows)
  return permission.holds(user.role, name)
end

--- How far a person's rights reach.
---@return "school"|"classes"|"children"|"self"|nil
function M.reach(user)
  for _, reach in ipairs(reaches) do
    if M.may(user, reach[1]) then return reach[2] end
  end
end

-- Rows of the own school, for an admin who has one.
local function of_school(user, alias)
  if user.school_id == nil or user.school_id == json.null then return NOBODY end
  return { alias .. ".school_id = ?::uuid", user.school_id }
end

local function of_teacher(user, alias)
  local reach = M.reach(user)
  if reach == "classes" then return { alias .. ".teacher_id = ?::uuid", user.id } end
  if reach == "school" then return of_school(user, alias) end
  return NOBODY
end

-- The students that a person stands for: a student for oneself, a parent for the children; nil
-- for others. student: SQL of a student's id.
local function stands_for(user, student)
  local reach = M.reach(user)
  if reach == "self" then return { student .. " = ?::uuid", user.id } end
  if reach == "children" then
    return { ("%s in (select link.child_id from parent_links link where link.parent_id = ?::uuid)"):format(student),
      user.id }
  end
  return nil
end

-- Who sees what the classes have, as one who sits there or as the parent of one.
local function sits_in_classes(user)
  return stands_for(user, "") ~= nil
end

-- What such a person sees; text has %s where the seat's student is compared.
local function enrolled(user, text)
  local who = stands_for(user, "seat.student_id")
  return { text:format(who[1]), who[2] }
end

--- Classes: whose roster, progress and join code one may see and change.
function M.manages_class(user, alias)
  return of_teacher(user, alias)
end

--- Classes that one sees. row: alias of what belongs to the class, if its table says who keeps it: lists go by an index
--- of theirs.
function M.sees_class(user, alias, row)
  if sits_in_classes(user) then
    return enrolled(user, "exists (select 1 from enrolments seat where seat.class_id = " .. alias .. ".id and %s)")
  end
  return of_teacher(user, row or alias)
end

--- Courses: which one may change, and which one may read.
function M.manages_course(user, alias)
  return of_teacher(user, alias)
end

function M.sees_course(user, alias)
  if sits_in_classes(user) then
    return enrolled(user, "exists (select 1 from class_courses taken join enrolments seat"
      .. " on seat.class_id = taken.class_id where taken.course_id = " .. alias .. ".id and %s)")
  end
  return of_teacher(user, alias)
end

--- Lessons: which one may change, and which one may read: students what is published.
function M.manages_lesson(user, alias)
  return of_teacher(user, alias)
end

function M.sees_lesson(user, alias)
  if sits_in_classes(user) then
    return enrolled(user, alias .. ".state = 'published' and exists (select 1 from class_courses taken"
      .. " join enrolments seat on seat.class_id = taken.class_id"
      .. " where taken.course_id = " .. alias .. ".course_id and %s)")
  end
  return of_teacher(user, alias)
end

-- The students of a teacher's classes. As an array they are found once and an index does the rest; asked row by row
-- ("exists") they let the planner walk through everybody there is, in the order that a list wants.
local TAUGHT = "select seat.student_id from classes room join enrolments seat on seat.class_id = room.id"
  .. " where room.teacher_id = ?::uuid"

--- People (alias: of users). An admin belongs to the own school.
function M.sees_user(user, alias)
  local own, reach = alias .. ".id = ?::uuid", M.reach(user)
  if reach == "school" then
    local school = of_school(user, alias)
    return school == NOBODY and { own, user.id } or school
  end
  if reach == "classes" then
    return { alias .. ".id = any(array(select ?::uuid union all select made.id from users made where made.made_by ="
      .. " ?::uuid union all " .. TAUGHT .. "))", user.id, user.id, user.id }
  end
  if reach == "children" then
    return { alias .. ".id = any(array(select ?::uuid union all select link.child_id from parent_links link"
      .. " where link.parent_id = ?::uuid))", user.id, user.id }
  end
  return { own, user.id }
end

--- Whose account one may change: an admin those of the own school.
function M.manages_user(user, alias)
  if M.may(user, "administer") then return of_school(user, alias) end
  return NOBODY
end

--- For whom one may make an account in the own school: a teacher for students, an admin for all.
---@param role string of the new account
function M.makes_user(user, role)
  return M.may(user, "administer") or (role == "student" and M.may(user, "teach"))
end

--- Who keeps the installation: an admin who belongs to no school.
function M.keeps_installation(user)
  return M.may(user, "administer") and (user.school_id == nil or user.school_id == json.null)
end

-- The ways to what is one's own, or is shared by its owner with the school. Each way has an index of its own, so lists
-- go them one by one (model/page.lua); what asks for one row goes any of them.
local function shared_ways(user, alias)
  local own = { alias .. ".owner_id = ?::uuid", user.id }
  if user.school_id == nil or user.school_id == json.null then return { own } end
  return { own, { ("%s.shared and %s.school_id = ?::uuid"):format(alias, alias), user.school_id } }
end

local function any_of(ways)
  return sql.combine("", { "(", sql.combine(" or ", ways), ")" })
end

--- Prompt templates are teachers' business.
---@return (string|table)[] ways for lists; any of them suffices
function M.ways_to_template(user, alias)
  if not M.may(user, "teach") then return { NOBODY } end
  return shared_ways(user, alias)
end

--- The same as one condition: for one row.
function M.sees_template(user, alias)
  return any_of(M.ways_to_template(user, alias))
end

--- Uploaded files: one's own, and what is shared in the school; an admin sees and deletes all of the school's.
---@return (string|table)[] ways for lists; any of them suffices
function M.ways_to_media(user, alias)
  local school = M.may(user, "administer") and of_school(user, alias) or NOBODY
  if school == NOBODY then return shared_ways(user, alias) end
  return { { alias .. ".owner_id = ?::uuid", user.id }, school }
end

--- The same as one condition: for one row.
function M.sees_media(user, alias)
  return any_of(M.ways_to_media(user, alias))
end

--- A file that somebody else owns is read where it is attached by whoever sees the thing. For one row, not for lists.
function M.reads_media(user, alias)
  local function attached(rows, condition)
    return sql.combine("", { "exists (select 1 from attachments put join " .. rows .. " where put.media_id = " .. alias
      .. ".id and ", condition, ")" })
  end
  return sql.combine("", { "(", sql.combine(" or ", {
    M.sees_media(user, alias),
    attached("lessons l on l.id = put.lesson_id", M.sees_lesson(user, "l")),
    attached("classes c on c.id = put.class_id", M.sees_class(user, "c")),
    attached("assignments g on g.id = put.assignment_id", M.sees_assignment(user, "g")),
    attached("submissions s on s.id = put.submission_id", M.sees_submission(user, "s")),
  }), ")" })
end

--- Which files one may delete: the own ones, an admin all of the school's.
function M.manages_media(user, alias)
  local own = M.manages_owned(user, alias)
  local school = M.may(user, "administer") and of_school(user, alias) or NOBODY
  if school == NOBODY then return own end
  return { "(" .. own[1] .. " or " .. school[1] .. ")", own[2], school[2] }
end

--- What belongs to one person alone.
function M.manages_owned(user, alias)
  return { alias .. ".owner_id = ?::uuid", user.id }
end

--- Schools: one's own and those that one has made, for who keeps the installation all.
function M.sees_school(user, alias)
  if M.keeps_installation(user) then return "true" end
  return { ("(%s.id = (select me.school_id from users me where me.id = ?::uuid) or %s.made_by = ?::uuid)")
    :format(alias, alias), user.id, user.id }
end

--- Which schools one may change: an admin those that one sees.
function M.manages_school(user, alias)
  if not M.may(user, "administer") then return NOBODY end
  return M.sees_school(user, alias)
end

--- Whom one consents for: oneself, a parent for the own children (alias: of users).
function M.consents_for(user, alias)
  if M.reach(user) == "children" then return M.sees_user(user, alias) end
  return { alias .. ".id = ?::uuid", user.id }
end

--- Whose consents one sees: whose one gives, and an admin those of the school's people.
function M.sees_consents(user, alias)
  if M.may(user, "administer") then return M.sees_user(user, alias) end
  return M.consents_for(user, alias)
end

--- The audit log (alias: of audit_entries): an admin reads the own school's chain, who keeps the installation that of
--- what belongs to no school.
function M.sees_audit(user, alias, no_school)
  if not M.may(user, "read_audit") then return NOBODY end
  return { alias .. ".chain = ?::uuid", M.keeps_installation(user) and no_school or user.school_id }
end

--- Links of a child whom one sees (alias: of parent_links). Parents are not told of each other.
function M.sees_parent(user, alias)
  if M.reach(user) == "children" then return { alias .. ".parent_id = ?::uuid", user.id } end
  return "true"
end

--- A student's own work: attempts and progress (student: SQL of the student's id, row: alias of what says whose lesson
--- it was). A teacher sees the work of the own classes' students on the own lessons. Most work on one's lessons is by
--- one's students, but a plan would take that for a rare coincidence and go by it.
function M.sees_work(user, student, row)
  local who = stands_for(user, student)
  if who then return who end
  if M.reach(user) ~= "classes" then return of_teacher(user, row) end
  return sql.combine(" and ", { of_teacher(user, row),
    sql.checked { ("%s = any(array(%s))"):format(student, TAUGHT), user.id } })
end

--- What is marked of a student in a class (student: SQL of the student's id, class: alias of classes).
function M.sees_attendance(user, student, class)
  return stands_for(user, student) or of_teacher(user, class)
end

--- Quizzes with their right answers.
function M.manages_quiz(user, alias)
  return of_teacher(user, alias)
end

--- Assignments and the work that is handed in for them: what one may change and grade.
function M.manages_assignment(user, alias)
  return of_teacher(user, alias)
end

--- Assignments: students see those of their classes once they are open.
function M.sees_assignment(user, alias)
  if sits_in_classes(user) then
    return enrolled(user, alias .. ".opens_at <= now() and exists (select 1 from enrolments seat where seat.class_id = "
      .. alias .. ".class_id and %s)")
  end
  return of_teacher(user, alias)
end

--- What a student handed in, with its grade (alias: of submissions).
function M.sees_submission(user, alias)
  return stands_for(user, alias .. ".student_id") or of_teacher(user, alias)
end

--- Whose files beside a submission one may change: a student's own until it is graded, a teacher's for feedback.
function M.works_on(user, alias)
  if M.reach(user) == "self" then
    return { alias .. ".student_id = ?::uuid and " .. alias .. ".state <> 'graded'", user.id }
  end
  return of_teacher(user, alias)
end

--- A student's grades in a class (student: SQL of the student's id, class: alias of classes).
function M.sees_grades(user, student, class)
  return stands_for(user, student) or of_teacher(user, class)
end

--- Workflow runs belong to who started them.
function M.sees_run(user, alias)
  return { alias .. ".owner_id = ?::uuid", user.id }
end

-- What a topic is about: its table, alias and rule. Class and lesson topics carry what only their keepers may read.
local topics = {
  class = { "classes c", "c", M.manages_class },
  lesson = { "lessons l", "l", M.manages_lesson },
  run = { "workflow_runs r", "r", M.sees_run },
}

--- The statement that finds a row if user may follow the topic, or nil if no statement is needed.
---@param user table
---@param topic string "user:ID", "class:ID", "lesson:ID", "run:ID" or "system"
---@return (string|table)[]? fragments
---@return boolean? allowed the answer, when there is nothing to ask
function M.topic(user, topic)
  if topic == "system" then return nil, true end
  local kind, id = topic:match("^(%l+):(%x+%-%x+%-%x+%-%x+%-%x+)$")
  if kind == "user" then
    if id == user.id then return nil, true end
    if not M.may(user, "accompany") then return nil, false end
    return { { "select 1 from parent_links link where link.parent_id = ?::uuid and link.child_id = ?::uuid", user.id,
      id } }
  end
  local about = topics[kind or ""]
  if not about or #id ~= 36 then return nil, false end
  return { "select 1 from " .. about[1] .. " where", { about[2] .. ".id = ?::uuid and", id }, about[3](user, about[2]) }
end

return M
