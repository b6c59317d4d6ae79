-- services/api/passwords.lua: proving an email address; passwords that are changed or forgotten.

local account = require "model.account"
local answer = require "web.answer"
local guard = require "web.guard"
local schema = require "web.schema"
local user = require "model.user"

local token = schema.describe(schema.text(1, 200), "From the link in the mail")
local new_password = schema.password(user.MIN_PASSWORD, user.MAX_PASSWORD)
local any_password = schema.password(1, user.MAX_PASSWORD)

local Verify = schema.object { token = token }
local Forgot = schema.object {
  login = schema.describe(schema.text(1, 254), "Login or e-mail address"),
}
local Reset = schema.object { token = token, password = new_password }
local Change = schema.object { current_password = any_password, password = new_password }

---@param req api.verifyEmail
local function verify(req)
  return answer.done(account.verify_email(req.body.token))
end

---@param req api.askEmailVerification
local function ask_verification(req)
  return answer.done(account.ask_verification(req.user))
end

---@param req api.forgotPassword
local function forgot(req)
  return answer.done(account.ask_reset(req.body.login))
end

---@param req api.resetPassword
local function reset(req)
  return answer.done(account.reset_password(req.body.token, req.body.password))
end

---@param req api.changePassword
local function change(req)
  local body = req.body
  return answer.done(account.change_password(req.user, body.current_password, body.password, req:remote()))
end

local public, signed_in = guard.public, guard.signed_in
local tags = { "Accounts" }

return {
  ["/auth/verify-email"] = {
    POST = { "Prove an email address", public(verify), body = Verify, limit = "auth", id = "verifyEmail", tags = tags,
      description = "By the token that was mailed to it." },
  },
  ["/me/verify-email"] = {
    POST = { "Mail the proof of the own address again", signed_in(ask_verification), limit = "auth",
      id = "askEmailVerification", tags = tags },
  },
  ["/auth/forgot-password"] = {
    POST = { "Ask for a new password", public(forgot), body = Forgot, limit = "auth",
      id = "forgotPassword", tags = tags,
      description = "The same answer for every name. If it has a proved address, that gets a link, good for an hour." },
  },
  ["/auth/reset-password"] = {
    POST = { "Choose a new password by the mailed token", public(reset), body = Reset, limit = "auth",
      id = "resetPassword", tags = tags, description = "Ends all sessions of the account." },
  },
  ["/me/password"] = {
    POST = { "Change the own password", signed_in(change), body = Change, limit = "auth", id = "changePassword",
      tags = tags, description = "Ends all other sessions of the account." },
  },
}
