-- The wire's rules, seen from outside a service: which status for which request.

local errors = require "web.errors"
local guard = require "web.guard"
local json = require "host.json"
local permission = require "web.permission"
local router = require "web.router"
local schema = require "web.schema"
local secure = require "web.secure"

local THING = "0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b"

-- What the core hands to handle(): the fields and methods of lua/host/server.lua that the router uses.
local function http(method, path, options)
  options = options or {}
  local made = {
    method = method, path = path, target = path, query = options.query or "", id = ("0"):rep(32), remote = "192.0.2.1",
    headers_given = options.headers or {},
  }
  if options.body and not made.headers_given["content-type"] then
    made.headers_given["content-type"] = "application/json"
  end
  function made:header(name) return self.headers_given[name] end
  function made:label(label) self.labelled = label end
  function made:body() -- luacheck: ignore 212
    if options.fails then return nil, { code = options.fails, message = "" } end
    return options.body or ""
  end
  return made
end

local Thing = schema.object { id = schema.id(), name = schema.text(1, 10) }
local New = schema.object { name = schema.text(1, 10) }

local seen

local function service(more)
  local routes = {
    ["/things"] = {
      GET = { "List things", guard.public(function(req)
        seen = req.query
        return { items = {}, next = json.null }
      end), out = schema.list(Thing), query = { limit = schema.optional(schema.integer(1, 100), 20) } },
      POST = { "Make a thing", guard.role("teacher", function(req)
        return { id = THING, name = req.body.name, revision = 1 }
      end), body = New, out = Thing, creates = true },
    },
    ["/things/{thing_id}"] = {
      GET = { "Show a thing", guard.signed_in(function(req)
        if req.params.thing_id ~= THING then return nil, errors.new("not_found") end
        return { id = THING, name = "x", revision = 7, secret = "s" }
      end), out = Thing },
      PATCH = { "Change a thing", guard.signed_in(function(req)
        if req.revision and req.revision ~= 7 then return nil, errors.new("stale") end
        return { id = THING, name = req.body.name, revision = 8 }
      end), body = schema.partial(New), out = Thing },
      DELETE = { "Delete a thing", guard.signed_in(function() return 204 end) },
    },
    ["/broken"] = { GET = { "Raises", guard.public(function() error("boom") end), out = Thing } },
    ["/field"] = { GET = { "Refuses a field", guard.public(function()
      return nil, { code = "conflict", message = "this login is taken", field = "login" }
    end), out = Thing } },
  }
  local made = {
    name = "test", resources = { routes },
    schemes = { user = { check = function(req)
      local who = req:header("authorization")
      if not who then return nil end
      return { id = THING, role = who }
    end } },
  }
  for name, value in pairs(more or {}) do made[name] = value end
  return router.new(made)
end

local function ask(method, path, options)
  local status, body, headers = service().handle(http(method, path, options))
  return status, body and json.decode(body) or body, headers or {}
end

local teacher = { authorization = "teacher" }

local function as(who, more)
  local headers = { authorization = who }
  for name, value in pairs(more or {}) do headers[name] = value end
  return headers
end

