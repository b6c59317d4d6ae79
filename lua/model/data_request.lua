-- model/data_request.lua: what people, or guardians and schools for them, ask for about their data: an archive of
-- all of it, or that it be erased. A request and the start of its workflow (workflows/data_request.lua) are one
-- transaction; what is gathered and erased says model/personal_data.lua.
--
--   queued ──> done            a run that stops without an answer makes its request "failed", in its own transaction
--      └─────> failed ──again──> queued          (trigger workflow_runs_data_request in migrations/education)

local access = require "model.access"
local audit = require "model.audit"
local consent = require "model.consent"
local db = require "model.db"
local page = require "model.page"
local person_key = require "model.person_key"
local settings = require "host.settings"
local sql = require "model.sql"
local id = require "util.id"

local M = {}

local COLUMNS = "q.id, q.person_id, q.kind, q.requested_by, q.state, q.problem, q.attempts, q.finished_at,"
  .. " q.expires_at, q.created_at, q.updated_at, q.revision"

local function place(request_id) return "data_requests.archive:" .. request_id end

-- by: nil for the system itself.
local function insert(tx, by, person, kind)
  local row, err = tx:one({ "insert into data_requests as q (id, person_id, kind, requested_by)"
    .. " values (?, ?, ?, ?) returning " .. COLUMNS, id.uuid(), person.id, kind, (by or person).id })
  if not row then return nil, err end
  local recorded, failure = audit.record(tx, by, "data." .. kind, { kind = "user", id = person.id,
    school_id = person.school_id, detail = { request_id = row.id } })
  return recorded and row, failure
end

--- Notes a request.
---@param tx model.connection
---@param by table
---@param kind "export"|"erasure"
---@return table? request
---@return table? err not_found; conflict: one of its kind is on its way, or the person was erased
function M.create(tx, by, person_id, kind)
  local person, err = tx:one({ "select u.id, u.school_id, u.erased_at is not null as erased from users u"
    .. " where u.id = ?::uuid and", person_id }, access.sees_consents(by, "u"))
  if not person then return nil, err end
  if person.erased then return db.fail("conflict", "this person was erased already") end
  return insert(tx, by, person, kind)
end

--- Notes that somebody is to be erased whose account was closed for long: nobody asks, the person is noted as who does.
---@param tx model.connection
---@param person { id: string, school_id: any }
---@return table? request
---@return table? err conflict: one is on its way
function M.create_due(tx, person)
  return insert(tx, nil, person, "erasure")
end

--- A request, for the workflow that answers it.
function M.get(request_id)
  return db.education:one({ "select " .. COLUMNS .. " from data_requests q where q.id = ?::uuid", request_id })
end

--- Puts a request that has failed back to the start; its next run is the caller's.
---@param tx model.connection
---@param by table
---@return table? request
---@return table? err not_found, conflict: it has not failed
function M.again(tx, by, person_id, request_id)
  local person, err = tx:one({ "select u.id, u.school_id from users u where u.id = ?::uuid and", person_id },
    access.manages_user(by, "u"))
  if not person then return nil, err end
  local row, failure = tx:one({ "update data_requests as q set state = 'queued', problem = null, finished_at = null,"
    .. " attempts = q.attempts + 1 where q.id = ?::uuid and q.person_id = ?::uuid and q.state = 'failed' returning "
    .. COLUMNS, request_id, person_id })
  if not row then
    local there, none = M.find(by, person_id, request_id)
    if not there then return nil, none or failure end
    return db.fail("conflict", "only a request that has failed can be started anew")
  end
  local recorded, lost = audit.record(tx, by, "data.again", { kind = "user", id = person.id,
    school_id = person.school_id, detail = { request_id = row.id, kind = row.kind } })
  return recorded and row, lost
end

--- Ends a request. An archive is kept under the person's key, for as long as the settings say.
---@param tx model.connection
---@param archive? string
---@return integer? count
---@return table? err conflict: who asked for the archive was erased meanwhile
function M.finish(tx, request, archive)
  local sealed, err
  if archive then
    sealed, err = person_key.seal(tx, request.person_id, archive, place(request.id))
    if err then return nil, err end
    if not sealed then return db.fail("conflict", "this person was erased meanwhile") end
  end
  return tx:run({ "update data_requests set state = 'done', finished_at = now(), archive_sealed = ?::bytea,"
    .. " problem = null, expires_at = case when ?::boolean then now() + ? * interval '1 second' end"
    .. " where id = ?::uuid and state <> 'done'", sealed, archive ~= nil, settings.retention.archives, request.id })
end

--- The requests about somebody for whom one may ask, newest first.
function M.list(viewer, person_id, pages)
  local person, err = consent.subject(viewer, person_id)
  if not person then return nil, err end
  return page.list(db.education, {
    select = "select " .. COLUMNS .. " from data_requests q",
    where = { { "q.person_id = ?::uuid", person_id } },
    columns = { id = { "q.id", "uuid" } },
    unique = "id",
  }, pages)
end

--- The requests about the people of the own school, newest first. filter: { state? }
function M.of_school(by, filter, pages)
  local where = { access.manages_user(by, "q") } -- a request knows the school of its person
  if filter.state then where[2] = sql.is("q.state", filter.state) end
  return page.list(db.education, {
    select = "select " .. COLUMNS .. " from data_requests q",
    where = where,
    columns = { id = { "q.id", "uuid" } },
    unique = "id",
  }, pages)
end

--- One request.
function M.find(viewer, person_id, request_id)
  return db.education:one({ "select " .. COLUMNS .. " from data_requests q join users u on u.id = q.person_id"
    .. " where q.id = ?::uuid and q.person_id = ?::uuid and", request_id, person_id },
    access.sees_consents(viewer, "u"))
end

--- The archive of an answered request.
---@return string? octets of a ZIP file
---@return table? err not_found: it is not there yet, or no longer
function M.archive(viewer, person_id, request_id)
  local row, err = db.education:one({ "select q.archive_sealed from data_requests q join users u on u.id = q.person_id"
    .. " where q.id = ?::uuid and q.person_id = ?::uuid and q.expires_at > now() and", request_id, person_id },
    access.sees_consents(viewer, "u"))
  if not row then return nil, err end
  local octets, failure = person_key.open(db.education, person_id, row.archive_sealed, place(request_id))
  if failure then return nil, failure end
  if not octets then return db.not_found("archive") end
  return octets
end

return M
