-- model/mail.lua: the outbox. A mail that was put here in a transaction is sent once that commits, whoever dies in
-- between: rows are claimed for a while, and who claims one and dies gives it back by doing nothing. So a mail may go
-- out twice, never not at all. What it says is written when it is sent (workflow/letters.lua).

local json = require "host.json"
local db = require "model.db"
local page = require "model.page"
local personal = require "model.personal"
local id = require "util.id"

local M = {}

--- Seconds for which a claimed mail is left to its sender.
M.CLAIM = 180
--- Attempts before it is given up: about three days.
M.ATTEMPTS = 20

local function data_place(mail_id) return "mails.data:" .. mail_id end
local function message_place(mail_id) return "mails.message:" .. mail_id end

--- Puts a mail into the outbox.
---@param kind string a letter of workflow/letters.lua
---@param data table what the letter needs; sealed
---@param tx? model.connection the transaction that it belongs to
---@return boolean? queued
---@return table? err
function M.queue(kind, data, tx)
  local mail_id = id.uuid()
  local done, err = (tx or db.education):run({ "insert into mails (id, kind, data_sealed) values (?, ?, ?)", mail_id,
    kind, personal.seal(json.encode(data), data_place(mail_id)) })
  if not done then return nil, err end
  return true
end

--- Takes mails that are due.
---@param limit integer
---@return { id: string, kind: string, data: table, attempts: integer }[]?
function M.claim(limit)
  local rows, err = db.education:query({ "update mails m set due_at = now() + ? * interval '1 second',"
    .. " attempts = m.attempts + 1 where m.id in (select d.id from mails d where d.state = 'queued'"
    .. " and d.due_at <= now() order by d.due_at limit ? for update skip locked)"
    .. " returning m.id, m.kind, m.data_sealed, m.attempts, m.created_at", M.CLAIM, limit })
  if not rows then return nil, err end
  for _, row in ipairs(rows) do
    row.data = json.decode(personal.open(row.data_sealed, data_place(row.id)))
    row.data_sealed = nil
  end
  return rows
end

-- Nothing personal is left of a mail that is over, but where it is kept to be read: then it is known to whom it went.
local function finish(mail_id, state, letter, problem)
  return db.education:run({ "update mails set state = ?, message_sealed = ?, recipient_index = ?, error = ?,"
    .. " data_sealed = '' where id = ?::uuid", state,
    personal.seal(letter and json.encode(letter), message_place(mail_id)), personal.index(letter and letter.to),
    problem, mail_id })
end

--- It has gone out.
function M.sent(mail_id) return finish(mail_id, "sent") end

--- There is nobody to send it to.
function M.dropped(mail_id) return finish(mail_id, "dropped") end

--- It will never be taken.
function M.failed(mail_id, problem) return finish(mail_id, "failed", nil, problem) end

--- Development: it can be read in the outbox instead.
---@param letter { to: string, subject: string, text: string }
function M.shown(mail_id, letter) return finish(mail_id, "shown", letter) end

--- Not now: tried again after twice as long as before, an hour at most.
function M.postpone(mail, problem)
  local seconds = math.min(30 * 2 ^ (mail.attempts - 1), 3600)
  return db.education:run({ "update mails set due_at = now() + ? * interval '1 second', error = ? where id = ?::uuid",
    seconds, problem, mail.id })
end

--- The letters that can be read, the newest first.
function M.list(pages)
  local found, err = page.list(db.education, {
    select = "select m.id, m.kind, m.message_sealed, m.created_at from mails m",
    where = { "m.state = 'shown'" },
    columns = { id = { "m.id", "uuid" } },
    unique = "id",
  }, pages)
  if not found then return nil, err end
  for _, row in ipairs(found.items) do
    local letter = json.decode(personal.open(row.message_sealed, message_place(row.id)))
    row.to, row.subject, row.text, row.message_sealed = letter.to, letter.subject, letter.text, nil
  end
  return found
end

--- Calls fn() whenever there may be something to send. Belongs to the generation.
function M.listen(fn)
  db.education:listen("mail", function() fn() end)
end

return M
