-- workflow/letters.lua: what mails say. A letter is written when it is sent: each function takes what was queued with
-- it and returns { to, subject, text }, or nil with not_found where there is nobody to write to any more.

local account = require "model.account"
local settings = require "host.settings"
local url = require "util.url"

local M = {}

local function link(path, token)
  return settings.pages_url .. path .. "?token=" .. url.encode(token)
end

function M.verify_email(data, again)
  local found, err = account.verification(data.user_id, again)
  if not found then return nil, err end
  if found.taken then
    return { to = found.to, subject = "Your address was named", text = ([[
Hello,

somebody has given this address for a new account, but you have one with it already. If it was you, log in with that
one, or ask for a new password:

%s/forgot-password

If it was not you, do nothing: the address stays yours.
]]):format(settings.pages_url) }
  end
  return { to = found.to, subject = "Is this your address?", text = ([[
Hello %s,

somebody, probably you, has given this address for an account. If it was you, open this page within three days:

%s

If it was not you, do nothing.
]]):format(found.name, link("/verify-email", found.token)) }
end

function M.password_reset(data, again)
  local found, err = account.reset(data.name, again)
  if not found then return nil, err end
  return { to = found.to, subject = "A new password", text = ([[
Hello %s,

somebody, probably you, has asked for a new password. Choose it on this page within one hour:

%s

If it was not you, do nothing: the present password stays.
]]):format(found.name, link("/reset-password", found.token)) }
end

function M.password_changed(data)
  local found, err = account.mailbox(data.user_id)
  if not found then return nil, err end
  return { to = found.email, subject = "Your password was changed", text = ([[
Hello %s,

the password of your account was changed, and all other sessions have ended. If it was not you, ask for a new password
at once:

%s/forgot-password
]]):format(found.name, settings.pages_url) }
end

function M.email_changed(data)
  return { to = data.to, subject = "Your address was changed", text = ([[
Hello %s,

the address of your account was changed to another one, to which letters go from now on. If it was not you, log in at
once, put your address back and choose a new password:

%s/login
]]):format(data.name, settings.pages_url) }
end

function M.guardian_consent(data)
  return { to = data.to, subject = "A child asks for an account", text = ([[
Hello,

%s, who is below 13, would like to have an account and has named you as guardian. Read on this page what would be kept,
and say within two weeks whether you consent:

%s

Without your consent there will be no account, and this request is forgotten.
]]):format(data.name, link("/guardian-consent", data.token)) }
end

function M.guardian_consented(data)
  return { to = data.to, subject = "You have consented to a child's account", text = ([[
Hello,

you have consented to an account for %s. If it was not you, or whenever you change your mind, withdraw it here:

%s

The account is closed then at once, and erased after some weeks. Keep this letter. With an account of your own as a
parent, linked by a code of the child's, you can also see and erase what is kept.
]]):format(data.name, link("/guardian-withdrawal", data.token)) }
end

return M
