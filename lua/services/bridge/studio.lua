-- services/bridge/studio.lua: routes of the Studio plugin: pairing by a code, patches, acknowledgements.
-- The other side is lua/roblox/plugin/Session.luau.

local feed = require "services.bridge.feed"
local guard = require "web.guard"
local place = require "model.place"
local schema = require "web.schema"
local tree = require "sync.tree"

-- Roblox documents no limit for a request's time; its own tools hold polls for 15 s.
local LONGEST_WAIT = 25

local MOST_INSTANCES = tree.MAX_NODES

local Code = schema.object {
  code = schema.describe(schema.text(1, 20), "What the teacher types into the plugin; it can be used once"),
  expires_in = schema.describe(schema.integer(1), "Seconds"),
}

local Pairing = schema.object {
  code = schema.text(1, 20),
  place_id = schema.optional(schema.integer(0)),
  place_name = schema.optional(schema.text(0, 200)),
  plugin_version = schema.optional(schema.text(0, 40)),
}

local Paired = schema.object {
  token = schema.describe(schema.text(1, 200), "For the header Authorization: Bearer; it is told this once"),
  session_id = schema.id(),
  expires_at = schema.time(),
}

local Patch = schema.named("Patch", schema.object {
  from = schema.describe(schema.integer(0), "The revision that this patch starts from"),
  to = schema.describe(schema.integer(0), "The revision that it leads to"),
  snapshot = schema.optional(schema.describe(schema.boolean(), "Remove everything of ours first")),
  removed = schema.array(schema.text(1, 200), 0, MOST_INSTANCES),
  added = schema.array(schema.any(1048576), 0, MOST_INSTANCES),
  updated = schema.array(schema.any(1048576), 0, MOST_INSTANCES),
})

local Receipt = schema.object {
  revision = schema.describe(schema.integer(0), "What the patch's `to` said"),
  applied = schema.boolean(),
  skipped = schema.optional(schema.integer(0, MOST_INSTANCES)),
  error = schema.optional(schema.multiline(0, 2000)),
}

local Received = schema.object {
  revision = schema.describe(schema.integer(0), "The revision that this session is known to have"),
}

local function make_code(req)
  local made, err = place.make_code(req.user)
  if not made then return nil, err end
  return 201, made
end

local function pair(req)
  local about = req.body
  local paired, err = place.pair(about.code, about)
  if not paired then return nil, err end
  return 201, { token = paired.token, session_id = paired.session.id, expires_at = paired.session.expires_at }
end

local function patches(req)
  local patch, err = feed.next(req.user, req.query.after, req.query.wait)
  if patch == false then return 204 end
  return patch, err
end

local function snapshot(req)
  return feed.snapshot(req.user)
end

local function acknowledge(req)
  local receipt = req.body
  -- Revision 0 is the empty place, which nothing was delivered for.
  if receipt.revision == 0 then return { revision = req.user.applied_seq } end
  local known, err = place.delivery(req.user.user_id, receipt.revision)
  if not known then return nil, err end
  local stored, failure = place.acknowledge(req.user, {
    delivery_id = known.id,
    state = receipt.applied and "applied" or "failed",
    error = receipt.error,
  })
  if not stored then return nil, failure end
  return { revision = stored.applied_seq }
end

local function leave(req)
  local ended, err = place.end_session(req.user.user_id, req.user.id)
  if not ended then return nil, err end
  return 204
end

return {
  ["/pairing-codes"] = {
    POST = { "Make a code that pairs Studio with me", guard.role("teacher", make_code), out = Code, status = 201 },
  },
  ["/pair"] = {
    POST = {
      "Exchange a code for a session", guard.public(pair), body = Pairing, out = Paired, status = 201, limit = "auth",
    },
  },
  ["/patches"] = {
    GET = {
      "Wait for the next change of the place", guard.by("studio", patches), out = Patch,
      query = {
        after = schema.describe(schema.integer(0), "The revision that the place has; 0 for none"),
        wait = schema.describe(schema.optional(schema.integer(0, LONGEST_WAIT), 15),
          "Seconds to wait; 204 if nothing came"),
      },
    },
  },
  ["/snapshot"] = {
    GET = { "Everything that the place shall hold", guard.by("studio", snapshot), out = Patch },
  },
  ["/acks"] = {
    POST = {
      "Say what became of a patch", guard.by("studio", acknowledge), body = Receipt, out = Received, status = 200,
    },
  },
  ["/session"] = {
    DELETE = { "End this Studio session", guard.by("studio", leave) },
  },
}
