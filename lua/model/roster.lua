-- model/roster.lua: students of a class from a list, such as a file of a student information system: accounts are made
-- for who has none, everybody is enrolled, who is marked as gone is taken out. The same list twice changes nothing.
--
-- People are found again by the sourcedId of the list within the school, else by their login there.

local pg = require "host.pg"
local json = require "host.json"
local access = require "model.access"
local audit = require "model.audit"
local consent = require "model.consent"
local db = require "model.db"
local event = require "model.event"
local personal = require "model.personal"
local user = require "model.user"
local id = require "util.id"

local M = {}

--- Most rows of one batch.
M.BATCH = 100

-- No password: nothing verifies against it, until the account's first password is set.
local LOCKED = "!"

--- The class that a list is for.
---@return { id: string, school_id: string }?
---@return table? err not_found, forbidden (a class without a school)
function M.class(by, class_id)
  local class, err = db.education:one({ "select c.id, c.school_id from classes c where c.id = ?::uuid and", class_id },
    access.manages_class(by, "c"))
  if not class then return nil, err end
  if class.school_id == json.null then return db.fail("forbidden", "the class does not belong to a school") end
  return class
end

-- Who of the list has an account: by sourcedId first, then by login.
local function known_of(tx, class, students)
  local logins, sourced = {}, {}
  for i, student in ipairs(students) do logins[i], sourced[i] = student.login, student.sourced_id end
  local rows, err = tx:query({ "select u.id, u.login, u.name, u.role, u.school_id, u.sourced_id from users u"
    .. " where u.login = any(?::text[]) union select u.id, u.login, u.name, u.role, u.school_id, u.sourced_id"
    .. " from users u where u.school_id = ?::uuid and u.sourced_id = any(?::text[])",
    pg.array(logins), class.school_id, pg.array(sourced) })
  if not rows then return nil, err end
  local known = { login = {}, sourced = {} }
  for _, row in ipairs(rows) do
    known.login[row.login] = row
    if row.school_id == class.school_id and row.sourced_id ~= json.null then known.sourced[row.sourced_id] = row end
  end
  return known
end

local taken = { column = "username", code = "conflict", message = "this login belongs to another account" }

-- The account of a student of the list, false if there is none yet, nil with what is wrong.
local function account_of(known, class, student)
  local found = known.sourced[student.sourced_id]
  if found then
    if found.role ~= "student" then
      return nil, { column = "sourcedId", code = "conflict", message = "this is the account of no student" }
    end
    return found
  end
  found = known.login[student.login]
  if not found then return false end
  local adoptable = found.school_id == class.school_id and found.role == "student" and found.sourced_id == json.null
  if not adoptable then return nil, taken end
  return found
end

