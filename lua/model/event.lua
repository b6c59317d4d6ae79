-- model/event.lua: the event log behind live updates. Appended in the transaction of what it tells, so it tells nothing
-- that did not happen; read by cursor, so that a reader who was away misses nothing (at least once).
--
-- Topics: user:ID, class:ID, lesson:ID, run:ID, system. Who may follow one says model/access.lua.

local json = require "host.json"
local pg = require "host.pg"
local access = require "model.access"
local db = require "model.db"

local M = {}

--- Appends an event. The last thing in a transaction: from here to its commit other appends wait.
---@param tx model.connection
---@param topic string
---@param kind string such as "lesson.approved"
---@param data table
---@return integer? id
---@return table? err
function M.append(tx, topic, kind, data)
  local row, err = tx:one({ "select append_event(?, ?, ?) as id", topic, kind, pg.json(data) })
  if not row then return nil, err end
  return row.id
end

--- Tells everybody: an event of the topic system, in a transaction of its own.
---@param kind "notice"|"alert"
---@param data table
---@return integer? id
---@return table? err
function M.announce(kind, data)
  return db.education:transaction(function(tx) return M.append(tx, "system", kind, data) end)
end

--- Appends several events in one statement, so that the log is held for one round trip only.
---@param tx model.connection
---@param events { topic: string, kind: string, data: table }[]
---@return table[]? appended
---@return table? err
function M.append_all(tx, events)
  return tx:query({ "select append_event(e.topic, e.kind, e.data) from jsonb_to_recordset(?::jsonb)"
    .. " as e (topic text, kind text, data jsonb)", pg.json(json.array(events)) })
end

--- Events after a cursor, oldest first; of some topics or of all.
---@param after integer
---@param topics string[]?
---@param limit integer?
---@return { id: integer, topic: string, kind: string, data: table, created_at: string }[]?
function M.after(after, topics, limit)
  return db.education:query({ "select e.id, e.topic, e.kind, e.data, e.created_at from events e where e.id >"
    .. " ?::bigint", after },
    topics and { "and e.topic = any(?::text[])", pg.array(topics) } or "",
    { "order by e.id limit ?::integer", limit or 500 })
end

--- The cursor of now: the id of the newest event.
---@return integer?
function M.latest()
  local row, err = db.education:one("select coalesce(max(e.id), 0) as id from events e")
  if not row then return nil, err end
  return row.id
end

--- The cursor of some seconds ago: what is newer comes after it.
---@param seconds number
---@return integer?
function M.recent(seconds)
  local row, err = db.education:one({ "select coalesce((select e.id from events e"
    .. " where e.created_at < clock_timestamp() - ?::float8 * interval '1 second'"
    .. " order by e.created_at desc limit 1), 0) as id", seconds })
  if not row then return nil, err end
  return row.id
end

--- Whether a person may follow a topic.
---@return boolean? allowed nil with err if the database cannot say
function M.may_follow(user, topic)
  local question, answer = access.topic(user, topic)
  if not question then return answer or false end
  local row, err = db.education:one(unpack(question))
  if row then return true end
  if err.code == "not_found" then return false end
  return nil, err
end

--- Calls fn() whenever there may be new events. Belongs to the generation.
---@param fn fun()
function M.listen(fn)
  db.education:listen("events", function() fn() end)
end

--- Calls fn(user_id) whenever somebody may see less than before. Belongs to the generation.
---@param fn fun(user_id: string)
function M.lost(fn)
  db.education:listen("access_lost", function(user_id)
    if user_id then fn(user_id) end
  end)
end

return M
