-- model/personal_data.lua: everything that is kept about a person, in all databases: where it lies, and what becomes
-- of it when the person is erased. One row per table and reference; a spec reads the catalogs and fails on a column
-- that may refer to people and has neither a row here nor a reason.
--
--   where    finds the person's rows; %s stands for the person's id. Default: who = %s
--   export   the columns that the person gets to see (nil: the table tells of others, or holds only digests)
--   erase    "delete", an assignment that takes out what tells of the person, or nil: kept (see why)
--   why      the reason for which something is kept

local audit = require "model.audit"
local cache = require "model.cache"
local db = require "model.db"
local json = require "host.json"
local person_key = require "model.person_key"
local personal = require "model.personal"

local M = {}

local WORK = "the school's own material, which others use"
local RECORD = "an education record, which the school must keep; without the person's name it is statistics"

-- What hangs on something of the person's.
local function of(key, owner, who)
  return ("%s in (select id from %s where %s = %%s)"):format(key, owner, who)
end

M.tables = {
  { table = "events", where = "topic = 'user:' || %s", export = "kind, data, created_at", erase = "delete" },
  { table = "events", name = "events_of_runs", erase = "delete",
    where = "topic in (select 'run:' || id from workflow_runs where owner_id = %s)" },
  { table = "workflow_runs", who = "owner_id", export = "id, workflow, state, input, output, created_at, finished_at",
    erase = "delete" },
  { table = "idempotency_keys", who = "owner_id", erase = "delete" },
  { table = "mails", where = "recipient_index = (select email_index from users where id = %s)",
    export = "kind, state, created_at", erase = "delete" },
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
    erase = "contact_sealed = null, withdrawal_hash = null", why = "the proof that there was a consent" },
  { table = "data_requests", who = "person_id", export = "kind, requested_by, state, created_at, finished_at",
    erase = "archive_sealed = null, problem = null", why = "the proof that the request was answered" },
  { table = "users", name = "users_made", who = "made_by", why = "the school keeps who brought in whom" },
  { table = "schools", name = "schools_made", who = "made_by", why = "the installation keeps who founded a school" },
  { table = "enrolments", who = "student_id", export = "class_id, created_at", erase = "delete" },
  { table = "attendance", who = "student_id", export = "class_id, on_date, state, note, marked_at", erase = "note = ''",
    why = RECORD },
  { table = "attendance", name = "attendance_marked", who = "marked_by", why = RECORD },
  { table = "quiz_attempts", who = "student_id", export = "id, quiz_id, number, started_at, submitted_at, answers,"
    .. " score, max_score", erase = "answers = null, result = null", why = RECORD },
  { table = "submissions", who = "student_id", export = "id, assignment_id, state, content, submitted_at, late, score,"
    .. " final, feedback", erase = "content = '', feedback = ''", why = RECORD },
  { table = "submissions", name = "submissions_graded", who = "graded_by", why = RECORD },
  { table = "grade_changes", where = of("submission_id", "submissions", "student_id"), why = RECORD,
    export = "submission_id, reason, old_final, new_final, created_at" },
  { table = "grade_changes", name = "grades_changed", who = "changed_by", why = RECORD },
  -- The teacher's files too, which say what the feedback says; one that is attached to nothing goes after a time.
  { table = "attachments", where = of("submission_id", "submissions", "student_id"), erase = "delete",
    export = "submission_id, media_id, attached_at" },
  { table = "mastery", who = "student_id", export = "objective, level, points, max_points, answers, last_at",
    why = RECORD },
  { table = "mastery", name = "mastery_taught", who = "teacher_id", why = RECORD },
  { table = "progress", who = "student_id", export = "lesson_id, percent, score, max_score, seconds, started_at,"
    .. " completed_at, last_at", why = RECORD },
  { table = "progress_events", who = "student_id", export = "lesson_id, class_id, kind, percent, score, seconds,"
    .. " detail, occurred_at", erase = "detail = null", why = RECORD },
  { table = "classes", who = "teacher_id", export = "id, name, subject, grade, created_at", why = WORK },
  { table = "courses", who = "teacher_id", export = "id, title, subject, grade, description, created_at", why = WORK },
  { table = "lessons", who = "teacher_id", why = WORK, export = "id, course_id, state, title, summary, source_text,"
    .. " objectives, sections, glossary, created_at" },
  { table = "lesson_versions", where = of("lesson_id", "lessons", "teacher_id"), why = WORK,
    export = "lesson_id, number, title, content, approved_at" },
  { table = "scenes", where = of("lesson_id", "lessons", "teacher_id"), why = WORK,
    export = "lesson_id, description, created_at" },
  { table = "lessons", name = "lessons_approved", who = "approved_by", why = WORK },
  { table = "lesson_versions", name = "lesson_versions_approved", who = "approved_by", why = WORK },
  { table = "quizzes", who = "teacher_id", export = "id, title", why = WORK },
  { table = "quiz_questions", where = of("quiz_id", "quizzes", "teacher_id"), why = WORK,
    export = "quiz_id, position, kind, prompt, choices, answer, explanation, points" },
  { table = "assignments", who = "teacher_id", why = WORK,
    export = "id, class_id, title, instructions, points, opens_at, due_at, created_at" },
  { table = "prompt_templates", who = "owner_id", export = "id, title, body, created_at", erase = "delete" },
  { table = "media", who = "owner_id", export = "id, name, type, octets, digest, created_at",
    erase = "state = 'deleted', name = 'erased', shared = false" },
  { database = "memory", table = "memories", who = "user_id", erase = "delete",
    export = "context, category, key, content, created_at" },
  { database = "memory", table = "mcp_sessions", who = "user_id", erase = "delete",
    export = "id, client, created_at, last_used_at, ended_at" },
  { database = "roblox", table = "players", who = "student_id", export = "roblox_user_id, created_at",
    erase = "delete" },
  { database = "roblox", table = "pairing_codes", who = "user_id", erase = "delete" },
  { database = "roblox", table = "studio_sessions", who = "user_id", erase = "delete",
    export = "id, place_id, place_name, plugin_version, created_at, last_seen_at, ended_at" },
  { database = "roblox", table = "deliveries", who = "user_id", export = "id, lesson_id, created_at",
    erase = "delete" },
  { database = "roblox", table = "game_servers", who = "user_id", erase = "delete",
    export = "id, class_id, name, created_at, last_used_at, revoked_at" },
  { database = "content", table = "authors", who = "user_id", export = "name, slug, bio, website, location, created_at",
    erase = "name = 'Erased person', slug = 'erased-' || id, bio = null, website = null, location = null,"
      .. " profile_image = null, cover_image = null, user_id = null",
    why = "published posts stay, by an author without a name" },
}

