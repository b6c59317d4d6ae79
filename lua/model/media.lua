-- model/media.lua: files that people upload. The row says what there is, storage.media has the octets under the row's
-- id; the states are drawn in migrations/education/0012_content.sql.

local log = require "host.log"
local store = require "storage.media"
local access = require "model.access"
local db = require "model.db"
local page = require "model.page"
local sql = require "model.sql"
local id = require "util.id"

local M = {}

M.COLUMNS = "f.id, f.owner_id, f.shared, f.name, f.type, f.octets, f.digest, f.created_at, f.updated_at, f.revision"

-- The owner's rows one after the other, so that uploads side by side do not pass the quota together.
local function used(tx, owner_id)
  local locked, err = tx:query({ "select pg_advisory_xact_lock(hashtext('media'), hashtext(?))", owner_id })
  if not locked then return nil, err end
  local row, failure = tx:one({ "select coalesce(sum(f.octets), 0)::bigint as octets from media f"
    .. " where f.owner_id = ?::uuid and f.state = 'ready'", owner_id })
  return row and row.octets, failure
end

--- Announces a file that is about to come.
---@param name string what it shall be called
---@return { id: string }?
function M.begin(user, name)
  return db.education:one({ "insert into media as f (id, owner_id, school_id, name) values (?, ?, ?, ?) returning f.id",
    id.uuid(), user.id, user.school_id, name })
end

--- The file has come.
---@param file { name: string, type: string, octets: integer, digest: string } digest: SHA-256 in hex
---@param quota integer octets that the owner's files may have together
---@return table? media
---@return table? err invalid with field file: the quota is used up
function M.complete(user, media_id, file, quota)
  return db.education:transaction(function(tx)
    local octets, err = used(tx, user.id)
    if not octets then return nil, err end
    if octets + file.octets > quota then
      return db.fail("invalid", ("your files may have %d octets together"):format(quota), "file")
    end
    return tx:one({ "update media as f set state = 'ready', name = ?, type = ?, octets = ?::bigint, digest = ?"
      .. " where f.id = ?::uuid and f.owner_id = ?::uuid and f.state = 'uploading' returning " .. M.COLUMNS,
      file.name, file.type, file.octets, file.digest, media_id, user.id })
  end)
end

--- A file that the caller may read.
function M.find(user, media_id)
  return db.education:one({ "select " .. M.COLUMNS .. " from media f where f.id = ?::uuid and f.state = 'ready' and",
    media_id }, access.reads_media(user, "f"))
end

--- The files that the caller may see. filter: { mine?: boolean }
function M.list(user, filter, pages)
  local where = { "f.state = 'ready'" }
  if filter.mine then where[2] = { "f.owner_id = ?::uuid", user.id } end
  return page.list(db.education, {
    select = "select " .. M.COLUMNS .. " from media f",
    where = where,
    either = filter.mine and {} or access.ways_to_media(user, "f"),
    columns = { id = { "f.id", "uuid" } },
    unique = "id",
  }, pages)
end

local function why_not(user, media_id, revision)
  return db.missed("file", revision, M.find(user, media_id))
end

--- Shares a file with the school, or takes it back.
---@param changes { shared: boolean }
---@param revision integer? what the caller has seen
function M.update(user, media_id, changes, revision)
  local row, err = db.education:one({ "update media as f set shared = coalesce(?::boolean, f.shared)"
    .. " where f.id = ?::uuid and f.state = 'ready' and", changes.shared, media_id },
    sql.as_seen("f", revision), "and", access.manages_owned(user, "f"), "returning " .. M.COLUMNS)
  if row or err.code ~= "not_found" then return row, err end
  return why_not(user, media_id, revision)
end

-- Removes the file of a row that nobody sees any more, then the row. What fails is tried again by M.sweep.
local function remove(media_id)
  local gone, err = store.remove(media_id)
  if not gone and err.code ~= "not_found" then
    log.warn("a file could not be removed", { media = media_id, reason = err.message })
    return false
  end
  db.education:run({ "delete from media where id = ?::uuid", media_id })
  return true
end

--- Deletes a file.
---@param revision integer? what the caller has seen
function M.delete(user, media_id, revision)
  local row, err = db.education:one({ "update media as f set state = 'deleted' where f.id = ?::uuid"
    .. " and f.state = 'ready' and", media_id }, sql.as_seen("f", revision), "and", access.manages_media(user, "f"),
    "returning f.id")
  if not row then
    if err.code ~= "not_found" then return nil, err end
    return why_not(user, media_id, revision)
  end
  remove(media_id)
  return row
end

--- All files of somebody, for who may have all that is kept about the person.
---@return { id: string, name: string, octets: integer }[]?
---@return table? err
function M.of(owner_id)
  return db.education:query({ "select f.id, f.name, f.octets from media f where f.owner_id = ?::uuid"
    .. " and f.state = 'ready' order by f.id", owner_id })
end

--- Removes all files of somebody who is erased. Twice does no more than once.
---@return boolean? done
---@return table? err unavailable: one is left, so it is not done
function M.forget(owner_id)
  local rows, err = db.education:query({ "update media as f set state = 'deleted' where f.owner_id = ?::uuid"
    .. " returning f.id", owner_id })
  if not rows then return nil, err end
  for _, row in ipairs(rows) do
    if not remove(row.id) then return db.fail("unavailable", "a file could not be removed") end
  end
  return true
end

--- Gives up an upload that failed.
function M.discard(media_id)
  remove(media_id)
end

-- Files that belong to nothing and are shared with nobody, some time after their last change.
local function give_up(seconds)
  return db.education:run({ "update media as f set state = 'deleted' where f.id in (select old.id from media old where"
    .. " old.state = 'ready' and not old.shared and old.updated_at < now() - make_interval(secs => ?::float8) and not"
    .. " exists (select 1 from attachments a where a.media_id = old.id) order by old.updated_at limit 200)", seconds })
end

--- Removes what nobody has any more: uploads that were not completed within an hour, files that were deleted or whose
--- owner was erased, and those that have been unused for so long. A portion at a time.
---@param unused number seconds
---@return integer? removed
function M.sweep(unused)
  local given_up, failure = give_up(unused)
  if not given_up then return nil, failure end
  local rows, err = db.education:query("select f.id from media f where f.state <> 'ready'"
    .. " and f.created_at < now() - interval '1 hour' order by f.created_at limit 200")
  if not rows then return nil, err end
  local removed = 0
  for _, row in ipairs(rows) do
    if remove(row.id) then removed = removed + 1 end
  end
  return removed
end

return M
