-- services/api/attachments.lua: uploaded files beside lessons, classes, assignments and submissions: the same three
-- routes for each. Who sees the thing may read its files.

local answer = require "web.answer"
local attachment = require "model.attachment"
local cursor = require "web.cursor"
local guard = require "web.guard"
local schema = require "web.schema"
local shapes = require "services.api.shapes"

-- Of each kind: where its things are, and who may change their files (a student: of the own work).
local kinds = {
  { name = "lesson", things = "lessons", collection = shapes.LESSONS, keepers = { "teacher" } },
  { name = "class", things = "classes", collection = shapes.CLASSES, keepers = { "teacher" } },
  { name = "assignment", things = "assignments", collection = shapes.ASSIGNMENTS, keepers = { "teacher" } },
  { name = "submission", things = "submissions", collection = shapes.SUBMISSIONS, keepers = { "teacher", "student" } },
}

local function routes_of(kind, routes)
  local parameter = kind.name .. "_id"

  local function list(req)
    return cursor.list(req, function(page) return attachment.list(req.user, kind.name, req.params[parameter], page) end)
  end

  local function attach(req)
    return answer.done(attachment.attach(req.user, kind.name, req.params[parameter], req.params.media_id))
  end

  local function detach(req)
    return answer.done(attachment.detach(req.user, kind.name, req.params[parameter], req.params.media_id))
  end

  local role, tags = guard.role, { "Content" }
  local title = kind.name:gsub("^%l", string.upper)
  local by_id = { [parameter] = schema.id(kind.collection), media_id = schema.id(shapes.MEDIA) }
  local path = ("/%s/{%s}/media"):format(kind.things, parameter)
  routes[path] = {
    GET = { "List the files of this " .. kind.name, guard.signed_in(list), params = by_id, query = cursor.query {},
      out = schema.list(shapes.Attached), id = ("list%sMedia"):format(title), tags = tags },
  }
  routes[path .. "/{media_id}"] = {
    PUT = { "Attach a file to this " .. kind.name, role(kind.keepers, attach), params = by_id, if_match = "*",
      errors = { "forbidden", "conflict" }, id = ("attach%sMedia"):format(title), tags = tags },
    DELETE = { "Detach a file from this " .. kind.name, role(kind.keepers, detach), params = by_id,
      errors = { "forbidden" }, id = ("detach%sMedia"):format(title), tags = tags },
  }
end

local routes = {}
for _, kind in ipairs(kinds) do routes_of(kind, routes) end

return routes
