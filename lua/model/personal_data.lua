-- model/personal_data.lua: everything that is kept about a person, where it lies, and what becomes of it when the
-- person is erased. One row per table; a spec reads the schema and fails on a table with people in it that has no row.
--
--   export   the columns that the person gets to see (nil: the table tells of others, or holds only digests)
--   erase    "delete", an assignment that takes out what tells of the person, or nil: kept (see why)
--   why      the reason for which something is kept

local audit = require "model.audit"
local db = require "model.db"
local json = require "host.json"
local person_key = require "model.person_key"
local personal = require "model.personal"

local M = {}

local WORK = "the school's own material, which others use"
local RECORD = "an education record, which the school must keep; without the person's name it is statistics"

M.tables = {
  { table = "profiles", who = "user_id", export = "about, pronouns, created_at, updated_at", erase = "delete" },
  { table = "preferences", who = "user_id", erase = "delete", export = "language, time_zone, theme, text_size,"
    .. " high_contrast, reduce_motion, captions, digest, notices" },
  { table = "parent_links", name = "parents", who = "child_id", export = "parent_id, created_at", erase = "delete" },
  { table = "parent_links", name = "children", who = "parent_id", export = "child_id, created_at", erase = "delete" },
  { table = "sessions", who = "user_id", export = "id, created_at, last_used_at, expires_at, ended_at, client, address",
    erase = "delete" },
  { table = "identities", who = "user_id", export = "provider, subject, created_at", erase = "delete" },
  { table = "api_keys", who = "user_id", export = "id, name, prefix, scopes, created_at, last_used_at",
    erase = "delete" },
  { table = "second_factors", who = "user_id", export = "confirmed_at, created_at", erase = "delete" },
  { table = "mail_tokens", who = "user_id", erase = "delete" },
  { table = "login_challenges", who = "user_id", erase = "delete" },
  { table = "oidc_logins", who = "user_id", erase = "delete" },
  { table = "link_codes", who = "child_id", erase = "delete" },
  { table = "consents", who = "person_id", export = "kind, version, given_by, given_at, withdrawn_at",
    erase = "contact_sealed = null", why = "the proof that there was a consent" },
  { table = "data_requests", who = "person_id", export = "kind, requested_by, state, created_at, finished_at",
    erase = "archive_sealed = null", why = "the proof that the request was answered" },
  { table = "users", name = "users_made", who = "made_by", why = "the school keeps who brought in whom" },
  { table = "enrolments", who = "student_id", export = "class_id, created_at", erase = "delete" },
  { table = "attendance", who = "student_id", export = "class_id, on_date, state, note, marked_at", erase = "note = ''",
    why = RECORD },
  { table = "attendance", name = "attendance_marked", who = "marked_by", why = RECORD },
  { table = "quiz_attempts", who = "student_id", export = "id, quiz_id, number, started_at, submitted_at, answers,"
    .. " score, max_score", erase = "answers = null, result = null", why = RECORD },
  { table = "submissions", who = "student_id", export = "id, assignment_id, state, content, submitted_at, late, score,"
    .. " final, feedback", erase = "content = '', feedback = ''", why = RECORD },
  { table = "submissions", name = "submissions_graded", who = "graded_by", why = RECORD },
  { table = "grade_changes", name = "grades_changed", who = "changed_by", why = RECORD },
  { table = "mastery", who = "student_id", export = "objective, level, points, max_points, answers, last_at",
    why = RECORD },
  { table = "mastery", name = "mastery_taught", who = "teacher_id", why = RECORD },
  { table = "progress", who = "student_id", export = "lesson_id, percent, score, max_score, seconds, started_at,"
    .. " completed_at, last_at", why = RECORD },
  { table = "progress_events", who = "student_id", export = "lesson_id, class_id, kind, percent, score, seconds,"
    .. " detail, occurred_at", erase = "detail = null", why = RECORD },
  { table = "classes", who = "teacher_id", export = "id, name, subject, grade, created_at", why = WORK },
  { table = "courses", who = "teacher_id", export = "id, title, subject, grade, description, created_at", why = WORK },
  { table = "lessons", who = "teacher_id", export = "id, course_id, state, title, summary, created_at", why = WORK },
  { table = "lessons", name = "lessons_approved", who = "approved_by", why = WORK },
  { table = "lesson_versions", name = "lesson_versions_approved", who = "approved_by", why = WORK },
  { table = "quizzes", who = "teacher_id", export = "id, title", why = WORK },
  { table = "assignments", who = "teacher_id", export = "id, class_id, title, created_at", why = WORK },
  { table = "prompt_templates", who = "owner_id", export = "id, title, body, created_at", erase = "delete" },
  { table = "media", who = "owner_id", export = "id, name, type, octets, digest, created_at",
    erase = "state = 'deleted', name = 'erased', shared = false" },
}

