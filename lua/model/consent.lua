-- model/consent.lua: what people and their guardians have agreed to, with kind and version of the text, and what they
-- have withdrawn. Nothing is deleted: a consent that was withdrawn stays as a record that it stood. Who may give and
-- withdraw for whom: model/access.lua. Children whose accounts wait for a guardian: model/held_sign_up.lua.

local access = require "model.access"
local audit = require "model.audit"
local db = require "model.db"
local page = require "model.page"
local personal = require "model.personal"
local pg = require "host.pg"
local age = require "util.age"
local id = require "util.id"

local M = {}

--- Kinds whose withdrawal closes the account: without them nothing may be kept.
M.VITAL = { account = true, school = true }

local COLUMNS = "c.id, c.person_id, c.kind, c.version, c.given_by, c.given_at, c.withdrawn_at, c.withdrawn_by,"
  .. " c.created_at, c.updated_at, c.revision"

--- What can be consented to: the newest version of each kind, and the older ones.
function M.texts()
  return db.education:query("select t.kind, t.version, t.text from consent_texts t order by t.kind, t.version desc")
end

--- Notes a consent, within the transaction of what it allows.
---@param by table? who gives it; nil: a guardian without an account
---@param person { id: string, school_id: any }
---@param given { kind: string, version?: integer, contact?: string, token?: string } version: the newest one if none is
---  named; contact and token: of a guardian without an account, who can withdraw by the token
function M.record(tx, by, person, given)
  local consent_id = id.uuid()
  local row, err = tx:one({ "insert into consents as c (id, person_id, kind, version, given_by, contact_sealed,"
    .. " withdrawal_hash) select ?, ?, t.kind, t.version, ?::uuid, ?, ?::bytea from consent_texts t where t.kind = ?"
    .. " and (?::integer is null or t.version = ?::integer) order by t.version desc limit 1 returning " .. COLUMNS,
    consent_id, person.id, by and by.id, personal.seal(given.contact, "consents.contact:" .. consent_id),
    given.token and pg.bytes(id.digest(given.token)), given.kind, given.version, given.version })
  if not row then
    if err.code == "not_found" then return db.fail("invalid", "there is no such text", "version") end
    return nil, err
  end
  local recorded, failure = audit.record(tx, by, "consent.give", { kind = "user", id = person.id,
    school_id = person.school_id, detail = { consent_id = row.id, kind = row.kind, version = row.version } })
  return recorded and row, failure
end

--- Notes that a school stands in for the guardians of people for whom it makes accounts; what makes these is audited.
---@param person_ids string[]
---@return integer? count
function M.of_school(tx, by, person_ids)
  return tx:run({ "insert into consents (id, person_id, kind, version, given_by) select gen_random_uuid(), p.id,"
    .. " t.kind, t.version, ?::uuid from unnest(?::uuid[]) as p (id), (select kind, version from consent_texts"
    .. " where kind = 'school' order by version desc limit 1) t on conflict do nothing", by.id, pg.array(person_ids) })
end

-- The person whom somebody may consent for: oneself from 13 on, a parent for the own child.
local function person_for(tx, by, person_id)
  local person, err = tx:one({ "select u.id, u.school_id, u.birth_date_sealed from users u where u.id = ?::uuid and",
    person_id }, access.consents_for(by, "u"))
  if not person then return nil, err end
  local birth_date = personal.open(person.birth_date_sealed, "users.birth_date:" .. person.id)
  if by.id == person.id and birth_date and age.is_child(birth_date, os.date("!%Y-%m-%d")) then
    return db.fail("forbidden", "a guardian consents for you")
  end
  return person
end

-- An account that a guardian has closed opens again; that of a school's child is restored by the school.
local function reopen(tx, person_id)
  return tx:run({ "update users set state = 'active' where id = ?::uuid and school_id is null and erased_at is null",
    person_id })
end

--- Gives a consent for oneself or the own child. That to the account itself was asked for when it was made: a guardian
--- may give it anew.
---@param given { kind: string, version?: integer }
---@return table? consent
---@return table? err not_found, invalid, conflict (it stands already)
function M.give(by, person_id, given)
  local vital = M.VITAL[given.kind]
  if vital and (given.kind ~= "account" or by.id == person_id) then
    return db.fail("invalid", "this one is asked for when the account is made", "kind")
  end
  return db.education:transaction(function(tx)
    local person, err = person_for(tx, by, person_id)
    if not person then return nil, err end
    local recorded, failure = M.record(tx, by, person, given)
    if not recorded or not vital then return recorded, failure end
    local opened, closed = reopen(tx, person_id)
    return opened and recorded, closed
  end)
end

-- Without a vital consent the account is closed until somebody erases it or consents anew.
local function close(tx, person_id)
  local done, err = tx:batch {
    { { "update users set state = 'suspended' where id = ?::uuid", person_id } },
    { { "update sessions set ended_at = now(), end_reason = 'suspended' where user_id = ?::uuid and ended_at is null",
      person_id } },
  }
  return done and true, err
end

