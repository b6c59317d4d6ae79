-- model/attachment.lua: uploaded files beside what they belong to. Whoever sees the thing may read its files
-- (access.reads_media); a file that belongs to nothing is deleted after a time (model/media.lua).

local access = require "model.access"
local db = require "model.db"
local media = require "model.media"
local page = require "model.page"

local M = {}

-- Files beside one thing.
local MOST = 50

-- What files are attached to: its rows, who sees them and who may change their files.
local kinds = {
  lesson = { from = "lessons l", alias = "l", column = "lesson_id", sees = access.sees_lesson,
    manages = access.manages_lesson },
  class = { from = "classes c", alias = "c", column = "class_id", sees = access.sees_class,
    manages = access.manages_class },
  assignment = { from = "assignments g", alias = "g", column = "assignment_id", sees = access.sees_assignment,
    manages = access.manages_assignment },
  submission = { from = "submissions s", alias = "s", column = "submission_id", sees = access.sees_submission,
    manages = access.works_on },
}

local function find(connection, kind, rule, thing_id, lock)
  return connection:one({ ("select %s.id from %s where %s.id = ?::uuid and"):format(kind.alias, kind.from, kind.alias),
    thing_id }, rule, lock and "for update of " .. kind.alias or "")
end

-- The thing, locked; forbidden if it may only be seen.
local function lock(tx, user, kind, thing_id)
  local kept, err = find(tx, kind, kind.manages(user, kind.alias), thing_id, true)
  if kept or err.code ~= "not_found" then return kept, err end
  local seen, unseen = find(tx, kind, kind.sees(user, kind.alias), thing_id)
  if not seen then return nil, unseen end
  return db.fail("forbidden", "you may not change these files")
end

--- The files beside a thing that the caller may see.
---@param name "lesson"|"class"|"assignment"|"submission"
function M.list(user, name, thing_id, pages)
  local kind = kinds[name]
  local seen, err = find(db.education, kind, kind.sees(user, kind.alias), thing_id)
  if not seen then return nil, err end
  return page.list(db.education, {
    select = "select " .. media.COLUMNS .. ", a.attached_at from attachments a join media f on f.id = a.media_id",
    where = { "f.state = 'ready'", { "a." .. kind.column .. " = ?::uuid", thing_id } },
    columns = { id = { "f.id", "uuid" } }, unique = "id", direction = "asc",
  }, pages)
end

--- Puts a file that the caller may use beside a thing that the caller keeps. Twice is once.
function M.attach(user, name, thing_id, media_id)
  local kind = kinds[name]
  return db.education:transaction(function(tx)
    local kept, err = lock(tx, user, kind, thing_id)
    if not kept then return nil, err end
    local file, missing = tx:one({ "select f.id from media f where f.id = ?::uuid and f.state = 'ready' and",
      media_id }, access.sees_media(user, "f"), "for share of f")
    if not file then return nil, missing end
    local there, failure = tx:one({ ("select count(*) as files from attachments a where a.%s = ?::uuid"
      .. " and a.media_id <> ?::uuid"):format(kind.column), thing_id, media_id })
    if not there then return nil, failure end
    if there.files >= MOST then return db.fail("conflict", ("it has %d files already"):format(MOST)) end
    return tx:run({ ("insert into attachments (%s, media_id) values (?, ?) on conflict do nothing"):format(kind.column),
      thing_id, media_id })
  end)
end

--- Takes a file away from a thing; a student only a file of the own.
function M.detach(user, name, thing_id, media_id)
  local kind = kinds[name]
  return db.education:transaction(function(tx)
    local kept, err = lock(tx, user, kind, thing_id)
    if not kept then return nil, err end
    local own = access.reach(user) == "self" and { "and f.owner_id = ?::uuid", user.id } or ""
    return tx:one({ ("delete from attachments a using media f where f.id = a.media_id and a.%s = ?::uuid"
      .. " and a.media_id = ?::uuid"):format(kind.column), thing_id, media_id }, own, "returning a.media_id")
  end)
end

return M
