-- host.ws seen from scripts: event streams, rooms, ids, state across a reload, and which requests may become a
-- WebSocket. Conversations over WebSockets themselves are in tests/flows/ws_test.py and tests/flows/reload_test.py.
local json = require "host.json"
local served_app = require "tests.support.served_app"
local task = require "host.task"

local APP = [==[
local json = require "host.json"
local server = require "host.server"
local ws = require "host.ws"

local opened, closed = 0, 0

local function say(stream)
  stream.state.n = stream.state.n + 1
  local words = { server.whoami().generation, stream.state.n, stream.state.list[1] }
  stream:send { data = table.concat(words, " "), event = "said" }
end

local ROUTES = {}
ROUTES["/events"] = function(req)
  local stream = req:events { handler = "feed", state = { n = 0, list = { "a" } }, headers = { ["x-extra"] = "1" } }
  stream:join("room")
end
ROUTES["/say"] = function()
  local members = ws.members("room")
  for _, stream in ipairs(members) do say(stream) end
  return 200, tostring(#members)
end
ROUTES["/cast"] = function() return 200, tostring(ws.broadcast("room", "line 1\nline 2", { event = "e", id = "9" })) end
ROUTES["/count"] = function() return 200, ws.count("room") .. " " .. ws.count("other") end
ROUTES["/find"] = function()
  local member = ws.members("room")[1]
  local found = ws.find(member.id)
  return 200, json.encode { same = found.id == member.id, handler = found.handler, service = found.service,
    none = ws.find("1-2-3") == nil }
end
ROUTES["/seen"] = function() return 200, opened .. " " .. closed end
ROUTES["/bad-state"] = function(req)
  local _, message = pcall(req.events, req, { handler = "feed", state = { fn = function() end } })
  return 200, message
end
ROUTES["/bad-event"] = function()
  local _, message = pcall(ws.broadcast, "room", "x", { event = "a\nb" })
  return 200, message
end
ROUTES["/socket"] = function(req)
  local socket, err = req:websocket { handler = "chat" }
  if not socket and not err then return 500, "no error" end
end

return { services = { spec = {
  handle = function(req)
    local route = ROUTES[req.path]
    if not route then return 404, "no such route" end
    return route(req)
  end,
  sockets = { chat = { message = function() end } },
  streams = { feed = {
    open = function() opened = opened + 1 end,
    close = function() closed = closed + 1 end,
  } },
} } }
]==]

local app

setup(function() app = served_app.start(APP) end)
teardown(function() app:stop() end)

-- Reads from a streamed answer until it holds the text; returns all that came.
local function read_until(response, text)
  local all = ""
  while not all:find(text, 1, true) do
    all = all .. assert(response:read())
  end
  return all
end

-- Asks again and again until the answer is good; those that went have to be noticed first.
local function eventually(path, good)
  local body
  for _ = 1, 3000 do
    body = app:get(path).body
    if good(body) then return end
    task.sleep(0.01)
  end
  error(path .. " went on answering " .. body)
end

local function open_stream()
  return assert(app:request { path = "/events", stream = true })
end

describe("an event stream", function()
  it("gets what its room gets, written as events", function()
    local stream = open_stream()
    assert.equal("text/event-stream; charset=utf-8", stream.headers["content-type"])
    assert.equal("1", stream.headers["x-extra"])
    eventually("/count", function(body) return body == "1 0" end)
    assert.equal("1", app:get("/cast").body)
    local text = read_until(stream, "line 2")
    assert.matches("event: e\n", text)
    assert.matches("id: 9\n", text)
    assert.matches("data: line 1\ndata: line 2\n", text)
    assert.equal("1 0", app:get("/count").body)
    stream:close()
  end)

  it("is found by its id and knows where it belongs", function()
    local stream = open_stream()
    local found = json.decode(app:get("/find").body)
    assert.same({ same = true, handler = "feed", service = "spec", none = true }, found)
    stream:close()
  end)

  it("keeps its state and its room across a reload", function()
    local stream = open_stream()
    eventually("/count", function(body) return body == "1 0" end)
    app:get("/say")
    local generation = tonumber(read_until(stream, " 1 a"):match("data: (%d+) 1 a"))
    assert.is_true(app:reload())
    app:get("/say")
    read_until(stream, ("data: %d 2 a"):format(generation + 1))
    stream:close()
  end)

  it("tells its handler when it opens and closes", function()
    local opened, closed = app:get("/seen").body:match("(%d+) (%d+)")
    local stream = open_stream()
    eventually("/seen", function(body) return tonumber(body:match("^%d+")) == opened + 1 end)
    stream:close()
    eventually("/seen", function(body) return tonumber(body:match("%d+$")) > tonumber(closed) end)
  end)
end)

describe("misuse raises", function()
  it("for state that is no plain data", function()
    assert.matches("plain data: found a function", app:get("/bad-state").body)
  end)

  it("for line breaks in an event's name", function()
    assert.matches("no line breaks", app:get("/bad-event").body)
  end)
end)

describe("a request that may not become a WebSocket", function()
  it("is answered 426 without an upgrade, with the version that is known", function()
    local response = app:get("/socket")
    assert.equal(426, response.status)
    assert.equal("13", response.headers["sec-websocket-version"])
  end)
end)
