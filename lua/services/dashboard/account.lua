-- services/dashboard/account.lua: where the links in mails lead: proving an address, choosing a new password; and in
-- development the outbox, where those mails can be read. A link alone changes nothing, as mail scanners follow links:
-- the change is a form that a person sends.

local account = require "model.account"
local consent = require "model.consent"
local errors = require "web.errors"
local guard = require "web.guard"
local held_sign_up = require "model.held_sign_up"
local mail = require "model.mail"
local page = require "services.dashboard.page"
local schema = require "web.schema"
local settings = require "host.settings"
local tokens = require "web.session"

local token = schema.text(1, 200)

local Token = schema.object { token = token }
local Forgot = schema.object { login = schema.text(1, 254) }
local Guardian = schema.object {
  token = token, version = schema.integer(1, 1000), answer = schema.enum { "yes", "no" },
}
local Reset = schema.object { token = token, password = schema.password(1, 1024) }

local function show(req, kind, data, status)
  data.kind = kind
  return page.show(req, "account", data, status)
end

-- A handler of a form that only our own pages send. submit(body) → done | nil, err; words are shown afterwards.
local function form(kind, title, submit, words)
  return function(req)
    local own, foreign = tokens.check_origin(req)
    if not own then return nil, foreign end
    local done, err = submit(req.body)
    if done then return show(req, "done", { title = title, words = words }) end
    if err.code ~= "invalid" then return nil, err end
    return show(req, kind, { title = title, token = req.body.token, message = err.message }, 422)
  end
end

local function ask(kind, title)
  return function(req)
    return show(req, kind, { title = title, token = req.query.token })
  end
end

local verify = form("verify", "Prove your address", function(body) return account.verify_email(body.token) end,
  "Thank you: the address is proved.")

local forgot = form("forgot", "A new password", function(body) return account.ask_reset(body.login) end,
  "If this account has a proved address, a letter is on its way to it.")

local reset = form("reset", "A new password", function(body)
  return account.reset_password(body.token, body.password)
end, "The new password is in force. Log in with it.")

-- The text that a guardian reads, of its newest version.
local function ask_guardian(req)
  local texts, err = consent.texts()
  if not texts then return nil, err end
  for _, text in ipairs(texts) do
    if text.kind == "account" then
      return show(req, "guardian", { title = "A child's account", token = req.query.token, text = text })
    end
  end
  return nil, errors.new("not_found")
end

local guardian = form("done", "A child's account", function(body)
  if body.answer == "no" then return held_sign_up.refuse(body.token) end
  return held_sign_up.accept(body.token, body.version)
end, "Thank you. If you have consented, the child can log in now; if not, all that was asked is forgotten.")

local withdrawal = form("withdrawal", "Withdraw the consent", function(body) return consent.withdraw_by(body.token) end,
  "The consent is withdrawn, and the account is closed.")

local function outbox(req)
  if not settings.development then return nil, errors.new("not_found") end
  local found, err = mail.list({ limit = 50 })
  if not found then return nil, err end
  return page.show(req, "outbox", { title = "Outbox", letters = found.items })
end

local public = guard.public

return {
  ["/verify-email"] = {
    GET = { "Ask to prove an address", public(ask("verify", "Prove your address")), query = { token = token } },
    POST = { "Prove an address", public(verify), form = Token, limit = "auth" },
  },
  ["/forgot-password"] = {
    GET = { "Ask who has forgotten", public(ask("forgot", "A new password")) },
    POST = { "Ask for a new password", public(forgot), form = Forgot, limit = "auth" },
  },
  ["/reset-password"] = {
    GET = { "Ask for the new password", public(ask("reset", "A new password")), query = { token = token } },
    POST = { "Choose a new password", public(reset), form = Reset, limit = "auth" },
  },
  ["/guardian-consent"] = {
    GET = { "Ask a guardian", public(ask_guardian), query = { token = token } },
    POST = { "Answer as a guardian", public(guardian), form = Guardian, limit = "auth" },
  },
  ["/guardian-withdrawal"] = {
    GET = { "Ask whether to withdraw", public(ask("withdrawal", "Withdraw the consent")), query = { token = token } },
    POST = { "Withdraw as a guardian", public(withdrawal), form = Token, limit = "auth" },
  },
  ["/outbox"] = { GET = { "Mails that were not sent, in development", public(outbox) } },
}
