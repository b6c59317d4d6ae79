-- model/childhood.lua: what may be kept about somebody below 13: what the consent to the account names (name, login,
-- date of birth and the work in classes), pictures and recordings with a consent of their own, and nothing beyond. The
-- date of birth decides. Who has none here was brought in by a school, which answers for that.

local consent = require "model.consent"
local db = require "model.db"
local personal = require "model.personal"
local age = require "util.age"

local M = {}

--- Whether somebody born on this day needs a guardian's consent today; false where no day is known.
---@param birth_date any
function M.is_child(birth_date)
  return type(birth_date) == "string" and age.is_child(birth_date, os.date("!%Y-%m-%d"))
end

---@return string|false|nil birth_date nil with err
local function birth_date_of(connection, person_id)
  local row, err = connection:one({ "select u.birth_date_sealed from users u where u.id = ?::uuid", person_id })
  if not row then return nil, err end
  return personal.open(row.birth_date_sealed, "users.birth_date:" .. person_id) or false
end

--- What is refused of a child: an address, words about oneself.
function M.refuse(field)
  return db.fail("invalid", "below 13 this is not kept", field)
end

--- Whether a person may leave something that the consent to a child's account does not name.
---@param connection model.connection
---@param field string what it is
---@return boolean? may
---@return table? err invalid
function M.may_leave(connection, person_id, field)
  local born, err = birth_date_of(connection, person_id)
  if born == nil then return nil, err end
  if M.is_child(born) then return M.refuse(field) end
  return true
end

--- Whether a person may leave a file: a child a picture or a recording only by the consent to media.
---@param type string a media type
---@return boolean? may
---@return table? err forbidden
function M.may_upload(person_id, type)
  if not (type:find("^image/") or type:find("^audio/") or type:find("^video/")) then return true end
  local born, err = birth_date_of(db.education, person_id)
  if born == nil then return nil, err end
  if not M.is_child(born) then return true end
  local stands, failure = consent.stands(db.education, person_id, "media")
  if stands == nil then return nil, failure end
  if stands then return true end
  return db.fail("forbidden", "below 13 pictures and recordings need a guardian's consent to media", "file")
end

--- Whether an account may be open again: that of a child, or of who may be one, not while a guardian has taken back the
--- consent to it.
---@param connection model.connection
---@return boolean? may
---@return table? err conflict
function M.may_open(connection, person_id)
  local closed, err = consent.is_closed(connection, person_id)
  if closed == nil then return nil, err end
  if not closed then return true end
  local born, failure = birth_date_of(connection, person_id)
  if born == nil then return nil, failure end
  if born and not M.is_child(born) then return true end
  return db.fail("conflict", "the consent to this account was withdrawn: a guardian gives it anew first")
end

return M
