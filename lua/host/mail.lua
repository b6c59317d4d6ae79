---@meta host.mail

-- Mail by SMTP (libcurl) on the loop. Most scripts want model/mail.lua's outbox instead, which keeps what it accepts.

---@class host.mail
local mail = {}

---@class host.mail.options
---@field server string smtp://host[:port] or smtps://host[:port]
---@field user? string
---@field password? string
---@field from string address of the envelope
---@field to string address of the envelope
---@field message string head and body (RFC 5322) with CRLF at the end of each line; dots are doubled by the core
---@field tls? "none"|"offered"|"required" STARTTLS on smtp://, default "required"
---@field timeout? number seconds for the whole, default 60

---Waits until the server has taken the message.
---@param options host.mail.options
---@return true? sent
---@return host.error? err "rejected" (never), "deferred" (not now), "denied", "bad_mail", "timeout", "refused", "dns", "tls", "closed"
function mail.send(options) end

return mail
