-- web/live.lua: live topics over WebSocket and server-sent events, with the same authorisation and the same messages.
--
-- Events come from a log (model/event.lua): every worker reads what is new after a notification and sends it to the
-- rooms of its topics, one frame per room. Delivery is at least once: a client keeps the id of the last event it has
-- seen and gives it back as `after` (or Last-Event-ID); an id that it knows already it ignores.
--
--   client → server   { type = "subscribe", topic, after? }  { type = "unsubscribe", topic }  { type = "ping" }
--   server → client   { type = "subscribed", topic, cursor }  { type = "unsubscribed", topic }  { type = "pong" }
--                     unsubscribed also comes by itself, when somebody may no longer follow a topic
--                     { type = "event", id, topic, kind, data, at }  { type = "error", code, message, topic? }
--
-- Sockets and streams outlive a reload; the next generation begins a little before now, so none misses an event.

local errors = require "web.errors"
local json = require "host.json"
local log = require "host.log"
local schema = require "web.schema"
local task = require "host.task"
local validate = require "web.validate"
local ws = require "host.ws"

local M = {}

-- Subscriptions of one connection, events of one read, and events that a returning client gets before it is told
-- that it missed too many.
local MAX_TOPICS, PORTION, MAX_REPLAY = 100, 500, 5000

---Seconds before its start from which a generation sends again what its forerunner may not have sent.
M.OVERLAP = 10

