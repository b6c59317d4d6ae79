-- services/api/opened.lua: what a client gets who has logged in, in whatever way. Used by the resources that open
-- sessions: auth, second_factor, oidc.

local schema = require "web.schema"
local shapes = require "services.api.shapes"
local tokens = require "web.session"

local M = {}

local describe, optional = schema.describe, schema.optional

-- Either a session or the challenge of the second factor.
M.LoggedIn = schema.named("LoggedIn", schema.object {
  access_token = optional(schema.text(1, 4000)), token_type = optional(schema.const("Bearer")),
  expires_in = optional(schema.integer(1)), refresh_token = optional(schema.text(1, 200)), user = optional(shapes.User),
  challenge_token = describe(optional(schema.text(1, 200)), "Instead of the rest: the second factor must be shown too"),
  needs = describe(optional(schema.enum { "code", "enrol" }),
    "code: of the authenticator app; enrol: staff must set up an app first"),
  recovery_codes = describe(optional(schema.array(schema.text(1, 20), 0, 20)), "Shown once, after enrolling"),
})

---Where a request comes from, for the list of sessions.
function M.where(req)
  return { client = req:client(), address = req:remote() }
end

---A session that was opened or refreshed, or a challenge, as the client reads it.
function M.answer(opened)
  if opened.challenge then return { challenge_token = opened.challenge, needs = opened.needs } end
  local token, seconds = tokens.issue(opened.user, opened.session_id)
  return {
    access_token = token, token_type = "Bearer", expires_in = seconds, refresh_token = opened.refresh_token,
    user = opened.user, recovery_codes = opened.recovery_codes,
  }
end

---A handler's answer from what a model returned.
function M.finish(opened, err)
  if opened then return M.answer(opened) end
  if err.code == "unauthenticated" then err.challenge = 'Bearer error="invalid_grant"' end
  return nil, err
end

return M