local function name_of(entry) return entry.name or entry.table end

local function account(connection, person_id)
  local row, err = connection:one({ "select u.id, u.school_id, u.role, u.login, u.name, u.state, u.sourced_id,"
    .. " u.email_sealed, u.birth_date_sealed, u.created_at, u.updated_at from users u where u.id = ?::uuid",
    person_id })
  if not row then return nil, err end
  row.email = personal.open(row.email_sealed, "users.email:" .. row.id) or json.null
  row.birth_date = personal.open(row.birth_date_sealed, "users.birth_date:" .. row.id) or json.null
  row.email_sealed, row.birth_date_sealed = nil, nil
  return row
end

-- What the audit log holds of a person's values, opened with the person's key.
local function recorded(connection, person_id)
  local rows, err = connection:query({ "select a.recorded_at, a.action, a.actor_id, a.subject_id, a.personal_sealed"
    .. " from audit_entries a join users u on a.chain = coalesce(u.school_id, ?::uuid) where u.id = ?::uuid"
    .. " and a.subject_id = u.id order by a.sequence", audit.NO_SCHOOL, person_id })
  if not rows then return nil, err end
  for _, row in ipairs(rows) do
    local values = person_key.open(connection, person_id, row.personal_sealed, "audit:" .. row.subject_id)
    row.personal_sealed, row.subject_id = nil, nil
    row.values = values and json.decode(values) or json.null
  end
  return rows
end

--- Everything about a person, by section; each a list of rows.
---@return { name: string, rows: table[] }[]? sections
---@return table? err
function M.gather(person_id)
  return db.education:transaction(function(tx)
    local own, err = account(tx, person_id)
    if not own then return nil, err end
    local sections = { { name = "account", rows = { own } } }
    for _, entry in ipairs(M.tables) do
      if entry.export then
        local rows, failure = tx:query({ ("select %s from %s where %s = ?::uuid"):format(entry.export, entry.table,
          entry.who), person_id })
        if not rows then return nil, failure end
        sections[#sections + 1] = { name = name_of(entry), rows = rows }
      end
    end
    local entries, lost = recorded(tx, person_id)
    if not entries then return nil, lost end
    sections[#sections + 1] = { name = "audit", rows = entries }
    return sections
  end, { isolation = "repeatable read" })
end

--- What a person has told AI clients to remember.
function M.memories(person_id)
  return db.memory:query({ "select m.context, m.category, m.key, m.content, m.created_at from memories m"
    .. " where m.user_id = ?::uuid order by m.id", person_id })
end

local elsewhere = {
  memory = { "delete from memories where user_id = ?::uuid", "delete from mcp_sessions where user_id = ?::uuid" },
  roblox = { "delete from players where student_id = ?::uuid", "delete from pairing_codes where user_id = ?::uuid",
    "delete from studio_sessions where user_id = ?::uuid", "delete from game_servers where user_id = ?::uuid" },
}

--- Erases what a person has in another database.
---@param database "memory"|"roblox"
function M.forget(database, person_id)
  local statements = {}
  for i, statement in ipairs(elsewhere[database]) do statements[i] = { { statement, person_id } } end
  return db[database]:batch(statements)
end

-- The row of a person without the person.
local ANONYMOUS = "update users set name = 'Erased person', login = 'erased-' || id, password_hash = '!',"
  .. " email_sealed = null, email_index = null, email_verified_at = null, birth_date_sealed = null, sourced_id = null,"
  .. " state = 'suspended', erased_at = now() where id = ?::uuid and erased_at is null"

--- Erases a person, in a transaction of the caller: rows go or lose what tells of the person, and the person's key is
--- destroyed, with which whatever lies in places that are never changed becomes noise. Twice does no more than once.
---@param tx model.connection
---@return boolean? done
---@return table? err
function M.erase(tx, person_id)
  -- Ended before they go: every worker hears of it.
  local ended, err = tx:run({ "update sessions set ended_at = now(), end_reason = 'suspended' where user_id = ?::uuid"
    .. " and ended_at is null", person_id })
  if not ended then return nil, err end
  for _, entry in ipairs(M.tables) do
    if entry.erase then
      local verb = entry.erase == "delete" and "delete from " .. entry.table
        or ("update %s set %s"):format(entry.table, entry.erase)
      local done, failure = tx:run({ ("%s where %s = ?::uuid"):format(verb, entry.who), person_id })
      if not done then return nil, failure end
    end
  end
  local anonymous, failure = tx:run({ ANONYMOUS, person_id })
  if not anonymous then return nil, failure end
  local destroyed, lost = person_key.destroy(tx, person_id)
  return destroyed and true, lost
end

return M
