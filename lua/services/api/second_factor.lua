-- services/api/second_factor.lua: codes from an authenticator app, for staff: at log-in, and setting it up.

local account = require "model.account"
local guard = require "web.guard"
local opened = require "services.api.opened"
local schema = require "web.schema"
local second_factor = require "model.second_factor"
local session = require "model.session"
local shapes = require "services.api.shapes"
local user = require "model.user"

local challenge = schema.describe(schema.text(1, 200), "challenge_token of the log-in")
local code = schema.describe(schema.text(6, 20), "Six digits of the app, or a recovery code")
local digits = schema.text(6, 6, { pattern = "%d%d%d%d%d%d", json_pattern = "^[0-9]{6}$",
  pattern_says = "expected six digits", example = "123456" })
local password = schema.password(1, user.MAX_PASSWORD)

local Challenge = schema.object { challenge_token = challenge }
local Answer = schema.object { challenge_token = challenge, code = code }
local Enrolling = schema.object { challenge_token = challenge, code = digits }
local Begin = schema.object { password = password }
local Confirm = schema.object { code = digits }

local Secret = schema.named("SecondFactorSecret", schema.object {
  secret = schema.describe(schema.text(1, 100), "Base32, for typing"),
  uri = schema.describe(schema.text(1, 500), "otpauth URI, for a QR code"),
})

local Codes = schema.named("RecoveryCodes", schema.object {
  recovery_codes = schema.describe(schema.array(schema.text(1, 20), 0, 20), "Each is good once; shown this once"),
})

local State = schema.named("SecondFactor", schema.object {
  enabled = schema.boolean(), required = schema.boolean(), recovery_codes = schema.integer(0),
  since = schema.nullable(schema.time()),
})

---@param req api.showSecondFactor
local function answer(req)
  return opened.finish(session.open_by_code(req.body.challenge_token, req.body.code, opened.where(req)))
end

---@param req api.enrolSecondFactor
local function enrol(req)
  local begun, err = session.enrol(req.body.challenge_token)
  if not begun then return opened.finish(nil, err) end
  return begun
end

---@param req api.confirmEnrolment
local function enrolled(req)
  return opened.finish(session.open_by_enrolling(req.body.challenge_token, req.body.code, opened.where(req)))
end

---@param req api.showSecondFactorState
local function state(req)
  return second_factor.state(req.user)
end

-- What a stolen token must not do asks for the password again.
local function with_password(then_do)
  return function(req)
    local own, err = account.confirm(req.user, req.body.password, req:remote())
    if not own then return nil, err end
    return then_do(own)
  end
end

local begin = with_password(second_factor.begin)

local function codes(list, err)
  if not list then return nil, err end
  return { recovery_codes = list }
end

---@param req api.confirmSecondFactor
local function confirm(req)
  return codes(second_factor.confirm(req.user.id, req.body.code))
end

local renew = with_password(function(own) return codes(second_factor.renew_recovery_codes(own.id)) end)

local remove = with_password(function(own)
  local done, err = second_factor.remove(own.id)
  if not done then return nil, err end
  return 204
end)

---@param req api.resetSecondFactor
local function reset(req)
  local done, err = second_factor.reset(req.user, req.params.user_id)
  if not done then return nil, err end
  return 204
end

local public, role = guard.public, guard.role
local tags = { "Second factor" }

return {
  ["/auth/second-factor"] = {
    POST = { "Log in: show the second factor", public(answer), body = Answer, out = opened.LoggedIn, limit = "auth",
      errors = { "unauthenticated", "forbidden" }, id = "showSecondFactor", tags = tags },
  },
  ["/auth/second-factor/enrol"] = {
    POST = { "Log in: set up a second factor that staff must have", public(enrol), body = Challenge, out = Secret,
      limit = "auth", errors = { "unauthenticated", "forbidden", "conflict" }, id = "enrolSecondFactor", tags = tags },
  },
  ["/auth/second-factor/confirm"] = {
    POST = { "Log in: confirm the second factor that was set up", public(enrolled), body = Enrolling,
      out = opened.LoggedIn, limit = "auth", errors = { "unauthenticated", "forbidden", "conflict" },
      id = "confirmEnrolment", tags = tags },
  },
  ["/me/second-factor"] = {
    GET = { "Show how it stands with one's second factor", role("teacher", state), out = State,
      id = "showSecondFactorState", tags = tags },
    POST = { "Begin to set up a second factor", role("teacher", begin), body = Begin, out = Secret, limit = "auth",
      errors = { "conflict" }, id = "beginSecondFactor", tags = tags },
  },
  ["/me/second-factor/confirm"] = {
    POST = { "Confirm the second factor by its first code", role("teacher", confirm), body = Confirm, out = Codes,
      limit = "auth", errors = { "conflict" }, id = "confirmSecondFactor", tags = tags },
  },
  ["/me/second-factor/recovery-codes"] = {
    POST = { "Make new recovery codes in place of the old ones", role("teacher", renew), body = Begin, out = Codes,
      limit = "auth", errors = { "conflict" }, id = "renewRecoveryCodes", tags = tags },
  },
  ["/me/second-factor/remove"] = {
    POST = { "Take one's second factor away", role("teacher", remove), body = Begin, limit = "auth",
      id = "removeSecondFactor", tags = tags },
  },
  ["/users/{user_id}/second-factor/reset"] = {
    POST = { "Take away the second factor of somebody who has lost it", role("admin", reset),
      params = { user_id = schema.id(shapes.USERS) }, id = "resetSecondFactor", tags = tags },
  },
}
