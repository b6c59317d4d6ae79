-- services/api/consents.lua: what people and guardians have agreed to; and children, whose guardian is asked first.

local answer = require "web.answer"
local consent = require "model.consent"
local cursor = require "web.cursor"
local guard = require "web.guard"
local held_sign_up = require "model.held_sign_up"
local schema = require "web.schema"
local shapes = require "services.api.shapes"
local user = require "model.user"

local describe, nullable, optional = schema.describe, schema.nullable, schema.optional

local kind = schema.enum { "account", "school", "media", "research", "letters" }
local version = schema.integer(1, 1000)

local Text = schema.named("ConsentText", schema.object {
  kind = kind, version = version, text = schema.multiline(1, 4000),
})

local Consent = schema.named("Consent", schema.object {
  id = schema.id(shapes.CONSENTS), person_id = schema.id(shapes.USERS), kind = kind, version = version,
  given_by = describe(nullable(schema.id(shapes.USERS)), "null: a guardian without an account"),
  given_at = schema.time(),
  withdrawn_at = nullable(schema.time()), withdrawn_by = nullable(schema.id(shapes.USERS)),
  created_at = schema.time(), updated_at = schema.time(),
})

local New = schema.object {
  kind = describe(schema.enum { "account", "media", "research", "letters" },
    "account: by a guardian, after it was withdrawn; at first it is asked for when the account is made"),
  version = describe(optional(version), "Of the text that was shown; the newest if it is not said"),
}

local Child = schema.object {
  login = shapes.login, password = schema.password(user.MIN_PASSWORD, user.MAX_PASSWORD), name = shapes.name,
  birth_date = describe(schema.date(), "Of somebody below 13"),
  guardian_email = describe(schema.email(), "Where a guardian is asked"),
}

local Held = schema.named("HeldSignUp", schema.object {
  expires_in = describe(schema.integer(1), "Seconds in which the guardian may answer"),
})

local Answer = schema.object {
  token = describe(schema.text(1, 200), "From the link in the letter"), consents = schema.boolean(),
  version = describe(optional(version), "Of the text that was shown"),
}

local Withdrawal = schema.object { token = describe(schema.text(1, 200), "From the letter that confirmed the consent") }

local function texts()
  return answer.whole(consent.texts())
end

---@param req api.listConsents
local function list(req)
  return cursor.list(req, function(page) return consent.list(req.user, req.params.user_id, page) end)
end

---@param req api.showConsent
local function show(req)
  return consent.find(req.user, req.params.user_id, req.params.consent_id)
end

---@param req api.giveConsent
local function give(req)
  local made, err = consent.give(req.user, req.params.user_id, req.body)
  if not made then return nil, err end
  return 201, made, { location = ("%s/%s/consents/%s"):format(shapes.USERS, made.person_id, made.id) }
end

---@param req api.withdrawConsent
local function withdraw(req)
  return consent.withdraw(req.user, req.params.user_id, req.params.consent_id)
end

---@param req api.askGuardian
local function ask(req)
  local held, err = held_sign_up.ask(req.body)
  if not held then return nil, err end
  return 202, held
end

---@param req api.answerAsGuardian
local function decide(req)
  local body = req.body
  if body.consents then return answer.done(held_sign_up.accept(body.token, body.version)) end
  return answer.done(held_sign_up.refuse(body.token))
end

---@param req api.withdrawAsGuardian
local function withdraw_as_guardian(req)
  return answer.done(consent.withdraw_by(req.body.token))
end

local signed_in, public = guard.signed_in, guard.public
local tags = { "Privacy" }
local of_person = { user_id = schema.id(shapes.USERS) }
local one = { user_id = schema.id(shapes.USERS), consent_id = schema.id(shapes.CONSENTS) }

return {
  ["/auth/child-sign-up"] = {
    POST = { "Ask a guardian for a child's account", public(ask), body = Child, out = Held, status = 202,
      limit = "auth", errors = { "forbidden" }, id = "askGuardian", tags = tags,
      description = "Nothing is kept but what the guardian is asked with; without an answer that is forgotten." },
  },
  ["/auth/guardian-consent"] = {
    POST = { "Answer for a child as its guardian", public(decide), body = Answer, limit = "auth",
      errors = { "conflict" }, id = "answerAsGuardian", tags = tags,
      description = "With the consent the account is made; without, all is forgotten." },
  },
  ["/auth/guardian-withdrawal"] = {
    POST = { "Withdraw the consent to a child's account as its guardian", public(withdraw_as_guardian),
      body = Withdrawal, limit = "auth", id = "withdrawAsGuardian", tags = tags,
      description = "The account is suspended and its sessions end." },
  },
  ["/consent-texts"] = {
    GET = { "List what can be consented to", public(texts), out = schema.list(Text), id = "listConsentTexts",
      tags = tags },
  },
  ["/users/{user_id}/consents"] = {
    GET = { "List a person's consents", signed_in(list), params = of_person, query = cursor.query {},
      out = schema.list(Consent), id = "listConsents", tags = tags },
    POST = { "Consent for oneself or the own child", signed_in(give), params = of_person, body = New, out = Consent,
      creates = true, errors = { "conflict", "forbidden", "not_found" }, id = "giveConsent", tags = tags },
  },
  ["/users/{user_id}/consents/{consent_id}"] = {
    GET = { "Show a consent", signed_in(show), params = one, out = Consent, id = "showConsent", tags = tags },
  },
  ["/users/{user_id}/consents/{consent_id}/withdraw"] = {
    POST = { "Withdraw a consent", signed_in(withdraw), params = one, out = Consent,
      errors = { "conflict", "forbidden" }, id = "withdrawConsent", tags = tags,
      description = "Without the consent to the account itself, the account is suspended and its sessions end." },
  },
}
