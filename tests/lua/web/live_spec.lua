-- Live topics: what a client that comes back gets, and in which order; and who may no longer follow one.

local json = require "host.json"
local live = require "web.live"
local ws = require "host.ws"

local TOPIC, USER = "user:0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b", { id = "me", session_id = "s" }

-- A log of events that grows while it is read: during each of the next `busy` reads three events come and are sent.
local function new_store()
  local store = { rows = {}, busy = 0, may = true }

  function store.append()
    local row = { id = #store.rows + 1, topic = TOPIC, kind = "progress", data = {}, created_at = "now" }
    store.rows[row.id] = row
  end

  function store.after(after, topics, limit)
    local found = {}
    for id = after + 1, math.min(after + limit, #store.rows) do found[#found + 1] = store.rows[id] end
    if topics and store.busy > 0 then
      store.busy = store.busy - 1
      for _ = 1, 3 do
        store.append()
        store.pump()
      end
    end
    return found
  end

  function store.may_follow() return store.may end
  function store.latest() return #store.rows end
  function store.recent() return #store.rows end
  function store.listen(pump) store.pump = pump end
  function store.lost(review) store.review = review end
  return store
end

describe("web.live", function()
  local broadcast, members = ws.broadcast, ws.members
  local store, hub, socket

  before_each(function()
    store = new_store()
    for _ = 1, 1200 do store.append() end
    hub = live.new(store)
    hub.start()
    socket = { heard = {}, rooms = {}, state = { user = USER, topics = {}, count = 0 } }
    function socket:send(text) table.insert(self.heard, json.decode(text)) end
    function socket:join(room) self.rooms[room] = true end
    function socket:leave(room) self.rooms[room] = nil end
    function socket:close() self.closed = true end
    ws.broadcast = function(room, text) if socket.rooms[room] then socket:send(text) end end
    ws.members = function() return { socket } end
  end)

  after_each(function() ws.broadcast, ws.members = broadcast, members end)

  local function say(message) hub.sockets.live.message(socket, json.encode(message)) end

  local function ids()
    local list = {}
    for _, message in ipairs(socket.heard) do
      if message.type == "event" then list[#list + 1] = message.id end
    end
    return list
  end

  it("sends the past before the present, so that the last id that was seen is a cursor at any moment", function()
    store.busy = 8
    say { type = "subscribe", topic = TOPIC, after = 100 }
    store.append()
    store.pump()
    local newest = 100
    for _, id in ipairs(ids()) do
      assert.is_true(id <= newest + 1, ("%d came after %d"):format(id, newest))
      newest = math.max(newest, id)
    end
    assert.equal(#store.rows, newest)
  end)

  it("asks again who may follow when somebody may see less", function()
    say { type = "subscribe", topic = TOPIC }
    store.review(USER.id)
    assert.is_true(socket.rooms["topic:" .. TOPIC])
    store.may = false
    store.review(USER.id)
    assert.is_nil(socket.rooms["topic:" .. TOPIC])
    assert.same({ type = "unsubscribed", topic = TOPIC }, socket.heard[#socket.heard])
    assert.is_nil(socket.closed)
    store.may = true
    say { type = "subscribe", topic = TOPIC }
    assert.is_true(socket.rooms["topic:" .. TOPIC])
    assert.equal(1, socket.state.count)
    socket.state.stream, store.may = true, false
    store.review(USER.id)
    assert.is_true(socket.closed)
  end)
end)
