-- services/bridge/game.lua: routes of game servers: keys, players, and progress in batches.
-- The other side is lua/roblox/game/Outbox.luau.

local cursor = require "web.cursor"
local game_server = require "model.game_server"
local guard = require "web.guard"
local progress = require "services.bridge.progress"
local schema = require "web.schema"

local MOST_EVENTS = 100

local Server = schema.named("GameServer", schema.object {
  id = schema.id(),
  name = schema.text(1, 100),
  class_id = schema.id("/api/v1/classes"),
  key = schema.optional(schema.describe(schema.text(1, 200), "Told once, when it is made")),
  created_at = schema.time(),
  last_used_at = schema.nullable(schema.time()),
  revoked_at = schema.nullable(schema.time()),
})

local NewServer = schema.object { name = schema.text(1, 100), class_id = schema.id("/api/v1/classes") }

local Player = schema.object {
  roblox_user_id = schema.integer(1),
  student_id = schema.id(),
}

local Event = schema.object {
  key = schema.describe(schema.text(1, 100), "Idempotency key: an event is stored once, however often it is sent"),
  kind = schema.enum { "started", "checkpoint", "answered", "completed" },
  roblox_user_id = schema.integer(1),
  lesson_id = schema.id(),
  occurred_at = schema.time(),
  percent = schema.optional(schema.integer(0, 100)),
  seconds = schema.optional(schema.describe(schema.integer(0, 86400), "Since the player's event before")),
  station = schema.optional(schema.text(1, 100)),
  answers = schema.optional(schema.describe(schema.array(schema.object {
    question = schema.id(),
    choice = schema.text(1, 200),
  }, 0, 200), "All that the player has answered so far; graded here")),
}

local Batch = schema.object { events = schema.array(Event, 1, MOST_EVENTS) }

local Outcome = schema.object {
  accepted = schema.integer(0, MOST_EVENTS),
  duplicates = schema.integer(0, MOST_EVENTS),
  rejected = schema.array(schema.object {
    index = schema.describe(schema.integer(1, MOST_EVENTS), "Place in the batch, from 1"),
    key = schema.text(1, 100),
    code = schema.enum { "unknown_player", "not_in_class" },
    message = schema.text(1, 200),
  }, 0, MOST_EVENTS),
}

-- Not one of the routes that keep their answer for Idempotency-Key: a key that is told once is not stored.
local function make_server(req)
  local made, err = game_server.create(req.user, req.body)
  if not made then return nil, err end
  return 201, made, { location = req.path .. "/" .. made.id }
end

local function list_servers(req)
  return cursor.list(req, function(page) return game_server.list(req.user, page) end)
end

local function show_server(req)
  return game_server.find(req.user, req.params.server_id)
end

local function revoke_server(req)
  local revoked, err = game_server.revoke(req.user, req.params.server_id)
  if not revoked then return nil, err end
  return 204
end

local function claim_player(req)
  return game_server.link_player(req.body.roblox_user_id, req.user.id)
end

local function post_progress(req)
  return progress.record(req.user, req.body.events)
end

return {
  ["/game-servers"] = {
    GET = {
      "List my game servers", guard.role("teacher", list_servers), query = cursor.query { "name" },
      out = schema.list(Server),
    },
    POST = {
      "Make a key for a game server of one of my classes", guard.role("teacher", make_server), body = NewServer,
      out = Server, status = 201,
    },
  },
  ["/game-servers/{server_id}"] = {
    GET = { "Show a game server", guard.role("teacher", show_server), out = Server },
    DELETE = { "Make a game server's key void", guard.role("teacher", revoke_server) },
  },
  ["/players"] = {
    POST = {
      "Say which Roblox user I am", guard.role("student", claim_player),
      body = schema.object { roblox_user_id = schema.integer(1) }, out = Player, status = 200,
    },
  },
  ["/progress"] = {
    POST = { "Post what players did", guard.by("game", post_progress), body = Batch, out = Outcome, status = 200 },
  },
}
