-- workflow/postman.lua: sends what lies in the outbox (model/mail.lua). Every worker has one; a mail is claimed by one
-- of them. Without a mail server, development shows letters in the outbox instead; elsewhere they wait for a server.

local letters = require "workflow.letters"
local log = require "host.log"
local mail = require "model.mail"
local mime = require "util.mime"
local post = require "host.mail"
local settings = require "host.settings"
local task = require "host.task"
local timer = require "host.timer"

local M = {}

-- Mails that one worker sends side by side, and seconds between two looks at what was postponed.
local BATCH, PAUSE = 10, 30

-- The server has said that it never will.
local final = { rejected = true, bad_mail = true }

local function deliver(entry, letter)
  local server = settings.mail and settings.mail.server
  if not server then return mail.shown(entry.id, letter) end
  local from = settings.mail.from
  local sent, err = post.send {
    server = server, user = settings.mail.user, password = settings.mail.password, tls = settings.mail.tls,
    from = from, to = letter.to, timeout = 60,
    message = mime.message { from = from, to = letter.to, subject = letter.subject, text = letter.text,
      id = entry.id, date = timer.wall() },
  }
  if sent then return mail.sent(entry.id) end
  if final[err.code] or entry.attempts >= mail.ATTEMPTS then
    log.error("a mail is given up", { mail = entry.id, kind = entry.kind, reason = err.code })
    return mail.failed(entry.id, err.code)
  end
  log.warn("a mail was not sent yet", { mail = entry.id, kind = entry.kind, reason = err.code })
  return mail.postpone(entry, err.code)
end

local function write_and_send(entry)
  local write = letters[entry.kind]
  if not write then return mail.postpone(entry, "unknown letter") end -- queued by newer scripts: theirs to write
  local letter, err = write(entry.data, entry.attempts > 1)
  if letter then return deliver(entry, letter) end
  if err.code == "not_found" then return mail.dropped(entry.id) end
  return mail.postpone(entry, err.code)
end

-- One mail. Whatever fails, it stays in the outbox, to be claimed again, and holds up no other.
local function send(entry)
  local ok, raised = pcall(write_and_send, entry)
  if ok then return end
  if type(raised) == "table" then error(raised, 0) end -- this task ends
  log.error("a mail could not be written", { mail = entry.id, kind = entry.kind, error = tostring(raised) })
end

--- Can anything become of mails here? Without a server only where development shows them.
local function may_send()
  return settings.development or (settings.mail ~= nil and settings.mail.server ~= nil)
end

--- Sends all that is due.
---@return integer? sent mails that were looked at
---@return table? err
function M.round()
  local count = 0
  repeat
    local claimed, err = mail.claim(BATCH)
    if not claimed then return nil, err end
    local jobs = {}
    for i, entry in ipairs(claimed) do jobs[i] = function() return send(entry) end end
    if jobs[1] then task.all(jobs) end
    count = count + #claimed
  until #claimed < BATCH
  return count
end

--- Starts sending; belongs to the generation.
function M.start()
  if not may_send() then
    log.warn("mail stays in the outbox: the setting mail.server is missing")
    return
  end
  -- One round at a time; what comes meanwhile is looked for once more. No task outlives its round, so that an old
  -- generation can end.
  local busy, again = false, false
  local function knock()
    again = true
    if busy then return end
    busy = true
    while again do
      again = false
      local ok, count, err = pcall(M.round)
      if not ok then
        busy = false
        error(count, 0)
      end
      if not count then log.warn("the outbox cannot be read", { reason = err.reason or err.message }) end
    end
    busy = false
  end
  mail.listen(knock)
  timer.every("postponed mail", PAUSE, knock)
end

return M