describe("web.router", function()
  setup(function()
    permission.use { { role = "teacher", permission = "teach" }, { role = "admin", permission = "teach" } }
  end)

  it("answers a list with its defaults filled in", function()
    local status, body, headers = ask("GET", "/things")
    assert.equal(200, status)
    assert.same({}, body.items)
    assert.same({ limit = 20 }, seen)
    assert.equal("application/json", headers["content-type"])
  end)

  it("sends only the fields that were asked for, and refuses others", function()
    local made = service { sparse = true }
    local function fields(names)
      local status, body = made.handle(http("GET", "/things/" .. THING,
        { headers = teacher, query = "fields=" .. names }))
      return status, json.decode(body)
    end
    assert.same({ 200, { name = "x" } }, { fields "name" })
    assert.same({ 200, { id = THING, name = "x" } }, { fields "name,id" })
    assert.equal(422, (fields "secret"))
  end)

  it("puts the service's headers on every answer, and tells browsers to insist on TLS where there is TLS", function()
    local routes = { ["/file"] = { GET = { "A file", guard.public(function()
      return 200, "text", { ["content-type"] = "text/plain", ["referrer-policy"] = "origin" }
    end), raw = true } } }
    local made = router.new { name = "test", resources = { routes }, headers = secure.data }
    made.equip { public_url = "https://school.example" }
    local _, _, file = made.handle(http("GET", "/file"))
    local _, _, problem = made.handle(http("GET", "/nothing"))
    for _, headers in ipairs { file, problem } do
      assert.equal("nosniff", headers["x-content-type-options"])
      assert.matches("^max%-age=%d+", headers["strict-transport-security"])
    end
    assert.equal("origin", file["referrer-policy"])
    assert.is_nil(select(3, service { headers = secure.data }.equip { public_url = "http://localhost" }
      .handle(http("GET", "/things")))["strict-transport-security"])
  end)

  it("refuses unknown paths with 404 and wrong methods with 405 and Allow", function()
    assert.equal(404, (ask("GET", "/nothing")))
    assert.equal(404, (ask("GET", "/things/")))
    local status, body, headers = ask("PUT", "/things")
    assert.equal(405, status)
    assert.equal("method_not_allowed", body.code)
    assert.equal("GET, HEAD, POST, OPTIONS", headers.allow)
  end)

  it("answers HEAD wherever GET is, OPTIONS everywhere", function()
    assert.equal(200, (ask("HEAD", "/things")))
    local status, _, headers = ask("OPTIONS", "/things/" .. THING)
    assert.equal(204, status)
    assert.equal("GET, HEAD, PATCH, DELETE, OPTIONS", headers.allow)
    assert.equal(204, (ask("OPTIONS", "*")))
  end)

  it("asks who calls before it looks at the input", function()
    local status, body, headers = ask("POST", "/things", { body = "{" })
    assert.equal(401, status)
    assert.equal("Bearer", headers["www-authenticate"])
    assert.equal("application/problem+json", headers["content-type"])
    assert.equal("unauthenticated", body.code)
    assert.equal(403, (ask("POST", "/things", { body = "{", headers = as("student") })))
  end)

  it("gives an admin a teacher's rights", function()
    assert.equal(201, (ask("POST", "/things", { body = '{"name":"a"}', headers = as("admin") })))
  end)

  it("tells 400 from 422", function()
    assert.equal(400, (ask("POST", "/things", { body = "{", headers = as("teacher") })))
    assert.equal(400, (ask("GET", "/things", { query = "limit=%zz" })))
    local status, body = ask("POST", "/things", { body = '{"name":"", "size":1}', headers = as("teacher") })
    assert.equal(422, status)
    assert.same({ "#/size unknown", "#/name length" }, {
      body.errors[1].pointer .. " " .. body.errors[1].code, body.errors[2].pointer .. " " .. body.errors[2].code,
    })
  end)

  it("tells what fits the schema, and is refused by a model, from what breaks it", function()
    local routes = { ["/things"] = { POST = { "Make", guard.public(function()
      return nil, { code = "invalid", message = "no such class", field = "class_id" }
    end), body = New, out = Thing, creates = true } } }
    local made = router.new { name = "refusing", resources = { routes } }
    local status, body = made.handle(http("POST", "/things", { body = '{"name":"a"}' }))
    local problem = json.decode(body)
    assert.same({ 409, "refused", "#/class_id" }, { status, problem.code, problem.errors[1].pointer })
  end)

  it("names parameters", function()
    local status, body = ask("GET", "/things", { query = "limit=1000&x=1" })
    assert.equal(422, status)
    assert.equal("x", body.errors[1].parameter)
    assert.equal("limit", body.errors[2].parameter)
    status, body = ask("GET", "/things", { query = "limit=1&limit=2" })
    assert.equal(422, status)
    assert.equal("repeated", body.errors[1].code)
    status, body = ask("GET", "/things/no-uuid", { headers = teacher })
    assert.equal(422, status)
    assert.equal("thing_id", body.errors[1].parameter)
  end)

  it("takes a refusal that a route does not declare for a mistake, where answers are checked", function()
    local function refusing(declared)
      local route = { "Refuses", guard.public(function() return nil, errors.new("conflict") end), out = Thing,
        id = "refuse", errors = declared }
      local made = router.new { name = "test", resources = { { ["/refusing"] = { GET = route } } }, schemes = {} }
      made.equip { check_answers = true }
      return (made.handle(http("GET", "/refusing")))
    end
    assert.equal(409, refusing { "conflict" })
    assert.equal(500, refusing())
  end)

  it("honours If-Match wherever it is sent", function()
    local function status(method, tags, body)
      return (ask(method, "/things/" .. THING, { headers = as("teacher", { ["if-match"] = tags }), body = body }))
    end
    local shown = select(3, ask("GET", "/things/" .. THING, { headers = teacher })).etag
    assert.equal(200, status("GET", '"1-x", ' .. shown))
    assert.equal(412, status("GET", "W/" .. shown))
    assert.equal(400, status("GET", "7"))
    local forged = shown:sub(1, -3) .. (shown:sub(-2, -2) == "A" and "B" or "A") .. '"'
    local given = {
      ["*"] = "done", [shown] = "done", ['"6-x", ' .. shown .. ', "8-x"'] = "done", [forged] = 412, ['"7-x"'] = 412,
      ["W/" .. shown] = 412, ['"6-x", "8-x"'] = 412, ["7"] = 400,
    }
    for tags, expected in pairs(given) do
      assert.equal(expected == "done" and 200 or expected, status("PATCH", tags, '{"name":"a"}'), tags)
      assert.equal(expected == "done" and 204 or expected, status("DELETE", tags), tags)
    end
  end)

  it("hands the revision that was seen to the handler, which compares it once more", function()
    local seen_revision
    local routes = { ["/things/{thing_id}"] = {
      GET = { "Show", guard.public(function() return { id = THING, name = "x", revision = 7 } end), out = Thing },
      PATCH = { "Change", guard.public(function(req)
        seen_revision = req.revision
        return nil, errors.new("stale")
      end), body = schema.partial(New), out = Thing },
    } }
    local made = router.new { name = "late", resources = { routes } }
    local path = "/things/" .. THING
    local tag = select(3, made.handle(http("GET", path))).etag
    assert.equal(412, (made.handle(http("PATCH", path, { body = '{"name":"a"}', headers = { ["if-match"] = tag } }))))
    assert.equal(7, seen_revision)
  end)

  it("refuses to load what asks for a tag that nothing shows", function()
    local routes = { ["/things/{thing_id}"] = {
      PATCH = { "Change", guard.public(function() end), body = schema.partial(New), out = Thing },
    } }
    assert.has_error(function() router.new { name = "blind", resources = { routes } } end)
  end)

  it("gives what is made the tag that it is shown with, and keeps secrets out of caches", function()
    local object = { id = THING, name = "x", revision = 0 }
    local Ticket = schema.object { secret = schema.text(1, 10), thing = Thing }
    local routes = {
      ["/things"] = { POST = { "Make", guard.public(function()
        return 201, { secret = "s", thing = object }, { location = "/things/" .. THING }
      end), out = Ticket, creates = true, made = "thing" } },
      ["/things/{thing_id}"] = { GET = { "Show", guard.public(function() return object end), out = Thing } },
    }
    local made = router.new { name = "tickets", resources = { routes } }
    local _, _, created = made.handle(http("POST", "/things"))
    local _, _, shown = made.handle(http("GET", created.location))
    assert.equal(shown.etag, created.etag)
    assert.same({ "no-store", "private, no-cache" }, { created["cache-control"], shown["cache-control"] })
  end)

  it("refuses other media types, also when none is named", function()
    local plain = as("teacher", { ["content-type"] = "text/plain" })
    assert.equal(415, (ask("POST", "/things", { body = "x", headers = plain })))
    assert.equal(415, (ask("POST", "/things", { headers = as("teacher") })))
    local gzip = as("teacher", { ["content-type"] = "application/json", ["content-encoding"] = "gzip" })
    local status, _, answered = ask("POST", "/things", { body = "{}", headers = gzip })
    assert.same({ 415, "identity" }, { status, answered["accept-encoding"] })
    assert.equal(201, (ask("POST", "/things", {
      body = '{"name":"a"}', headers = as("teacher", { ["content-type"] = "application/json; charset=UTF-8" }),
    })))
  end)

  it("refuses what it cannot answer with", function()
    assert.equal(406, (ask("GET", "/things", { headers = { accept = "text/html" } })))
    assert.equal(406, (ask("GET", "/things", { headers = { accept = "*/*, application/json;q=0" } })))
    for _, accept in ipairs { "text/html, application/*;q=0.1", "", " ," } do
      assert.equal(200, (ask("GET", "/things", { headers = { accept = accept } })), accept)
    end
  end)

  it("passes the body's own failures on", function()
    assert.equal(413, (ask("POST", "/things", { body = "x", fails = "too_large", headers = as("teacher") })))
    assert.equal(408, (ask("POST", "/things", { body = "x", fails = "timeout", headers = as("teacher") })))
  end)

  it("sets Location and ETag on what was made", function()
    local status, body, headers = ask("POST", "/things", { body = '{"name":"a"}', headers = as("teacher") })
    assert.equal(201, status)
    assert.same({ id = THING, name = "a" }, body)
    assert.equal("/things/" .. THING, headers.location)
    assert.matches('^"1%-[%w_-]+"$', headers.etag)
  end)

  it("answers 304 to who has it already", function()
    local path = "/things/" .. THING
    local _, body, headers = ask("GET", path, { headers = teacher })
    assert.is_nil(body.secret)
    local status, empty, again = ask("GET", path, { headers = as("teacher", { ["if-none-match"] = headers.etag }) })
    assert.equal(304, status)
    assert.is_nil(empty)
    assert.equal(headers.etag, again.etag)
    assert.equal(200, (ask("GET", path, { headers = as("teacher", { ["if-none-match"] = '"other"' }) })))
  end)

  it("wants If-Match on PATCH", function()
    local path, body = "/things/" .. THING, '{"name":"b"}'
    assert.equal(428, (ask("PATCH", path, { body = body, headers = teacher })))
    assert.equal(200, (ask("PATCH", path, { body = body, headers = as("teacher", { ["if-match"] = "*" }) })))
  end)

  it("answers 204 without a body or a type", function()
    local status, body, headers = ask("DELETE", "/things/" .. THING, { headers = teacher })
    assert.equal(204, status)
    assert.is_nil(body)
    assert.is_nil(headers["content-type"])
  end)

  it("turns what a handler raises into 500 without telling it", function()
    local status, body = ask("GET", "/broken")
    assert.equal(500, status)
    assert.is_nil(body.detail)
  end)

  it("names the field that a model refuses", function()
    local status, body = ask("GET", "/field")
    assert.equal(409, status)
    assert.equal("#/login", body.errors[1].pointer)
    assert.equal("this login is taken", body.detail)
  end)

  it("labels requests with their route", function()
    local request = http("GET", "/things/" .. THING)
    service().handle(request)
    assert.equal("GET /things/{thing_id}", request.labelled)
  end)

  it("lets pages of listed origins read", function()
    local listed = service { origins = { "https://a.example" } }
    local _, _, headers = listed.handle(http("GET", "/things", { headers = { origin = "https://a.example" } }))
    assert.equal("https://a.example", headers["access-control-allow-origin"])
    _, _, headers = listed.handle(http("GET", "/things", { headers = { origin = "https://b.example" } }))
    assert.is_nil(headers["access-control-allow-origin"])
    local status
    status, _, headers = listed.handle(http("OPTIONS", "/things", {
      headers = { origin = "https://a.example", ["access-control-request-method"] = "POST" },
    }))
    assert.equal(204, status)
    assert.equal("GET, HEAD, POST, OPTIONS", headers["access-control-allow-methods"])
  end)
end)

describe("what does not load", function()
  local function loads(routes)
    return pcall(router.new, { name = "test", resources = { routes }, schemes = {} })
  end

  it("a route that does not say who may call it, with file and line", function()
    local ok, message = loads { ["/open"] = { GET = { "Open", function() return 200 end } } }
    assert.is_false(ok)
    assert.matches("router_spec.lua:%d+: route GET /open does not say who may call it", message)
  end)

  it("a guard of a scheme that the service lacks", function()
    local ok, message = loads { ["/a"] = { GET = { "A", guard.by("robot", function() end) } } }
    assert.is_false(ok)
    assert.matches('wants the scheme "robot"', message)
  end)

  it("two paths that are the same", function()
    local function same() return 200 end
    local ok, message = loads {
      ["/a/{x}"] = { GET = { "A", guard.public(same) } }, ["/a/{y}"] = { PUT = { "B", guard.public(same) } },
    }
    assert.is_false(ok)
    assert.matches("are the same", message)
  end)
end)
