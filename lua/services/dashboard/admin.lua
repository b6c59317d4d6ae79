-- services/dashboard/admin.lua: an admin's people, and the state of this installation: generation, workers, readiness.

local guard = require "web.guard"
local page = require "services.dashboard.page"
local school = require "model.school"
local schema = require "web.schema"
local server = require "host.server"
local user = require "model.user"

local New = schema.object {
  login = schema.text(3, 64, { pattern = "[%w][%w._@+-]*", pattern_says = "letters, digits and . _ @ + -" }),
  password = schema.password(user.MIN_PASSWORD, 128), name = schema.text(1, 200),
  role = schema.enum { "student", "teacher", "parent", "admin" },
}

local function people(req)
  local found, err = user.list(req.user, {}, { limit = 100, sort = { { "name", "asc" } } })
  if not found then return nil, err end
  local counts, failure = school.counts(req.user)
  if not counts then return nil, failure end
  return page.show(req, "people", { title = "People", people = found.items, counts = counts })
end

local function create(req)
  local made, err = user.create(req.user, req.body)
  if not made then return nil, err end
  return page.go(req, "/people")
end

local function set_state(state)
  return function(req)
    local changed, err = user.set_state(req.user, req.params.user_id, state)
    if not changed then return nil, err end
    return page.part("person", { person = changed })
  end
end

local function figures()
  return { who = server.whoami(), counts = server.counts() }
end

local function status(req)
  local data = figures()
  data.title = "Status"
  return page.show(req, "status", data)
end

local function status_part()
  return page.part("status_figures", figures())
end

local role = guard.role

return {
  ["/people"] = {
    GET = { "The people of the school", role("admin", people) },
    POST = { "Make an account", role("admin", create), form = New },
  },
  ["/people/{user_id}/suspend"] = { POST = { "Suspend an account", role("admin", set_state("suspended")) } },
  ["/people/{user_id}/restore"] = { POST = { "Restore an account", role("admin", set_state("active")) } },
  ["/status"] = { GET = { "Generation and worker", role("admin", status) } },
  ["/status/figures"] = { GET = { "The part of the status page that changes", role("admin", status_part) } },
}
