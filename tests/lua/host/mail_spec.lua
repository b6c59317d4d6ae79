-- host.mail against a server of the test's own (tests/support/smtp_peer.py), on real sockets.
local json = require "host.json"
local mail = require "host.mail"
local task = require "host.task"

local server, peer, output

local function lines()
  local list = {}
  for line in io.lines(output) do list[#list + 1] = line end
  return list
end

setup(function()
  -- Written to: the peer ends when this pipe does. What it says comes through a file.
  output = os.tmpname()
  peer = assert(io.popen("/usr/bin/python3 tests/support/smtp_peer.py >" .. output, "w"))
  for _ = 1, 3000 do
    if lines()[1] then break end
    task.sleep(0.01)
  end
  server = "smtp://127.0.0.1:" .. assert(lines()[1], "the peer did not start")
end)

teardown(function()
  peer:close()
  os.remove(output)
end)

local function send(given)
  local options = { server = server, from = "school@example.org", to = "ada@example.org", tls = "none",
    message = "Subject: Hello\r\n\r\nText.\r\n" }
  for name, value in pairs(given or {}) do options[name] = value end
  return mail.send(options)
end

-- The peer writes a message before it answers, so it is there when send returns.
local function last()
  local list = lines()
  return json.decode(list[#list])
end

describe("a message", function()
  it("is taken as it was given, dots and all", function()
    local text = "Subject: Hello\r\n\r\n.one\r\n..two\r\n.\r\nEnd.\r\n"
    assert.is_true(send { message = text })
    local got = last()
    assert.are.equal("school@example.org", got.from)
    assert.are.same({ "ada@example.org" }, got.to)
    assert.are.equal(text, got.text)
  end)

  it("goes out after a log-in", function()
    assert.is_true(send { user = "mailer", password = "secret" })
    assert.are.equal("mailer", last().user)
    local _, err = send { user = "mailer", password = "wrong" }
    assert.are.equal("denied", err.code)
  end)

  it("is refused for good, or for now", function()
    local _, never = send { to = "unknown@example.org" }
    assert.are.equal("rejected", never.code)
    local _, later = send { to = "later@example.org" }
    assert.are.equal("deferred", later.code)
  end)

  it("goes nowhere without the encryption that was asked for", function()
    local _, err = send { tls = "required" }
    assert.are.equal("tls", err.code)
  end)

  it("is given up in time, and ends with its task", function()
    local _, err = send { to = "slow@example.org", timeout = 0.3 }
    assert.are.equal("timeout", err.code)
    local done, ended = task.within(0.1, function() return send { to = "slow@example.org" } end)
    assert.is_nil(done)
    assert.are.equal("deadline", ended.code)
  end)

  it("never carries a command in an address", function()
    for _, address in ipairs { "ada@example.org>\r\nRCPT TO:<eve@example.org", "ada", "a b@example.org", "" } do
      local _, err = send { to = address }
      assert.are.equal("bad_mail", err.code)
    end
    local _, err = send { server = "http://127.0.0.1" }
    assert.are.equal("bad_mail", err.code)
    assert.has_error(function() send { tls = "perhaps" } end)
  end)

  it("tells that nobody answers", function()
    local _, err = send { server = "smtp://127.0.0.1:1" }
    assert.are.equal("refused", err.code)
  end)
end)
