-- host.server: requests as handlers see them, and the ways to answer, over real sockets.
local json = require "host.json"
local server = require "host.server"
local served_app = require "tests.support.served_app"
local task = require "host.task"

local APP = [==[
local json = require "host.json"
local metrics = require "host.metrics"
local server = require "host.server"
local task = require "host.task"

local ROUTES = {}

ROUTES["/fields"] = function(req)
  return 200, json.encode {
    method = req.method, path = req.path, target = req.target, query = req.query, scheme = req.scheme,
    version = req.version, service = req.service, id = req.id, remote = req.remote, length = req.length or json.null,
    one = req:header("x-one") or json.null, missing = req:header("x-missing") or json.null,
  }
end
ROUTES["/body"] = function(req)
  local body, err = req:body(10)
  if not body then return 413, err.code end
  return 200, body
end
ROUTES["/range"] = function(req)
  local first, last = req:range('"v1"', 100)
  return 200, json.encode { first == nil and "all" or first, last }
end
ROUTES["/pieces"] = function(req)
  local octets = 0
  for piece in function() return req:read(1e9) end do octets = octets + #piece end
  return 200, tostring(octets)
end
ROUTES["/stream"] = function(req)
  req:start(200, { ["x-lines"] = { "a", "b" }, ["x-number"] = 7 })
  for i = 1, 3 do
    task.sleep(0.001)
    assert(req:write("piece " .. i .. ";"))
  end
  req:finish { ["x-sum"] = "6" }
end
ROUTES["/raises"] = function() error("a mistake") end
ROUTES["/nothing"] = function() end
ROUTES["/bad-header"] = function() return 200, "", { ["x-a"] = "b\r\nSet-Cookie: c" } end

local prepared = { ["content-type"] = "text/csv", ["x-lines"] = { "a", "b" }, ["x-number"] = 7 }
local PREPARED = server.headers(prepared)
prepared["content-type"] = "text/html"
ROUTES["/prepared"] = function() return 200, "a,b", PREPARED end
ROUTES["/prepared-stream"] = function(req)
  req:start(200, PREPARED)
  req:finish()
end
ROUTES["/other-userdata"] = function() return 200, "", metrics.counter("spec_total", "a userdata of another kind") end
ROUTES["/own-header"] = function() return 200, "", { ["content-length"] = 5 } end
ROUTES["/file"] = function(req)
  local ok, err = req:file("hello.txt", { ["cache-control"] = "max-age=60" })
  if not ok then return 404, err.code end
end
ROUTES["/no-file"] = function(req)
  local _, err = req:file("none.txt")
  return 404, err.code
end
ROUTES["/counts"] = function() return 200, json.encode(server.counts()) end
ROUTES["/whoami"] = function() return 200, json.encode(server.whoami()) end
ROUTES["/swapped"] = function() return 200, server.swapped() end

local ended
ROUTES["/keep"] = function(req) ended = req return 200, "kept" end
ROUTES["/use-kept"] = function()
  local _, message = pcall(function() return ended.path end)
  return 200, tostring(message)
end

return { services = { spec = {
  handle = function(req)
    local route = ROUTES[req.path]
    if not route then return 404, "no such route" end
    req:label(req.method .. " " .. req.path)
    return route(req)
  end,
} } }
]==]

local app

setup(function() app = served_app.start(APP) end)
teardown(function() app:stop() end)

