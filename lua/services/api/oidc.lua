-- services/api/oidc.lua: logging in by another provider, and linking one to the own account. The client opens the
-- address that it is given; the provider sends the person back to redirect_uri with state and code; the client compares
-- state with what it was given and brings both here.

local guard = require "web.guard"
local identity = require "model.identity"
local oidc = require "web.oidc"
local opened = require "services.api.opened"
local schema = require "web.schema"
local session = require "model.session"

local describe, optional = schema.describe, schema.optional

local name = schema.text(1, 50, { pattern = "%l[%l%d-]*", json_pattern = "^[a-z][a-z0-9-]*$",
  pattern_says = "expected a provider's name", example = "roblox" })

local Begin = schema.object { redirect_uri = describe(schema.url(), "One of those that the installation allows") }
local Begun = schema.named("ProviderLogIn", schema.object {
  address = describe(schema.url(4000), "Open this"), state = schema.text(1, 200),
})
local Finish = schema.object { state = schema.text(1, 200), code = schema.text(1, 2000) }
local FinishLogIn = schema.extend(Finish, {
  role = describe(optional(schema.enum { "student", "teacher", "parent" }), "Opens an account if there is none"),
  birth_date = describe(optional(schema.date()), "Needed of students who have no account yet"),
})

local Provider = schema.named("Provider", schema.object { name = name, title = schema.text(1, 100) })
local Providers = schema.named("Providers", schema.object { items = schema.array(Provider, 0, 100) })
local Identity = schema.named("Identity", schema.object { provider = name, created_at = schema.time() })
local Identities = schema.named("Identities", schema.object { items = schema.array(Identity, 0, 100) })

local function list_providers()
  return { items = oidc.providers() }
end

local function begin(req, user_id)
  local called = req.params.provider
  local provider, unknown = oidc.provider(called)
  if not provider then return nil, unknown end
  if not oidc.may_return(called, req.body.redirect_uri) then
    return nil, { code = "invalid", message = "this address is not allowed", field = "redirect_uri" }
  end
  local login, err = identity.begin(called, req.body.redirect_uri, user_id)
  if not login then return nil, err end
  local address, failure = oidc.address(provider, login)
  if not address then return nil, failure end
  return { address = address, state = login.state }
end

-- The claims of whoever came back.
local function claims_of(req, user_id)
  local called = req.params.provider
  local provider, unknown = oidc.provider(called)
  if not provider then return nil, unknown end
  local login, err = identity.take(called, req.body.state, user_id)
  if not login then return nil, err end
  return oidc.identify(provider, login, req.body.code)
end

---@param req api.beginProviderLogIn
local function begin_log_in(req)
  return begin(req, nil)
end

---@param req api.finishProviderLogIn
local function finish_log_in(req)
  local claims, err = claims_of(req, nil)
  if not claims then return opened.finish(nil, err) end
  local called = req.params.provider
  local account, missing = identity.account(called, claims)
  if not account and missing.code == "not_found" and req.body.role then
    account, missing = identity.sign_up(called, claims, req.body.role, req.body.birth_date)
  end
  if not account then
    if missing.code ~= "not_found" then return nil, missing end
    return nil, { code = "forbidden", message = "No account is linked to this one: log in and link it, or say a role" }
  end
  return opened.finish(session.admit(account, opened.where(req)))
end

---@param req api.beginLink
local function begin_link(req)
  return begin(req, req.user.id)
end

---@param req api.finishLink
local function finish_link(req)
  local claims, err = claims_of(req, req.user.id)
  if not claims then return opened.finish(nil, err) end
  local done, failure = identity.link(req.user, req.params.provider, claims)
  if not done then return nil, failure end
  return 204
end

---@param req api.listIdentities
local function list_links(req)
  local items, err = identity.list(req.user)
  if not items then return nil, err end
  return { items = items }
end

---@param req api.removeLink
local function unlink(req)
  local done, err = identity.unlink(req.user, req.params.provider)
  if not done then return nil, err end
  return 204
end

local public, signed_in = guard.public, guard.signed_in
local tags = { "Other providers" }
local params = { provider = name }

return {
  ["/auth/providers"] = {
    GET = { "List the providers that one may log in by", public(list_providers), out = Providers, id = "listProviders",
      tags = tags },
  },
  ["/auth/providers/{provider}"] = {
    POST = { "Begin to log in by a provider", public(begin_log_in), params = params, body = Begin, out = Begun,
      limit = "auth", errors = { "upstream", "not_found" }, id = "beginProviderLogIn", tags = tags },
  },
  ["/auth/providers/{provider}/finish"] = {
    POST = { "Log in with what the provider sent back", public(finish_log_in), params = params, body = FinishLogIn,
      out = opened.LoggedIn, limit = "auth", errors = { "upstream", "not_found", "unauthenticated", "forbidden",
      "conflict" }, id = "finishProviderLogIn", tags = tags },
  },
  ["/me/identities"] = {
    GET = { "List the providers linked to one's account", signed_in(list_links), out = Identities,
      id = "listIdentities", tags = tags },
  },
  ["/me/identities/{provider}"] = {
    POST = { "Begin to link a provider to one's account", signed_in(begin_link), params = params, body = Begin,
      out = Begun, limit = "auth", errors = { "upstream", "not_found" }, id = "beginLink", tags = tags },
    DELETE = { "Take a link away", signed_in(unlink), params = params, errors = { "not_found", "conflict" },
      id = "removeLink", tags = tags },
  },
  ["/me/identities/{provider}/finish"] = {
    POST = { "Link with what the provider sent back", signed_in(finish_link), params = params, body = Finish,
      limit = "auth", errors = { "upstream", "not_found", "unauthenticated", "conflict" }, id = "finishLink",
      tags = tags },
  },
}