---Close code for a socket whose session has ended (4000–4999 are an application's own, RFC 6455 section 7.4.2).
M.SESSION_ENDED = 4401

M.topic = schema.text(1, 100, {
  pattern = "[%l]+:?[%x-]*", pattern_says = "expected a topic such as class:ID",
  json_pattern = "^[a-z]+(:[0-9a-f-]{36})?$",
})

local id = schema.integer(0)

---What a client may say.
M.Command = schema.variant("type", {
  subscribe = schema.object { topic = M.topic, after = schema.optional(schema.nullable(id)) },
  unsubscribe = schema.object { topic = M.topic },
  ping = schema.object {},
})

---What a client hears.
M.messages = {
  subscribed = schema.object { type = schema.const("subscribed"), topic = M.topic, cursor = id },
  unsubscribed = schema.object { type = schema.const("unsubscribed"), topic = M.topic },
  pong = schema.object { type = schema.const("pong") },
  error = schema.object {
    type = schema.const("error"), code = schema.text(1, 100), message = schema.text(0, 1000),
    topic = schema.optional(M.topic),
  },
  event = schema.object {
    type = schema.const("event"), id = id, topic = M.topic, kind = schema.text(1, 60), data = schema.any(),
    at = schema.time(),
  },
}

local function room_of(topic) return "topic:" .. topic end

-- What ends a connection: the end of the session, or of the key, by which it was opened.
local function room_of_session(session_id) return "session:" .. session_id end

local function room_of_person(user_id) return "person:" .. user_id end

local function enter(connection, user)
  connection:join(room_of_session(user.session_id or user.api_key_id))
  connection:join(room_of_person(user.id))
end

local function text_of(row)
  return json.encode {
    type = "event", id = row.id, topic = row.topic, kind = row.kind, data = row.data, at = row.created_at,
  }
end

-- The pump: what is new in the log goes to the rooms of this worker. cursor() is the newest event that it has sent.
local function new_pump(store)
  local cursor, running, again = nil, false, false

  local function portion()
    local rows, err = store.after(cursor, nil, PORTION)
    if not rows then return nil, err end
    for _, row in ipairs(rows) do
      ws.broadcast(room_of(row.topic), text_of(row), { event = row.kind, id = tostring(row.id) })
      cursor = row.id
    end
    return #rows == PORTION
  end

  local function drain()
    repeat
      again = false
      local more, err = portion()
      if more == nil then
        log.warn("new events cannot be read; trying again", { reason = err.message })
        task.sleep(1)
        again = true
      end
    until not more and not again
  end

  local function pump()
    if running then
      again = true
      return
    end
    if not cursor then return end
    running = true
    local ok, raised = pcall(drain)
    running = false
    if not ok then error(raised, 0) end
  end

  return pump, function(from) cursor = from end, function() return cursor or 0 end
end

local function say(connection, message)
  return connection:send(json.encode(message))
end

local function refuse(connection, err, topic)
  local message = err.message or errors.title(err.code)
  return say(connection, { type = "error", code = err.code, message = message, topic = topic })
end

-- Whether it exists is nobody's business who may not follow it.
local function no_topic(topic)
  return errors.new("not_found", ("There is no topic %s that you may follow"):format(topic))
end

-- What was missed since a cursor, oldest first; the cursor after it.
local function replay(store, after, topics, send)
  local sent = 0
  while true do
    local rows, err = store.after(after, topics, PORTION)
    if not rows then return nil, err end
    for _, row in ipairs(rows) do
      send(row)
      after = row.id
    end
    sent = sent + #rows
    if #rows < PORTION then return after end
    if sent >= MAX_REPLAY then
      return nil, errors.new("conflict", "More was missed than is sent again: load the state, subscribe without after")
    end
  end
end

-- How often the past is caught up with before a connection joins its rooms, where new events keep coming.
local ROUNDS = 10

---@param store { may_follow: function, after: function, latest: function, recent: function, listen: function,
---lost: function } as model/event.lua is
---@return table live with open_socket, open_stream (handlers of raw routes), sockets, streams (for the service), start
function M.new(store)
  local live = {}
  local pump, begin, sent_until = new_pump(store)

  -- Sends what was missed since a cursor and joins the rooms. The past comes first, as far as the pump has sent: a
  -- client that saw a new event before an old one, and then lost its connection, would come back with a cursor that
  -- leaves the old one out. The past once more, from the rooms: what another generation's pump has sent meanwhile. So
  -- an event may come twice, never not at all.
  local function catch_up(connection, topics, after, send)
    for _ = 1, ROUNDS do
      local sent = sent_until()
      local reached, err = replay(store, after, topics, send)
      if not reached then return nil, err end
      after = reached
      if sent_until() <= math.max(sent, after) then break end
    end
    for _, topic in ipairs(topics) do connection:join(room_of(topic)) end
    return replay(store, after, topics, send)
  end

  local commands = {}

  local function note(state, topic, follows)
    if (state.topics[topic] or false) == follows then return end
    state.topics[topic], state.count = follows or nil, state.count + (follows and 1 or -1)
  end

  function commands.subscribe(socket, message)
    local state, topic, after = socket.state, message.topic, message.after
    if not state.topics[topic] and state.count >= MAX_TOPICS then
      return refuse(socket, errors.new("conflict", ("At most %d topics at once"):format(MAX_TOPICS)), topic)
    end
    local may, err = store.may_follow(state.user, topic)
    if not may then return refuse(socket, err or no_topic(topic), topic) end
    socket:leave(room_of(topic))
    local cursor, failure
    if after and after ~= json.null then
      cursor, failure = catch_up(socket, { topic }, after, function(row) socket:send(text_of(row)) end)
    else
      socket:join(room_of(topic))
      cursor, failure = store.latest()
    end
    note(state, topic, cursor ~= nil)
    if not cursor then
      socket:leave(room_of(topic))
      return refuse(socket, failure, topic)
    end
    say(socket, { type = "subscribed", topic = topic, cursor = cursor })
  end

  function commands.unsubscribe(socket, message)
    note(socket.state, message.topic, false)
    socket:leave(room_of(message.topic))
    say(socket, { type = "unsubscribed", topic = message.topic })
  end

  function commands.ping(socket)
    say(socket, { type = "pong" })
  end

  local check = validate.compile(M.Command)

  local function on_message(socket, data, binary)
    if binary then return refuse(socket, { code = "malformed", message = "Messages are text" }) end
    local message, bad = json.decode(data)
    if bad then return refuse(socket, { code = "malformed", message = bad.message }) end
    local found = {}
    message = check(message, "#", found)
    if found[1] then
      return refuse(socket, { code = "invalid", message = found[1].pointer .. ": " .. found[1].message })
    end
    commands[message.type](socket, message)
  end

  ---Handler of GET /ws.
  function live.open_socket(req)
    local user = req.user
    local socket = req.http:websocket {
      handler = "live", protocols = { "toolbox.v1" }, state = { user = user, topics = {}, count = 0 },
    }
    if not socket then return nil end
    enter(socket, user)
    return socket
  end

  local function allowed(user, topics)
    for _, topic in ipairs(topics) do
      local may, err = store.may_follow(user, topic)
      if not may then return nil, err or no_topic(topic) end
    end
    return true
  end

  local function resume_from(req)
    local last = req:header("last-event-id")
    if last and last ~= "" then
      if not last:find("^%d%d?%d?%d?%d?%d?%d?%d?%d?%d?%d?%d?%d?%d?%d?$") then
        return nil, errors.new("malformed", "Last-Event-ID is not an id of an event", {
          errors = { { header = "Last-Event-ID", code = "malformed", message = "expected an id of an event" } },
        })
      end
      return tonumber(last)
    end
    return req.query.after
  end

  ---Handler of GET /events: the same as server-sent events. Authorised before the first octet.
  function live.open_stream(req)
    local topics = req.query.topics
    local ok, err = allowed(req.user, topics)
    if not ok then return nil, err end
    local after, bad = resume_from(req)
    if bad then return nil, bad end
    local follows = {}
    for _, topic in ipairs(topics) do follows[topic] = true end
    local stream = req.http:events { handler = "live", state = { user = req.user, topics = follows, stream = true } }
    if not stream then return nil end
    enter(stream, req.user)
    if not after then
      for _, topic in ipairs(topics) do stream:join(room_of(topic)) end
      return nil
    end
    local cursor, failure = catch_up(stream, topics, after, function(row)
      stream:send { data = text_of(row), event = row.kind, id = tostring(row.id) }
    end)
    if not cursor then
      local message = { type = "error", code = failure.code, message = failure.message }
      stream:send { event = "error", data = json.encode(message) }
      stream:close()
    end
  end

  live.sockets = { live = { message = on_message } }
  live.streams = { live = {} }

  ---Ends the sockets and streams of a session, or of a key, on this worker.
  function live.end_session(session_id)
    for _, connection in ipairs(ws.members(room_of_session(session_id))) do
      connection:close(M.SESSION_ENDED, "the session has ended")
    end
  end

  -- A socket goes on without the topic. A stream ends: who asks for it again is told that there is no such topic.
  local function take_away(connection, topic)
    connection:leave(room_of(topic))
    if connection.state.stream then return connection:close() end
    say(connection, { type = "unsubscribed", topic = topic })
  end

  -- Somebody may see less than before: what each connection follows is asked for anew.
  local function review(user_id)
    for _, connection in ipairs(ws.members(room_of_person(user_id))) do
      local state = connection.state
      for topic in pairs(state.topics) do
        if store.may_follow(state.user, topic) == false then take_away(connection, topic) end
      end
    end
  end

  ---Begins to send what is new. Called once per generation, in a task; waits until the log can be read.
  function live.start()
    store.listen(pump)
    store.lost(review)
    while true do
      local from, err = store.recent(M.OVERLAP)
      if from then
        begin(from)
        return pump()
      end
      log.warn("the event log cannot be read; trying again", { reason = err.message })
      task.sleep(1)
    end
  end

  return live
end

-- All services of a worker share its rooms, so they share one hub.
local hub

---Says where events come from; called by app.lua before any request.
---@param store table model/event.lua
---@return table hub
function M.use(store)
  hub = M.new(store)
  return hub
end

---Makes the request a WebSocket for topics.
---@return host.websocket? socket nil if it was answered otherwise
function M.socket(req) return hub.open_socket(req) end

---Handlers of raw routes.
function M.open_socket(req) hub.open_socket(req) end
function M.open_stream(req) return hub.open_stream(req) end

---What a service with live topics puts under sockets and streams.
M.sockets = { live = { message = function(...) return hub.sockets.live.message(...) end } }
M.streams = { live = {} }

---The declared query of an event stream.
M.stream_query = {
  topics = schema.describe(schema.array(M.topic, 1, 20), "Topics, separated by commas"),
  after = schema.describe(schema.optional(id), "Id of the last event that was seen; Last-Event-ID wins"),
}

return M
