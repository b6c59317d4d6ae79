-- model/user.lua: people: students, teachers, parents, admins. Who may see whom is model/access.lua's business.

local crypto = require "host.crypto"
local json = require "host.json"
local pg = require "host.pg"
local access = require "model.access"
local audit = require "model.audit"
local childhood = require "model.childhood"
local consent = require "model.consent"
local db = require "model.db"
local mail = require "model.mail"
local page = require "model.page"
local password = require "model.password"
local personal = require "model.personal"
local sql = require "model.sql"
local id = require "util.id"

local M = {}

local COLUMNS = "u.id, u.school_id, u.role, u.login, u.name, u.state, u.created_at, u.updated_at, u.revision"

M.MIN_PASSWORD, M.MAX_PASSWORD = password.MIN, password.MAX

local function clean_email(email)
  if email == nil or email == json.null then return nil end
  return (email:lower():gsub("^%s+", ""):gsub("%s+$", ""))
end

local function clean_login(login)
  return (login:lower():gsub("^%s+", ""):gsub("%s+$", ""))
end

--- A login or email address as it was typed, in the form in which it is stored.
M.clean_login = clean_login

local function email_place(user_id) return "users.email:" .. user_id end
local function birth_place(user_id) return "users.birth_date:" .. user_id end

local function insert_row(tx, person, school_id, hash, by)
  local user_id, email = id.uuid(), clean_email(person.email)
  return tx:one(
    { "insert into users as u (id, school_id, role, login, name, password_hash, email_sealed, email_index,"
      .. " birth_date_sealed, made_by) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) returning " .. COLUMNS,
      user_id, school_id, person.role, clean_login(person.login), person.name, hash,
      personal.seal(email, email_place(user_id)), personal.index(email),
      personal.seal(person.birth_date, birth_place(user_id)), by and by.id })
end

-- Inserts a person; by: who makes the account, nil for oneself and for set-up commands.
local function insert(person, school_id, hash, tx, by)
  return (tx or db.education):transaction(function(inner)
    local made, err = insert_row(inner, person, school_id, hash, by)
    if not made then return nil, err end
    local recorded, failure = audit.person(inner, by, "user.create", made, { role = made.role, login = made.login,
      name = made.name, email = clean_email(person.email), birth_date = person.birth_date })
    return recorded and made, failure
  end)
end

-- Whether somebody for whom a school makes an account needs a guardian's consent, which the school gives.
local function may_be_child(person)
  if person.birth_date == nil or person.birth_date == json.null then return person.role == "student" end
  return childhood.is_child(person.birth_date)
end

-- Inserts a person and asks them to prove their address, if they gave one.
local function add(person, school_id, hash, by)
  return db.education:transaction(function(tx)
    local made, err = insert(person, school_id, hash, tx, by)
    if not made then return nil, err end
    if by and may_be_child(person) then
      local given, refused = consent.record(tx, by, made, { kind = "school" })
      if not given then return nil, refused end
    end
    if clean_email(person.email) then
      local queued, failure = mail.queue("verify_email", { user_id = made.id }, tx)
      if not queued then return nil, failure end
    end
    return made
  end)
end

-- Whether somebody may open an account for oneself. Of a child nothing is kept before a guardian has consented, and a
-- student who does not say when born may be one.
local function may_sign_up(person)
  if person.birth_date == nil or person.birth_date == json.null then
    if person.role ~= "student" then return true end
    return db.fail("invalid", "students say when they were born", "birth_date")
  end
  if childhood.is_child(person.birth_date) then
    return db.fail("forbidden", "below 13 a guardian is asked first: see /auth/child-sign-up", "birth_date")
  end
  return true
end

--- Opens an account for oneself. Nobody makes oneself an admin.
---@param person table login, password, name, role (student, teacher, parent); optional: email, birth_date
---@return table? user
---@return table? err conflict with field login, invalid. An address that somebody has is no conflict, or signing up
---would tell who has an account: its owner is told by a letter, and only who proves it has it (model/account.lua)
function M.sign_up(person)
  if person.role == "admin" then return db.fail("forbidden", "an admin is made by another admin", "role") end
  local may, too_young = may_sign_up(person)
  if not may then return nil, too_young end
  local hash, err = password.hash(person.password, person)
  if not hash then return nil, err end
  return add(person, nil, hash)
end

--- An account of somebody whom another provider knows: without a password, which no hash matches.
function M.without_password(person)
  local may, err = may_sign_up(person)
  if not may then return nil, err end
  return insert(person, nil, "!")
end

--- The account whose address was proved.
function M.by_verified_email(email)
  return db.education:one({ "select " .. COLUMNS .. " from users u where u.email_index = ?"
    .. " and u.email_verified_at is not null and u.state = 'active'", personal.index(clean_email(email)) })
end

--- Makes an account in a school: by an admin in the own one, by a teacher for students of it.
function M.create(by, person)
  if not access.makes_user(by, person.role) then
    return db.fail("forbidden", "you may not make such an account")
  end
  if by.school_id == nil or by.school_id == json.null then
    return db.fail("forbidden", "you do not belong to a school")
  end
  if childhood.is_child(person.birth_date) and clean_email(person.email) then return childhood.refuse("email") end
  local hash, err = password.hash(person.password, person)
  if not hash then return nil, err end
  return add(person, by.school_id, hash, by)
