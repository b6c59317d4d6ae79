-- model/audit.lua: the audit log: who changed which grade, role, consent, key or personal record. Called by the models
-- that change one, within the transaction that does, as its last statement.
--
-- Entries are added by audit_append (migrations/education), which chains their digests; M.verify recomputes them here,
-- so each side checks the other. There is one chain per school; what belongs to no school has the nil UUID's.
-- An entry's detail holds ids, names of fields and digests. Values go into `personal`, under the person's key.

local access = require "model.access"
local crypto = require "host.crypto"
local db = require "model.db"
local json = require "host.json"
local page = require "model.page"
local person_key = require "model.person_key"
local pg = require "host.pg"

local M = {}

--- The chain of what belongs to no school.
M.NO_SCHOOL = "00000000-0000-0000-0000-000000000000"

-- Entries that are read together while a chain is verified.
local BATCH = 500

local function given(value)
  if value == json.null then return nil end
  return value
end

--- Adds an entry.
---@param tx model.connection the transaction of the change
---@param by table? the person who did it; nil: the system itself
---@param action string what was done, such as "user.update"
---@param about { kind: string, id: string, school_id?: any, class_id?: string, detail?: table, person_id?: string,
---personal?: table }
---  school_id  whose chain, or that of class_id's school; none: that of no school
---  detail     ids, names of fields, digests
---  personal   the values, kept under person_id's key
---@return integer? sequence
---@return table? err
function M.record(tx, by, action, about)
  local sealed
  if about.personal then
    local err
    sealed, err = person_key.seal(tx, about.person_id, json.encode(about.personal), "audit:" .. about.id)
    if err then return nil, err end
  end
  local row, err = tx:one({ "select audit_append(coalesce(?::uuid, (select c.school_id from classes c"
    .. " where c.id = ?::uuid), ?::uuid), ?::uuid, ?::text, ?::text, ?::uuid, ?::jsonb, ?::uuid, ?::bytea) as sequence",
    about.school_id, about.class_id, M.NO_SCHOOL, by and by.id, action, about.kind, about.id,
    pg.json(about.detail or {}), sealed and about.person_id, sealed })
  return row and row.sequence, err
end

--- Records a change of a person's account or record.
---@param person { id: string, school_id: any }
---@param fields? table<string, any> the new values, kept under the person's key; their names stay readable
function M.person(tx, by, action, person, fields)
  local names, values = {}, nil
  for name, value in pairs(fields or {}) do
    names[#names + 1] = name
    values = values or {}
    values[name] = value
  end
  table.sort(names)
  return M.record(tx, by, action, { kind = "user", id = person.id, school_id = person.school_id,
    detail = { fields = json.array(names) }, person_id = person.id, personal = values })
end

--- Records what was done to an account, by another one or (by is nil) by the person.
---@param detail? table ids
function M.of_person(tx, by, action, person_id, detail)
  local person, err = tx:one({ "select u.id, u.school_id from users u where u.id = ?::uuid", person_id })
  if not person then return nil, err end
  return M.record(tx, by or person, action, { kind = "user", id = person.id, school_id = person.school_id,
    detail = detail })
end

--- The entries of the own school, newest first. filter: { subject_id?, actor_id?, action? }
function M.list(viewer, filter, pages)
  local where = { access.sees_audit(viewer, "a", M.NO_SCHOOL) }
  if filter.subject_id then where[#where + 1] = { "a.subject_id = ?::uuid", filter.subject_id } end
  if filter.actor_id then where[#where + 1] = { "a.actor_id = ?::uuid", filter.actor_id } end
  if filter.action then where[#where + 1] = { "a.action = ?", filter.action } end
  return page.list(db.education, {
    select = "select a.sequence, a.recorded_at, a.actor_id, a.action, a.subject_kind, a.subject_id, a.detail,"
      .. " encode(a.digest, 'hex') as digest from audit_entries a",
    where = where,
    columns = { sequence = { "a.sequence", "bigint" } },
    unique = "sequence",
  }, pages)
end

local FIELDS = { "chain", "number", "at", "actor", "action", "subject_kind", "subject", "detail", "person" }

-- The counterpart of audit_append's digest.
local function digest_of(previous, row)
  local parts = { #previous .. ":" .. previous }
  for _, name in ipairs(FIELDS) do
    local value = given(row[name])
    parts[#parts + 1] = value and #value .. ":" .. value or "-"
  end
  local sealed = given(row.personal_sealed)
  parts[#parts + 1] = sealed and #sealed .. ":" .. sealed or "-"
  return crypto.sha256(table.concat(parts))
end

local READ = "select e.chain::text as chain, e.sequence, e.sequence::text as number, e.action, e.subject_kind,"
  .. " to_char(e.recorded_at at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"') as at, e.actor_id::text as actor,"
  .. " e.subject_id::text as subject, e.detail::text as detail, e.person_id::text as person, e.personal_sealed,"
  .. " e.previous, e.digest from audit_entries e where e.chain = ?::uuid and e.sequence > ?"
  .. " order by e.sequence limit ?"

-- Why this entry does not follow the one before it, or nil.
local function fault(row, sequence, previous)
  if row.sequence ~= sequence then return ("entry %d is missing"):format(sequence) end
  if row.previous ~= previous then return "it does not name the digest of the entry before it" end
  if digest_of(previous, row) ~= row.digest then return "its content does not have its digest" end
end

-- All in one view of the database: what is added meanwhile is not in it.
local function verify_chain(connection, chain, head)
  local sequence, previous = 0, crypto.sha256("")
  while sequence < head.sequence do
    local rows, failure = connection:query({ READ, chain, sequence, BATCH })
    if not rows then return nil, failure end
    if not rows[1] then
      return { chain = chain, entries = sequence, broken = sequence + 1, reason = "the entries end before the head" }
    end
    for _, row in ipairs(rows) do
      local reason = fault(row, sequence + 1, previous)
      if reason then return { chain = chain, entries = sequence, broken = sequence + 1, reason = reason } end
      sequence, previous = row.sequence, row.digest
      if sequence == head.sequence then
        if previous ~= head.head then
          return { chain = chain, entries = sequence, broken = sequence, reason = "the head has another digest" }
        end
        break
      end
    end
  end
  if head.last > sequence then
    return { chain = chain, entries = sequence, broken = sequence + 1, reason = "the head does not name this entry" }
  end
  return { chain = chain, entries = sequence, head = crypto.hex(previous) }
end

-- Every chain that has a head or an entry.
local HEADS = "select coalesce(h.chain, e.chain) as chain, coalesce(h.sequence, 0) as sequence, h.head,"
  .. " coalesce(e.last, 0) as last from audit_chains h full join (select chain, max(sequence) as last"
  .. " from audit_entries group by chain) e on e.chain = h.chain where ?::uuid is null or"
  .. " coalesce(h.chain, e.chain) = ?::uuid order by 1"

local function verify(connection, chain)
  local heads, err = connection:query({ HEADS, chain, chain })
  if not heads then return nil, err end
  local found = {}
  for i, head in ipairs(heads) do
    local outcome, failure = verify_chain(connection, head.chain, head)
    if not outcome then return nil, failure end
    found[i] = outcome
  end
  return found
end

--- Checks one chain or all.
---@param chain string? id of a school
---@param connection? model.connection
---@return { chain: string, entries: integer, head?: string, broken?: integer, reason?: string }[]? chains entries that
---  are good; broken is the number of the first one that is not
---@return table? err
function M.verify(chain, connection)
  if connection then return verify(connection, chain) end
  return db.education:transaction(function(tx) return verify(tx, chain) end, { isolation = "repeatable read" })
end

return M
