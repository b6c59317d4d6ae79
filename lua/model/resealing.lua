-- model/resealing.lua: after a change of data_key, what data_key_old has sealed is sealed anew, some rows at a time, by
-- every worker. When nothing is left, the log says so, and data_key_old can be taken out of the settings.

local db = require "model.db"
local log = require "host.log"
local personal = require "model.personal"
local pg = require "host.pg"
local settings = require "host.settings"

local M = {}

-- Rows of one column in one go.
local BATCH = 100

--- Every sealed column: its table, what names the row, and the place that its values are bound to.
M.columns = {
  { table = "users", column = "email_sealed", key = "id", place = "users.email:" },
  { table = "users", column = "birth_date_sealed", key = "id", place = "users.birth_date:" },
  { table = "second_factors", column = "secret_sealed", key = "user_id", place = "second_factors.secret:" },
  { table = "signing_keys", column = "key_sealed", key = "kid", place = "signing_keys.key:" },
  { table = "mails", column = "data_sealed", key = "id", place = "mails.data:" },
  { table = "mails", column = "message_sealed", key = "id", place = "mails.message:" },
  { table = "person_keys", column = "key_sealed", key = "person_id", place = "person_keys:" },
  { table = "consents", column = "contact_sealed", key = "id", place = "consents.contact:" },
  { table = "held_sign_ups", column = "person_sealed", key = "id", place = "held_sign_ups.person:" },
  { table = "idempotency_keys", column = "answer_sealed", key = "(owner_id || ' ' || key)",
    place = "idempotency_keys.answer:" },
}

-- The rows of a column that are not under today's key, some of them at most.
local function stale(entry, most)
  return { ("select %s::text as id, %s as sealed from %s where length(%s) > 0 and substring(%s from 1 for 5) <> ?"
    .. " limit ?"):format(entry.key, entry.column, entry.table, entry.column, entry.column),
    pg.bytes(personal.key_name()), most }
end

-- Seals some rows of a column anew; rows that another worker has in hand are passed over.
local function reseal(entry)
  return db.education:transaction(function(tx)
    local rows, err = tx:query(stale(entry, BATCH), "for update skip locked")
    if not rows then return nil, err end
    for _, row in ipairs(rows) do
      local place = entry.place .. row.id
      local done, failure = tx:run({ ("update %s set %s = ? where %s::text = ?"):format(entry.table, entry.column,
        entry.key), personal.seal(personal.open(row.sealed, place), place), row.id })
      if not done then return nil, failure end
    end
    return #rows
  end)
end

--- Seals anew what is not under today's key, one batch of each column.
---@return integer? count rows that were sealed anew; 0: nothing is left
---@return table? err
function M.round()
  local count = 0
  for _, entry in ipairs(M.columns) do
    local done, err = reseal(entry)
    if not done then return nil, err end
    count = count + done
  end
  return count
end

-- Whether a value is left that is not under today's key, also one that another worker has in hand.
local function is_left()
  for _, entry in ipairs(M.columns) do
    local rows, err = db.education:query(stale(entry, 1))
    if not rows then return nil, err end
    if rows[1] then return true end
  end
  return false
end

local told = false

--- A round; the log is told once when nothing is left.
---@return integer? count
---@return table? err
function M.go_on()
  local count, err = M.round()
  if count == 0 and not told and is_left() == false then
    told = true
    log.info("everything is sealed under today's data_key: data_key_old may be taken out of the settings")
  end
  return count, err
end

--- What a timer calls: nothing, unless there is an old key.
function M.tick()
  if not settings.data_key_old then return 0 end
  return M.go_on()
end

return M