end

--- Makes any account, admins included: for set-up commands and imports, never on behalf of a request.
---@param person table as for sign_up, with school_id
---@param hash string of the password, from M.hash; one hash may serve many accounts of a demonstration
---@param tx? model.connection
function M.import(person, hash, tx)
  return insert(person, person.school_id, hash, tx)
end

--- The hash of a password, for M.import.
---@return string? hash
---@return table? err invalid with field password
function M.hash(text)
  return password.hash(text, {})
end

--- The person behind a token; nothing is checked but that the account is active.
function M.get(user_id)
  return db.education:one({ "select " .. COLUMNS .. " from users u where u.id = ?::uuid and u.state = 'active'",
    user_id })
end

--- A person as another one sees them.
function M.find(viewer, user_id)
  return db.education:one({ "select " .. COLUMNS .. " from users u where u.id = ?::uuid and", user_id },
    access.sees_user(viewer, "u"))
end

--- The own record with what only oneself may read.
function M.me(user)
  local row, err = db.education:one({ "select " .. COLUMNS .. ", u.email_sealed, u.birth_date_sealed,"
    .. " u.email_verified_at is not null as email_verified from users u where u.id = ?::uuid", user.id })
  if not row then return nil, err end
  row.email = personal.open(row.email_sealed, email_place(row.id)) or json.null
  row.birth_date = personal.open(row.birth_date_sealed, birth_place(row.id)) or json.null
  row.email_sealed, row.birth_date_sealed = nil, nil
  return row
end

--- Where letters to a person go.
---@return { id: string, name: string, email: string, email_index: string, email_verified: boolean,
---email_taken: boolean }? mailbox taken: another account has proved this address
---@return table? err not_found: no account, or without an address
function M.mailbox(user_id)
  local row, err = db.education:one({ "select u.id, u.name, u.email_sealed, u.email_index,"
    .. " u.email_verified_at is not null as email_verified, exists (select 1 from users o where o.id <> u.id"
    .. " and o.email_index = u.email_index and o.email_verified_at is not null) as email_taken"
    .. " from users u where u.id = ?::uuid and u.email_index is not null", user_id })
  if not row then return nil, err end
  row.email, row.email_sealed = personal.open(row.email_sealed, email_place(row.id)), nil
  return row
end

