-- Tokens and cookies: who is let in, and who no longer.

local jwt = require "host.jwt"
local settings = require "host.settings"
local tokens = require "web.session"

local USER = { id = "0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b", role = "teacher", name = "Ada" }

local function request(method, headers)
  local http = { host = "school.example" }
  function http:header(name) return headers[name] end
  local req = { http = http, method = method }
  function req:header(name) return headers[name] end
  function req:cookie() return headers.cookie end
  return req
end

local function bearer(token)
  return tokens.bearer.check(request("GET", { authorization = "Bearer " .. token }))
end

describe("web.session", function()
  setup(tokens.filled)

  it("knows the person of its own tokens", function()
    local user = assert(bearer(tokens.issue(USER, "session-1")))
    assert.same({ id = USER.id, role = "teacher", session_id = "session-1" },
      { id = user.id, role = user.role, session_id = user.session_id })
    assert.is_nil(user.school_id)
    assert.is_nil(user.name)
  end)

  it("refuses tokens of ended sessions, and no others", function()
    local ended, other = tokens.issue(USER, "session-2"), tokens.issue(USER, "session-3")
    tokens.end_session("session-2")
    local user, err = bearer(ended)
    assert.is_nil(user)
    assert.equal("unauthenticated", err.code)
    assert.truthy(bearer(other))
  end)

  it("refuses changed tokens, tokens for pages and no token at all", function()
    local token = tokens.issue(USER, "session-4")
    assert.is_nil((bearer(token:gsub(".$", function(c) return c == "A" and "B" or "A" end))))
    assert.is_nil((bearer(tokens.cookie(USER, "session-4", 3600):match("=([^;]+)"))))
    assert.is_nil((bearer("")))
    assert.is_nil((tokens.bearer.check(request("GET", {}))))
    assert.is_nil((tokens.bearer.check(request("GET", { authorization = "Basic " .. token }))))
  end)

  it("refuses what its secret has signed with another key's name, or without an end", function()
    local claims = { iss = "toolboxai", aud = "api", sub = USER.id, sid = "session-4", role = "teacher" }
    local key = { alg = "HS256", key = settings.token_secret }
    assert.is_nil((bearer(jwt.sign(claims, key))))
    claims.exp = os.time() + 60
    assert.truthy(bearer(jwt.sign(claims, key)))
    assert.is_nil((bearer(jwt.sign(claims, key, "another"))))
  end)

  local pages = tokens.pages(function() return nil, { code = "unauthenticated" } end, 3600)
  local cookie = tokens.cookie(USER, "session-5", 3600):match("=([^;]+)")

  it("knows people by their cookie and lets them change things with the form's token only", function()
    local user = assert(pages.check(request("GET", { cookie = cookie })))
    assert.equal("Ada", user.name)
    local _, err = pages.check(request("POST", { cookie = cookie }))
    assert.equal("forbidden", err.code)
    local headers = { cookie = cookie, ["x-csrf-token"] = tokens.csrf(user) }
    assert.truthy(pages.check(request("POST", headers)))
    headers["sec-fetch-site"] = "cross-site"
    _, err = pages.check(request("POST", headers))
    assert.equal("forbidden", err.code)
    headers["sec-fetch-site"], headers.origin = nil, "https://evil.example"
    _, err = pages.check(request("POST", headers))
    assert.equal("forbidden", err.code)
    headers.origin = "https://school.example"
    assert.truthy(pages.check(request("POST", headers)))
  end)

  it("sets cookies that scripts cannot read", function()
    local text = tokens.cookie(USER, "session-6", 60)
    for _, word in ipairs { "HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=60" } do
      assert.truthy(text:find(word, 1, true), word)
    end
    assert.matches("Max%-Age=0", tokens.no_cookie())
  end)
end)