--- Columns that look as if they named people, or do so, and have no row above: why not.
M.others = {
  ["audit_entries.actor_id"] = "an id in a log that must not change; the section audit shows what concerns the person",
  ["audit_entries.subject_id"] = "the same",
  ["audit_entries.person_id"] = "values under the person's key, which an erasure destroys; shown in the section audit",
  ["audit_chains.chain"] = "a school",
  ["consents.given_by"] = "an id in the record of another person's consent",
  ["consents.withdrawn_by"] = "the same",
  ["data_requests.requested_by"] = "an id in the record of another person's request",
  ["person_keys.person_id"] = "the key itself is destroyed; that it was stays, so that it is not made anew",
  ["submissions.teacher_id"] = "that of the assignment", ["quiz_attempts.teacher_id"] = "that of the quiz",
  ["meetings.teacher_id"] = "that of the class", ["grade_categories.teacher_id"] = "the same",
  ["lessons.run_id"] = "a run, which is gone with its owner",
  ["deliveries.lesson_id"] = "a lesson", ["game_servers.class_id"] = "a class",
  ["posts.uuid"] = "the post's own second name",
}

local function name_of(entry) return entry.name or entry.table end

--- The condition that finds a person's rows of an entry.
local function condition(entry)
  return ((entry.where or entry.who .. " = %s"):gsub("%%s", function() return "?::uuid" end))
end

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
    local values, failure = person_key.open(connection, person_id, row.personal_sealed, "audit:" .. row.subject_id)
    if failure then return nil, failure end
    row.personal_sealed, row.subject_id = nil, nil
    row.values = values and json.decode(values) or json.null
  end
  return rows
end

-- What a database has of a person, in one view of it.
local function gather(database, person_id, sections, more)
  return db[database]:transaction(function(tx)
    for _, entry in ipairs(M.tables) do
      if entry.export and (entry.database or "education") == database then
        local rows, failure = tx:query({ ("select %s from %s where %s"):format(entry.export, entry.table,
          condition(entry)), person_id })
        if not rows then return nil, failure end
        sections[#sections + 1] = { name = name_of(entry), rows = rows }
      end
    end
    if more then return more(tx) end
    return true
  end, { isolation = "repeatable read" })
end

--- Everything about a person, by section; each a list of rows.
---@return { name: string, rows: table[] }[]? sections
---@return table? err
function M.gather(person_id)
  local sections = {}
  for _, database in ipairs(db.names) do
    local found = {}
    local done, err = gather(database, person_id, found, database == "education" and function(tx)
      local own, missing = account(tx, person_id)
      if not own then return nil, missing end
      local entries, lost = recorded(tx, person_id)
      if not entries then return nil, lost end
      found[#found + 1] = { name = "account", rows = { own } }
      found[#found + 1] = { name = "audit", rows = entries }
      return true
    end)
    if not done then return nil, err end
    for _, section in ipairs(found) do sections[#sections + 1] = section end
  end
  return sections
end

-- Rows go or lose what tells of the person.
local function erase_rows(tx, database, person_id)
  for _, entry in ipairs(M.tables) do
    if entry.erase and (entry.database or "education") == database then
      local verb = entry.erase == "delete" and "delete from " .. entry.table
        or ("update %s set %s"):format(entry.table, entry.erase)
      local done, failure = tx:run({ ("%s where %s"):format(verb, condition(entry)), person_id })
      if not done then return nil, failure end
    end
  end
  return true
end

--- Erases what a person has in another database than that of the account.
---@param database "memory"|"roblox"|"content"
---@return boolean? done
---@return table? err
function M.forget(database, person_id)
  local done, err = db[database]:transaction(function(tx) return erase_rows(tx, database, person_id) end)
  if done and database == "content" then cache.forget("post") end -- posts name their authors
  return done, err
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
  local erased, broken = erase_rows(tx, "education", person_id)
  if not erased then return nil, broken end
  local anonymous, failure = tx:run({ ANONYMOUS, person_id })
  if not anonymous then return nil, failure end
  local destroyed, lost = person_key.destroy(tx, person_id)
  return destroyed and true, lost
end

return M
