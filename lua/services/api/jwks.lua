-- services/api/jwks.lua: what others verify our access tokens with (RFC 7517).

local guard = require "web.guard"
local keyring = require "web.keyring"
local schema = require "web.schema"

local Keys = schema.named("JsonWebKeys", schema.object { keys = schema.array(schema.any(), 0, 100) })

local function show()
  return keyring.published()
end

return {
  ["/.well-known/jwks.json"] = {
    GET = { "Public keys of access tokens", guard.public(show), out = Keys, cache = "public, max-age=300",
      id = "showPublicKeys", tags = { "Accounts" } },
  },
}