describe("a request", function()
  it("has its fields", function()
    local fields = json.decode(app:get("/fields?a=1&b=%20", { ["X-One"] = { "a", "b" } }).body)
    assert.equal("GET", fields.method)
    assert.equal("/fields", fields.path)
    assert.equal("/fields?a=1&b=%20", fields.target)
    assert.equal("a=1&b=%20", fields.query)
    assert.equal("http", fields.scheme)
    assert.equal("1.1", fields.version)
    assert.equal("spec", fields.service)
    assert.equal("127.0.0.1", fields.remote)
    assert.equal(json.null, fields.length)
    assert.equal("a, b", fields.one)
    assert.equal(json.null, fields.missing)
    assert.matches("^%x+$", fields.id)
    assert.equal(32, #fields.id)
  end)

  it("takes its id from a valid traceparent", function()
    local trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    local fields = json.decode(app:get("/fields", { traceparent = "00-" .. trace .. "-00f067aa0ba902b7-01" }).body)
    assert.equal(trace, fields.id)
    fields = json.decode(app:get("/fields", { traceparent = "00-" .. ("0"):rep(32) .. "-00f067aa0ba902b7-01" }).body)
    assert.not_equal(("0"):rep(32), fields.id)
  end)

  it("gives its body whole, up to a limit", function()
    assert.equal("0123456789", assert(app:request { path = "/body", body = "0123456789" }).body)
    local refused = assert(app:request { path = "/body", body = "0123456789a" })
    assert.equal(413, refused.status)
    assert.equal("too_large", refused.body)
    assert.equal("", app:get("/body").body)
  end)

  it("gives its body in pieces, however long", function()
    assert.equal("3000000", assert(app:request { path = "/pieces", body = ("x"):rep(3000000) }).body)
  end)

  it("says which part it asks for", function()
    local function asked(range, if_range)
      return json.decode(app:get("/range", { range = range, ["if-range"] = if_range }).body)
    end
    assert.same({ "all" }, asked())
    assert.same({ 10, 19 }, asked("bytes=10-19"))
    assert.same({ 90, 99 }, asked("bytes=90-1000"))
    assert.same({ 95, 99 }, asked("bytes=-5"))
    assert.same({ false }, asked("bytes=100-"))
    assert.same({ "all" }, asked("bytes=1-2,4-5"))
    assert.same({ 1, 2 }, asked("bytes=1-2", '"v1"'))
    assert.same({ "all" }, asked("bytes=1-2", '"v2"'))
    assert.same({ "all" }, asked("bytes=1-2", 'W/"v1"'))
  end)

  it("is no longer usable once it has ended", function()
    app:get("/keep")
    assert.matches("this request has ended", app:get("/use-kept").body)
  end)
end)

describe("an answer", function()
  it("may come in pieces, with several lines of a header", function()
    local response = app:get("/stream")
    assert.equal("piece 1;piece 2;piece 3;", response.body)
    assert.equal("a, b", response.headers["x-lines"])
    assert.equal("7", response.headers["x-number"])
  end)

  it("of a handler that raises is 500, and the log has the place", function()
    assert.equal(500, app:get("/raises").status)
    assert.matches("app.lua:%d+: a mistake", app:log())
  end)

  it("is 500 when the handler gives none or a malformed one", function()
    assert.equal(500, app:get("/nothing").status)
    assert.equal(500, app:get("/bad-header").status)
    assert.equal(500, app:get("/own-header").status)
  end)

  it("may have headers that were prepared, which no longer follow their table", function()
    for _ = 1, 2 do
      local response = app:get("/prepared")
      assert.equal("a,b", response.body)
      assert.equal("text/csv", response.headers["content-type"])
      assert.equal("a, b", response.headers["x-lines"])
      assert.equal("7", response.headers["x-number"])
    end
    assert.equal("text/csv", app:get("/prepared-stream").headers["content-type"])
  end)

  it("takes no other userdata for prepared headers", function()
    assert.equal(500, app:get("/other-userdata").status)
    assert.matches("neither a table nor made by server.headers", app:log())
  end)

  it("may be a file", function()
    local response = app:get("/file")
    assert.equal("hello, file\n", response.body)
    assert.equal("max-age=60", response.headers["cache-control"])
    assert.equal("text/plain; charset=utf-8", response.headers["content-type"])
    assert.equal(304, app:get("/file", { ["If-None-Match"] = response.headers.etag }).status)
    assert.equal("not_found", app:get("/no-file").body)
    assert.equal("hello, file\n", app:get("/static/hello.txt").body)
  end)
end)

describe("server.headers", function()
  local REFUSED = {
    ["a line break"] = { { ["x-a"] = "b\r\nSet-Cookie: c" }, "control characters" },
    ["a name that is no token"] = { { ["x a"] = "b" }, "name is not valid" },
    ["a name that is no string"] = { { "b" }, "name is no string" },
    ["a value that is no text"] = { { ["x-a"] = true }, "neither a string nor a number" },
    ["a line that the core writes itself"] = { { ["content-length"] = "5" }, "written by the core itself" },
    ["what is no table"] = { "x-a: b", "table expected" },
  }
  for what, row in pairs(REFUSED) do
    it("refuses " .. what, function() assert.error_matches(function() server.headers(row[1]) end, row[2]) end)
  end

  it("cannot be changed or read", function()
    local made = server.headers { ["x-a"] = "b" }
    assert.has_error(function() made["x-a"] = "c" end)
    assert.has_error(function() return made["x-a"] end)
  end)
end)

describe("the module", function()
  it("tells counts and who answers", function()
    local counts = json.decode(app:get("/counts").body)
    assert.is_true(counts.requests >= 1)
    assert.equal(1, counts.generations)
    local who = json.decode(app:get("/whoami").body)
    assert.equal(0, who.worker)
    assert.is_false(who.draining)
  end)

  it("wakes who waits for the next generation", function()
    local before = json.decode(app:get("/whoami").body).generation
    local results = task.all {
      function() return app:get("/swapped").body end,
      function()
        task.sleep(0.05)
        return app:reload()
      end,
    }
    assert.equal("reload", results[1])
    assert.is_true(results[2])
    assert.equal(before + 1, json.decode(app:get("/whoami").body).generation)
  end)
end)
