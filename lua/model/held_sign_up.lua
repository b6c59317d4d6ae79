-- model/held_sign_up.lua: children under 13 who want an account. A guardian is asked first, by a letter to the address
-- that the child names; until that guardian consents nothing is kept but what the letter needs, sealed as one value:
--
--   ask ──> held ──accept──> an account, with the consent
--            ├──refuse────> forgotten
--            └─ 14 days ──> forgotten

local audit = require "model.audit"
local childhood = require "model.childhood"
local consent = require "model.consent"
local db = require "model.db"
local json = require "host.json"
local mail = require "model.mail"
local password = require "model.password"
local personal = require "model.personal"
local pg = require "host.pg"
local user = require "model.user"
local settings = require "host.settings"
local id = require "util.id"

local M = {}

local function place(held_id) return "held_sign_ups.person:" .. held_id end

--- Asks a guardian. The same is answered whether the login is free: that is told to the guardian.
---@param person { login: string, password: string, name: string, birth_date: string, guardian_email: string }
---@return { expires_in: integer }?
---@return table? err invalid: not a child, or a password that may not be chosen
function M.ask(person)
  if not childhood.is_child(person.birth_date) then
    return db.fail("invalid", "from 13 on people sign up for themselves", "birth_date")
  end
  local hash, err = password.hash(person.password, person)
  if not hash then return nil, err end
  local held_id, token = id.uuid(), id.secret("gc")
  local held = { login = person.login, name = person.name, birth_date = person.birth_date, hash = hash,
    guardian_email = person.guardian_email }
  return db.education:transaction(function(tx)
    local done, failure = tx:run({ "insert into held_sign_ups (id, token_hash, person_sealed, expires_at)"
      .. " values (?, ?, ?, now() + ? * interval '1 second')", held_id, pg.bytes(id.digest(token)),
      personal.seal(json.encode(held), place(held_id)), settings.retention.held_sign_ups })
    if not done then return nil, failure end
    local queued, lost = mail.queue("guardian_consent", { token = token, to = person.guardian_email,
      name = person.name }, tx)
    if not queued then return nil, lost end
    return { expires_in = settings.retention.held_sign_ups }
  end)
end

-- Takes the row that a token stands for.
local function take(tx, token)
  local row, err = tx:one({ "delete from held_sign_ups where token_hash = ? and expires_at > now()"
    .. " returning id, person_sealed", pg.bytes(id.digest(token)) })
  if not row then
    if err.code == "not_found" then return db.fail("invalid", "this link is unknown, used or too old", "token") end
    return nil, err
  end
  return json.decode(personal.open(row.person_sealed, place(row.id)))
end

--- The guardian consents: the account is made, and the consent is kept with it. A letter confirms it, with a link by
--- which it can be withdrawn at any time (model/consent.lua).
---@param version integer? of the text that was shown
---@return { login: string }? account
---@return table? err invalid with field token or version; conflict: the login was taken meanwhile
function M.accept(token, version)
  return db.education:transaction(function(tx)
    local held, err = take(tx, token)
    if not held then return nil, err end
    local made, failure = user.import({ role = "student", login = held.login, name = held.name,
      birth_date = held.birth_date }, held.hash, tx)
    if not made then return nil, failure end
    local withdrawal = id.secret("gw")
    local given, lost = consent.record(tx, nil, made, { kind = "account", version = version,
      contact = held.guardian_email, token = withdrawal })
    if not given then return nil, lost end
    local queued, unsent = mail.queue("guardian_consented", { token = withdrawal, to = held.guardian_email,
      name = held.name }, tx)
    return queued and { login = made.login }, unsent
  end)
end

--- The guardian does not: all is forgotten.
---@return boolean? done
---@return table? err invalid with field token
function M.refuse(token)
  return db.education:transaction(function(tx)
    local held, err = take(tx, token)
    if not held then return nil, err end
    local recorded, lost = audit.record(tx, nil, "consent.refuse", { kind = "user", id = audit.NO_SCHOOL })
    return recorded and true, lost
  end)
end

return M