--- People that a viewer may see. filter: { role?, state? }
function M.list(viewer, filter, pages)
  local where = { access.sees_user(viewer, "u") }
  if filter.role then where[#where + 1] = sql.is("u.role", filter.role) end
  if filter.state then where[#where + 1] = sql.is("u.state", filter.state) end
  return page.list(db.education, {
    select = "select " .. COLUMNS .. " from users u",
    where = where,
    columns = { id = { "u.id", "uuid" }, name = { "u.name", "text" }, created_at = { "u.created_at", "timestamptz" } },
    unique = "id",
  }, pages)
end

-- What happens before a new address takes the place of another one: the new one is asked for a proof; whoever reads the
-- mail of the old one, if that was proved, is told, as by the new one a password can be had.
local function replace_address(tx, user_id, email)
  local may, refused = childhood.may_leave(tx, user_id, "email")
  if not may then return nil, refused end
  local before, err = tx:query({ "select u.name, u.email_sealed from users u where u.id = ?::uuid"
    .. " and u.email_verified_at is not null for update", user_id })
  if not before then return nil, err end
  local queued, failure = mail.queue("verify_email", { user_id = user_id }, tx)
  if not queued then return nil, failure end
  local old = before[1] and personal.open(before[1].email_sealed, email_place(user_id))
  if not old or old == email then return true end
  return mail.queue("email_changed", { to = old, name = before[1].name }, tx)
end

-- Runs the statement of a change and records it.
local function change(by, user_id, changes, email, ...)
  local n, fragments = select("#", ...), { ... }
  return db.education:transaction(function(tx)
    if email then
      local ready, failure = replace_address(tx, user_id, email)
      if not ready then return nil, failure end
    end
    local row, err = tx:one(unpack(fragments, 1, n))
    if not row then return nil, err end
    local recorded, failure = audit.person(tx, by, "user.update", row, { name = changes.name, email = email })
    return recorded and row, failure
  end)
end

--- Changes the own name or email; an admin those of the own school's people.
---@param changes { name?: string, email?: string }
---@param revision integer? what the caller has seen
function M.update(by, user_id, changes, revision)
  local email = clean_email(changes.email)
  local index = personal.index(email)
  local row, err = change(by, user_id, changes, email,
    { "update users as u set name = coalesce(?, u.name), email_sealed = coalesce(?, u.email_sealed),"
      .. " email_index = coalesce(?, u.email_index), email_verified_at = case"
      .. " when ?::bytea is distinct from u.email_index and ?::bytea is not null then null"
      .. " else u.email_verified_at end where u.id = ?::uuid",
      changes.name, personal.seal(email, email_place(user_id)), index, index, index, user_id },
    "and", sql.as_seen("u", revision), "and", by.id == user_id and "true" or access.manages_user(by, "u"),
    "returning " .. COLUMNS)
  if row or err.code ~= "not_found" then return row, err end
  return db.missed("user", revision, M.find(by, user_id))
end

--- Suspends or restores an account of the own school. Suspending ends every session of the account; nobody suspends the
--- own one, as there may be nobody left to restore it.
---@param state "active"|"suspended"
---@return table? user
---@return table? err not_found, conflict (the consent to it was withdrawn)
function M.set_state(by, user_id, state)
  return db.education:transaction(function(tx)
    local row, err = tx:one({ "update users as u set state = ? where u.id = ?::uuid and", state, user_id },
      access.manages_user(by, "u"), "returning " .. COLUMNS)
    if not row then return nil, err end
    if state == "suspended" and row.id == by.id then
      return db.fail("conflict", "nobody suspends the own account: another admin does")
    end
    if state == "suspended" then
      local ended, failure = tx:query({ "update sessions set ended_at = now(), end_reason = 'suspended'"
        .. " where user_id = ?::uuid and ended_at is null", user_id })
      if not ended then return nil, failure end
    end
    if state == "active" then
      local may, refused = childhood.may_open(tx, user_id)
      if not may then return nil, refused end
    end
    local recorded, failure = audit.person(tx, by, state == "suspended" and "user.suspend" or "user.restore", row)
    return recorded and row, failure
  end)
end

--- The account that a login or an email address names, with its password hash: for logging in only. Of several
--- accounts that name an address it is that which has proved it, else the oldest. With an address: also whether the
--- person has logged in from there lately (familiar).
---@param name string
---@param address? string
function M.credentials(name, address)
  name = clean_login(name)
  return db.education:one({ "select " .. COLUMNS .. ", u.password_hash, exists (select 1 from sessions s"
    .. " where s.user_id = u.id and s.address = ?::text and s.created_at > now() - interval '90 days') as familiar"
    .. " from users u where u.login = ? or u.email_index = ? order by (u.login = ?) desc,"
    .. " (u.email_verified_at is not null) desc, u.id limit 1", address, name, personal.index(name), name })
end

--- The own account with its password hash: for asking for the password again.
function M.credentials_of(user_id)
  return db.education:one({ "select u.id, u.login, u.name, u.role, u.password_hash from users u where u.id = ?::uuid"
    .. " and u.state = 'active'", user_id })
end

--- Replaces the hash of a password that was made with weaker parameters.
function M.rehash(user_id, text)
  return db.education:query({ "update users set password_hash = ? where id = ?::uuid",
    crypto.password_hash(text), user_id })
end

--- A code by which a parent links this child: made by the child, or by a teacher or admin who sees the child.
---@return { code: string, expires_in: integer }?
function M.make_link_code(by, child_id)
  local child, err = db.education:one({ "select u.id from users u where u.role = 'student' and u.id = ?::uuid and",
    child_id }, access.sees_user(by, "u"))
  if not child then return nil, err end
  if access.reach(by) == "children" then
    return db.fail("forbidden", "a parent uses a code, the child or a teacher makes it")
  end
  local code, lifetime = id.code(8), 7 * 86400
  local made, failure = db.education:query({ "insert into link_codes (code_hash, child_id, expires_at)"
    .. " values (?, ?, now() + ? * interval '1 second')", pg.bytes(id.digest(code)), child_id, lifetime })
  if not made then return nil, failure end
  return { code = code, expires_in = lifetime }
end

--- Links a parent to the child that a code stands for; the code is used up.
function M.link_child(parent, code)
  if not access.may(parent, "accompany") then return db.fail("forbidden", "only a parent links a child") end
  return db.education:transaction(function(tx)
    local used, err = tx:one({ "delete from link_codes where code_hash = ? and expires_at > now() returning child_id",
      pg.bytes(id.digest(id.clean_code(code))) })
    if not used then
      if err.code == "not_found" then return db.fail("invalid", "this code is unknown, used or too old", "code") end
      return nil, err
    end
    local linked, failure = tx:query({ "insert into parent_links (parent_id, child_id) values (?, ?)"
      .. " on conflict do nothing", parent.id, used.child_id })
    if not linked then return nil, failure end
    local child, missing = tx:one({ "select " .. COLUMNS .. " from users u where u.id = ?::uuid", used.child_id })
    if not child then return nil, missing end
    local recorded, lost = audit.record(tx, parent, "parent.link", { kind = "user", id = child.id,
      school_id = child.school_id, detail = { parent_id = parent.id } })
    return recorded and child, lost
  end)
end

--- The children of a parent.
function M.children(parent, pages)
  return page.list(db.education, {
    select = "select " .. COLUMNS .. " from parent_links l join users u on u.id = l.child_id",
    where = { { "l.parent_id = ?::uuid", parent.id } },
    columns = { id = { "u.id", "uuid" }, name = { "u.name", "text" } },
    unique = "id",
  }, pages)
end

return M