--- Those of a list that would get an account now, so that only their passwords are hashed.
---@param class { id: string, school_id: string }
---@param students util.oneroster.student[]
---@return util.oneroster.student[]?
---@return table? err
function M.newcomers(class, students)
  local known, err = known_of(db.education, class, students)
  if not known then return nil, err end
  local list = {}
  for _, student in ipairs(students) do
    if not student.gone and account_of(known, class, student) == false then list[#list + 1] = student end
  end
  return list
end

local function insertion(class, student, hash)
  local user_id = id.uuid()
  return { { "insert into users as u (id, school_id, role, login, name, password_hash, email_sealed, email_index,"
    .. " sourced_id) values (?, ?, 'student', ?, ?, ?, ?, ?, ?) on conflict do nothing returning u.id",
    user_id, class.school_id, student.login, student.name, hash or LOCKED,
    personal.seal(student.email, "users.email:" .. user_id), personal.index(student.email), student.sourced_id } }
end

-- Makes the accounts of who has none; who cannot have one is told.
local function create(tx, by, class, fresh, outcome)
  if not fresh[1] then return {} end
  local statements = {}
  for i, student in ipairs(fresh) do statements[i] = insertion(class, student, student.hash) end
  local results, err = tx:batch(statements)
  if not results then return nil, err end
  local ids = {}
  for i, rows in ipairs(results) do
    if rows[1] then
      ids[#ids + 1] = rows[1].id
      outcome.touched[#outcome.touched + 1] = rows[1].id
      outcome.created = outcome.created + 1
    else
      outcome.refuse(fresh[i].line, { column = "username", code = "conflict",
        message = "login or sourcedId belong to another account" })
    end
  end
  -- Nobody here has said when born.
  local consented, failure = consent.of_school(tx, by, ids)
  return consented and ids, failure
end

-- An admin's list corrects names and remembers the sourcedId of accounts that were there.
local function correct(tx, by, found, student, outcome)
  if not access.may(by, "administer")
    or (found.name == student.name and found.sourced_id == student.sourced_id) then
    return true
  end
  local done, err = tx:run({ "update users as u set name = ?, sourced_id = ? where u.id = ?::uuid and", student.name,
    student.sourced_id, found.id }, access.manages_user(by, "u"))
  if not done then return nil, err end
  outcome.updated = outcome.updated + done
  outcome.touched[#outcome.touched + 1] = found.id
  return true
end

local function told(tx, class, kind, rows)
  if not rows[1] then return true end
  local events = {}
  for i, row in ipairs(rows) do
    events[i] = { topic = "class:" .. class.id, kind = kind,
      data = { class_id = class.id, student_id = row.student_id } }
  end
  return event.append_all(tx, events)
end

local function enrol(tx, class, ids, gone, outcome)
  local added, err = tx:query({ "insert into enrolments (class_id, student_id) select ?::uuid, s.id"
    .. " from unnest(?::uuid[]) as s (id) on conflict do nothing returning student_id", class.id, pg.array(ids) })
  if not added then return nil, err end
  local removed, failure = tx:query({ "delete from enrolments e where e.class_id = ?::uuid"
    .. " and e.student_id = any(?::uuid[]) returning e.student_id", class.id, pg.array(gone) })
  if not removed then return nil, failure end
  outcome.enrolled, outcome.removed = outcome.enrolled + #added, outcome.removed + #removed
  local ok, untold = told(tx, class, "enrolment.added", added)
  if not ok then return nil, untold end
  return told(tx, class, "enrolment.removed", removed)
end

-- Sorts a batch into who is there, who is new and who is gone.
local function sort(tx, by, class, students, outcome)
  local known, err = known_of(tx, class, students)
  if not known then return nil, err end
  local ids, gone, fresh = {}, {}, {}
  for _, student in ipairs(students) do
    local found, wrong = account_of(known, class, student)
    if found == nil then
      outcome.refuse(student.line, wrong)
    elseif found and student.gone then
      gone[#gone + 1] = found.id
    elseif found then
      local ok, failure = correct(tx, by, found, student, outcome)
      if not ok then return nil, failure end
      ids[#ids + 1] = found.id
    elseif not student.gone then
      fresh[#fresh + 1] = student
    end
  end
  return { ids = ids, gone = gone, fresh = fresh }
end

-- One entry for a batch: who it made or corrected.
local function note(tx, by, class, outcome)
  if not outcome.touched[1] then return true end
  return audit.record(tx, by, "roster.import", { kind = "class", id = class.id, school_id = class.school_id,
    detail = { people = json.array(outcome.touched) } })
end

local counts = { "created", "updated", "enrolled", "removed" }

--- Takes in one batch of a list, all of it or, when the database fails, nothing of it.
---@param by table who keeps the class
---@param class { id: string, school_id: string } what M.class returned
---@param students util.oneroster.student[] with line; hash, the hash of a new account's password, if it has one
---@param total table counts that are added to: created, updated, enrolled, removed
---@param refuse fun(line: integer, wrong: { column: string, code: string, message: string })
---@return true? done
---@return table? err
function M.take(by, class, students, total, refuse)
  local outcome, refused
  local done, err = db.education:transaction(function(tx)
    -- A transaction may run again: what it counts starts anew.
    refused = {}
    outcome = { created = 0, updated = 0, enrolled = 0, removed = 0, touched = {},
      refuse = function(line, wrong) refused[#refused + 1] = { line, wrong } end }
    local sorted, failure = sort(tx, by, class, students, outcome)
    if not sorted then return nil, failure end
    local made, bad = create(tx, by, class, sorted.fresh, outcome)
    if not made then return nil, bad end
    for _, new in ipairs(made) do sorted.ids[#sorted.ids + 1] = new end
    local enrolled, lost = enrol(tx, class, sorted.ids, sorted.gone, outcome)
    if not enrolled then return nil, lost end
    return note(tx, by, class, outcome)
  end)
  if not done then return nil, err end
  for _, name in ipairs(counts) do total[name] = total[name] + outcome[name] end
  for _, entry in ipairs(refused) do refuse(entry[1], entry[2]) end
  return true
end

--- The hash of a new account's password.
---@return string? hash
---@return table? err invalid: too short or too long
M.hash = user.hash

return M
