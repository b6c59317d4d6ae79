-- host.http against a server of the test's own (tests/support/http_peer.py), on real sockets.
local http = require "host.http"
local task = require "host.task"

local base, peer, address

setup(function()
  -- Written to: the peer ends when this pipe does. Its port comes through a file.
  address = os.tmpname()
  peer = assert(io.popen("/usr/bin/python3 tests/support/http_peer.py >" .. address, "w"))
  local port
  for _ = 1, 3000 do
    local file = assert(io.open(address))
    port = file:read("*l")
    file:close()
    if port then break end
    task.sleep(0.01)
  end
  base = "http://127.0.0.1:" .. assert(port, "the peer did not start")
end)

teardown(function()
  peer:close()
  os.remove(address)
end)

local function get(path, options)
  options = options or {}
  options.url = base .. path
  return http.request(options)
end

local function code_of(path, options)
  local response, err = get(path, options)
  assert.is_nil(response)
  return err.code
end

describe("a request", function()
  it("gives status, headers and body", function()
    local response = assert(get("/text"))
    assert.equal(200, response.status)
    assert.equal("text", response.body)
    assert.equal("4", response.headers["content-length"])
    assert.equal(404, assert(get("/nowhere")).status)
  end)

  it("joins headers of one name, and invents none", function()
    local response = assert(get("/headers", { headers = { ["X-Test"] = { "a", "b" }, Cookie = "c=1" } }))
    assert.equal("1, 2", response.headers["x-two"])
    assert.equal("[('X-Test', ['a', 'b']), ('Cookie', ['c=1']), ('Content-Type', None), ('Expect', None)]",
      response.body)
  end)

  it("sends bodies as they are", function()
    assert.equal("POST None a\0b", assert(get("/echo", { body = "a\0b" })).body)
    assert.equal("PUT text/x y", assert(get("/echo", { method = "PUT", body = "y",
      headers = { ["Content-Type"] = "text/x" } })).body)
    assert.equal("DELETE None ", assert(get("/echo", { method = "DELETE" })).body)
    local large = ("0123456789abcdef"):rep(65536)
    assert.equal("POST None " .. large, assert(get("/echo", { body = large })).body)
    assert.equal("", assert(get("/text", { method = "HEAD" })).body or "")
  end)

  it("follows redirects only if asked to", function()
    assert.equal(302, assert(get("/redirect")).status)
    assert.equal("text", assert(get("/redirect", { redirects = 1 })).body)
    assert.equal("forbidden", code_of("/redirect-loop", { redirects = 3 }))
  end)

  it("raises what may not stand in a request", function()
    for _, headers in ipairs { { Host = "x" }, { ["Content-Length"] = "5" }, { A = "x\r\nB: y" }, { ["A B"] = "x" } } do
      assert.has_error(function() get("/text", { headers = headers }) end)
    end
    assert.has_error(function() http.request {} end)
    assert.has_error(function() get("/text", { timeout = -1 }) end)
  end)
end)

describe("failures", function()
  it("have their codes", function()
    assert.equal("too_large", code_of("/big"))
    assert.equal("timeout", code_of("/silent", { timeout = 0.2 }))
    assert.equal("timeout", code_of("/stalled", { idle_timeout = 0.2 }))
    assert.equal("closed", code_of("/cut"))
    local function of_url(url)
      local _, err = http.request { url = url }
      return err.code
    end
    assert.equal("bad_url", of_url("file:///etc/passwd"))
    assert.equal("bad_url", of_url("gopher://127.0.0.1/"))
    assert.equal("bad_url", of_url("nonsense"))
    assert.equal("dns", of_url("http://name.invalid/"))
    assert.equal("tls", of_url((base:gsub("^http:", "https:"))))
    assert.equal("bad_url", code_of("/text", { method = "GET /x" }))
  end)

  it("keep requests that users direct from private addresses", function()
    assert.equal("forbidden", code_of("/text", { public_only = true }))
    local _, err = http.request { url = base:gsub("127%.0%.0%.1", "localhost"), public_only = true }
    assert.equal("forbidden", err.code)
  end)

  it("include the task's own end: the request goes with it", function()
    local _, err = task.within(0.05, function() return get("/silent") end)
    assert.equal("deadline", err.code)
    assert.equal("text", assert(get("/text")).body)
  end)
end)

describe("a streamed body", function()
  local function read_all(response)
    local pieces = {}
    for piece in function() return response:read() end do pieces[#pieces + 1] = piece end
    return table.concat(pieces)
  end

  it("comes piece by piece", function()
    local response = assert(get("/pieces", { stream = true }))
    assert.equal(200, response.status)
    assert.is_nil(response.body)
    assert.equal("onetwothree", read_all(response))
    assert.is_nil(response:read())
  end)

  it("waits for a slow reader without growing", function()
    local response = assert(get("/big", { stream = true }))
    local octets, largest = 0, 0
    for piece in function() return response:read() end do
      octets, largest = octets + #piece, math.max(largest, #piece)
      if octets < 2 ^ 20 then task.sleep(0.01) end
    end
    assert.equal(20 * 2 ^ 20, octets)
    assert.is_true(largest < 2 ^ 20)
  end)

  it("can be left early", function()
    local response = assert(get("/big", { stream = true }))
    assert(response:read())
    response:close()
    assert.is_nil(response:read())
  end)

  it("tells a failure where the body ends", function()
    local response = assert(get("/stalled", { stream = true, idle_timeout = 0.2 }))
    assert.equal("half", response:read())
    local piece, err = response:read()
    assert.is_nil(piece)
    assert.equal("timeout", err.code)
    response, err = get("/big", { stream = true, limit = 100000 })
    if response then -- else too much was there before the head was told
      repeat piece, err = response:read() until not piece
    end
    assert.equal("too_large", err.code)
  end)
end)

describe("many requests", function()
  it("run side by side", function()
    local jobs = {}
    for i = 1, 50 do
      jobs[i] = function() return assert(get("/echo", { body = tostring(i) })).body end
    end
    for i, body in ipairs(task.all(jobs)) do assert.equal("POST None " .. i, body) end
  end)
end)
