-- model/scene.lua: the description of a Roblox scene that belongs to a lesson: what its stations say and where it
-- plays. How that is built, and where each thing stands, is lua/sync/scene.lua's business.
--
--   { title, environment, stations = { { kind = "board"|"term", title, text }, … } }

local pg = require "host.pg"
local access = require "model.access"
local db = require "model.db"
local sql = require "model.sql"
local id = require "util.id"
local utf8 = require "util.utf8"

local M = {}

M.ENVIRONMENTS = { "classroom", "forest", "desert", "ocean", "space", "museum" }
M.KINDS = { "board", "term" }
M.MAX_STATIONS = 24

local COLUMNS = "s.id, s.lesson_id, s.description, s.updated_at, s.revision"

local function one_of(list, value)
  for _, word in ipairs(list) do
    if word == value then return true end
  end
  return false
end

local function is_text(value, most)
  local length = type(value) == "string" and utf8.length(value)
  return length and length > 0 and length <= most
end

local function check_station(station)
  if type(station) ~= "table" then return "expected an object" end
  if not one_of(M.KINDS, station.kind) then return "kind: expected one of " .. table.concat(M.KINDS, ", ") end
  if not is_text(station.title, 200) then return "title: expected 1 to 200 characters" end
  if not is_text(station.text, 2000) then return "text: expected 1 to 2000 characters" end
end

--- What is wrong with a description, or nil.
---@param scene any
---@return string? problem such as "stations[0]: kind: expected one of board, term"
function M.problem(scene)
  if type(scene) ~= "table" then return "expected an object" end
  if not is_text(scene.title, 200) then return "title: expected 1 to 200 characters" end
  if not one_of(M.ENVIRONMENTS, scene.environment) then
    return "environment: expected one of " .. table.concat(M.ENVIRONMENTS, ", ")
  end
  local stations = scene.stations
  if type(stations) ~= "table" or #stations < 1 or #stations > M.MAX_STATIONS then
    return ("stations: expected 1 to %d"):format(M.MAX_STATIONS)
  end
  for i, station in ipairs(stations) do
    local wrong = check_station(station)
    if wrong then return ("stations[%d]: %s"):format(i - 1, wrong) end
  end
end

--- Stores the scene of a lesson, in a transaction of the caller. An earlier one is replaced.
---@return string? scene_id
---@return table? err invalid
function M.put(tx, lesson_id, description)
  local problem = M.problem(description)
  if problem then return db.fail("invalid", problem, "scene") end
  local row, err = tx:one({ "insert into scenes (id, lesson_id, description) values (?, ?, ?)"
    .. " on conflict (lesson_id) do update set description = excluded.description returning id",
    id.uuid(), lesson_id, pg.json(description) })
  if not row then return nil, err end
  return row.id
end

--- Replaces a lesson's scene on behalf of its keeper.
function M.update(user, lesson_id, description, revision)
  local problem = M.problem(description)
  if problem then return db.fail("invalid", problem, "scene") end
  local row, err = db.education:one({ "update scenes as s set description = ? from lessons l where l.id = s.lesson_id"
    .. " and l.id = ?::uuid and", pg.json(description), lesson_id }, sql.as_seen("s", revision), "and",
    access.manages_lesson(user, "l"), "returning " .. COLUMNS)
  if row or err.code ~= "not_found" then return row, err end
  return db.missed("scene", revision, M.of_lesson(user, lesson_id))
end

--- The scene of a lesson as this person may see it.
---@return { id: string, lesson_id: string, description: table, updated_at: string, revision: integer }?
function M.of_lesson(user, lesson_id)
  return db.education:one({ "select " .. COLUMNS .. " from scenes s join lessons l on l.id = s.lesson_id"
    .. " where l.id = ?::uuid and", lesson_id }, access.sees_lesson(user, "l"))
end

--- The scene of a lesson, for workflows.
function M.get(lesson_id)
  return db.education:one({ "select " .. COLUMNS .. " from scenes s where s.lesson_id = ?::uuid", lesson_id })
end

return M
