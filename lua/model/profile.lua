-- model/profile.lua: what people tell about themselves, and how they want to be served. Both rows are made at the first
-- change; until then a person has the defaults at revision 0.

local access = require "model.access"
local audit = require "model.audit"
local childhood = require "model.childhood"
local db = require "model.db"

local M = {}

local PROFILE = { "about", "pronouns" }
local PREFERENCES = { "language", "time_zone", "theme", "text_size", "high_contrast", "reduce_motion", "captions",
  "digest", "notices" }

local types = { high_contrast = "boolean", reduce_motion = "boolean", captions = "boolean", notices = "boolean" }

local defaults = { about = "''", pronouns = "''", language = "'en'", time_zone = "'UTC'", theme = "'system'",
  text_size = "'normal'", high_contrast = "false", reduce_motion = "false", captions = "false", digest = "'daily'",
  notices = "true" }

-- "select u.id, coalesce(t.about, '') as about, …" of somebody who may have no row yet.
local function selection(from, fields)
  local columns = { "u.id", "coalesce(t.created_at, u.created_at) as created_at",
    "coalesce(t.updated_at, u.created_at) as updated_at", "coalesce(t.revision, 0) as revision" }
  for _, name in ipairs(fields) do
    columns[#columns + 1] = ("coalesce(t.%s, %s) as %s"):format(name, defaults[name], name)
  end
  return ("select %s from users u left join %s t on t.user_id = u.id where u.id = ?::uuid and"):format(
    table.concat(columns, ", "), from)
end

-- Insert or update with the fields that were given; the revision that the caller has seen must still hold, 0 where
-- nothing was changed yet.
local function upsert(into, fields)
  local names, values, changes = {}, {}, {}
  for i, name in ipairs(fields) do
    local kind = types[name] or "text"
    names[i] = name
    values[i] = ("coalesce(?::%s, %s)"):format(kind, defaults[name])
    changes[i] = ("%s = coalesce(?::%s, t.%s)"):format(name, kind, name)
  end
  return ("insert into %s as t (user_id, %s) select me.id, %s from users me where me.id = ?::uuid and (?::bigint is"
    .. " null or ?::bigint = coalesce((select had.revision from %s had where had.user_id = me.id), 0))"
    .. " on conflict (user_id) do update set %s where ?::bigint is null or t.revision = ?::bigint"
    .. " returning t.user_id"):format(into, table.concat(names, ", "), table.concat(values, ", "), into,
    table.concat(changes, ", "))
end

local reading = { profiles = selection("profiles", PROFILE), preferences = selection("preferences", PREFERENCES) }
local writing = { profiles = upsert("profiles", PROFILE), preferences = upsert("preferences", PREFERENCES) }
local fields_of = { profiles = PROFILE, preferences = PREFERENCES }

local function change(user, what, changes, revision)
  local fields = fields_of[what]
  local statement, n = { writing[what] }, 1
  local function give(...)
    for i = 1, select("#", ...) do statement[n + i] = select(i, ...) end
    n = n + select("#", ...)
  end
  for _, name in ipairs(fields) do give(changes[name]) end
  give(user.id, revision, revision)
  for _, name in ipairs(fields) do give(changes[name]) end
  give(revision, revision)
  local done, err = db.education:transaction(function(tx)
    local row, failure = tx:one(statement)
    if not row then return nil, failure end
    return audit.person(tx, user, what .. ".update", user, changes)
  end)
  if not done then
    if err.code == "not_found" then return db.fail("stale", "it was changed meanwhile") end
    return nil, err
  end
  return db.education:one({ reading[what], user.id }, "true")
end

--- The profile of somebody whom the viewer may see.
function M.find(viewer, user_id)
  return db.education:one({ reading.profiles, user_id }, access.sees_user(viewer, "u"))
end

--- Changes the own profile.
---@param changes { about?: string, pronouns?: string }
---@param revision integer? what the caller has seen, 0 before the first change
---@return table? profile
---@return table? err stale, forbidden (a child's)
function M.update(user, changes, revision)
  for _, name in ipairs(PROFILE) do
    if (changes[name] or "") ~= "" then
      local may, err = childhood.may_leave(db.education, user.id, name)
      if not may then return nil, err end
    end
  end
  return change(user, "profiles", changes, revision)
end

--- The own preferences.
function M.preferences(user)
  return db.education:one({ reading.preferences, user.id }, "true")
end

--- Changes the own preferences.
---@param changes table<string, string|boolean>
---@param revision integer? what the caller has seen, 0 before the first change
function M.set_preferences(user, changes, revision)
  return change(user, "preferences", changes, revision)
end

return M