-- Notes in a transaction that a consent is withdrawn, by somebody or (by is nil) by a guardian without an account.
local function take_back(tx, by, person, consent_id)
  local done, err = tx:one({ "update consents as c set withdrawn_at = now(), withdrawn_by = ?, withdrawal_hash = null"
    .. " where c.id = ?::uuid returning " .. COLUMNS, by and by.id, consent_id })
  if not done then return nil, err end
  if M.VITAL[done.kind] then
    local closed, open = close(tx, person.id)
    if not closed then return nil, open end
  end
  local recorded, lost = audit.record(tx, by, "consent.withdraw", { kind = "user", id = person.id,
    school_id = person.school_id, detail = { consent_id = done.id, kind = done.kind, version = done.version } })
  return recorded and done, lost
end

--- Withdraws a consent by the token that its guardian was mailed.
---@param token string
---@return table? consent
---@return table? err invalid with field token
function M.withdraw_by(token)
  return db.education:transaction(function(tx)
    local row, err = tx:one({ "select c.id as consent_id, u.id, u.school_id from consents c join users u"
      .. " on u.id = c.person_id where c.withdrawal_hash = ? and c.withdrawn_at is null for update of c",
      pg.bytes(id.digest(token)) })
    if row then return take_back(tx, nil, row, row.consent_id) end
    if err.code == "not_found" then return db.fail("invalid", "this link is unknown or was used", "token") end
    return nil, err
  end)
end

--- Withdraws a consent. One without which nothing may be kept suspends the account and ends its sessions.
---@return table? consent
---@return table? err not_found, conflict (it was withdrawn already)
function M.withdraw(by, person_id, consent_id)
  return db.education:transaction(function(tx)
    local person, err = person_for(tx, by, person_id)
    if not person then return nil, err end
    local row, missing = tx:one({ "select c.id, c.withdrawn_at is null as stands from consents c where c.id = ?::uuid"
      .. " and c.person_id = ?::uuid for update", consent_id, person_id })
    if not row then return nil, missing end
    if not row.stands then return db.fail("conflict", "it was withdrawn already") end
    return take_back(tx, by, person, consent_id)
  end)
end

--- Somebody whose consents and data one may ask for.
---@return { id: string }? person
---@return table? err not_found
function M.subject(viewer, person_id)
  return db.education:one({ "select u.id from users u where u.id = ?::uuid and", person_id },
    access.sees_consents(viewer, "u"))
end

--- The consents of somebody for whom one may ask, newest first.
function M.list(viewer, person_id, pages)
  local person, err = M.subject(viewer, person_id)
  if not person then return nil, err end
  return page.list(db.education, {
    select = "select " .. COLUMNS .. " from consents c",
    where = { { "c.person_id = ?::uuid", person_id } },
    columns = { id = { "c.id", "uuid" } },
    unique = "id",
  }, pages)
end

--- One consent.
function M.find(viewer, person_id, consent_id)
  return db.education:one({ "select " .. COLUMNS .. " from consents c join users u on u.id = c.person_id"
    .. " where c.id = ?::uuid and c.person_id = ?::uuid and", consent_id, person_id },
    access.sees_consents(viewer, "u"))
end

--- Whether a consent of this kind stands, for models that need one.
---@return boolean?
---@return table? err
function M.stands(connection, person_id, kind)
  local rows, err = connection:query({ "select 1 from consents c where c.person_id = ?::uuid and c.kind = ?"
    .. " and c.withdrawn_at is null", person_id, kind })
  if not rows then return nil, err end
  return rows[1] ~= nil
end

local function vital_kinds()
  local kinds = {}
  for kind in pairs(M.VITAL) do kinds[#kinds + 1] = kind end
  return pg.array(kinds)
end

--- Whether the consent to an account was withdrawn, and none stands now.
---@return boolean?
---@return table? err
function M.is_closed(connection, person_id)
  local rows, err = connection:query({ "select 1 from consents c where c.person_id = ?::uuid"
    .. " and c.kind = any(?::text[]) having count(*) > 0 and bool_and(c.withdrawn_at is not null)", person_id,
    vital_kinds() })
  if not rows then return nil, err end
  return rows[1] ~= nil
end

--- People whose accounts have been closed for so long by a withdrawn consent, and of whom no erasure was asked.
---@param seconds number
---@param limit integer
---@return { id: string, school_id: any }[]?
---@return table? err
function M.closed_for(seconds, limit)
  local kinds = vital_kinds()
  return db.education:query({ "with since as (select now() - ? * interval '1 second' as at)"
    .. " select distinct u.id, u.school_id from since, consents c join users u on u.id = c.person_id"
    .. " where c.withdrawn_at < since.at and c.kind = any(?::text[]) and u.state = 'suspended' and u.erased_at is null"
    .. " and not exists (select 1 from consents o where o.person_id = c.person_id and o.kind = any(?::text[])"
    .. " and (o.withdrawn_at is null or o.withdrawn_at >= since.at))"
    .. " and not exists (select 1 from data_requests q where q.person_id = u.id and q.kind = 'erasure')"
    .. " order by u.id limit ?", seconds, kinds, kinds, limit })
end

return M
