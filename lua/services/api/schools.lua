-- services/api/schools.lua: the school that a person belongs to.

local guard = require "web.guard"
local schema = require "web.schema"
local school = require "model.school"
local shapes = require "services.api.shapes"

local Change = schema.object { name = shapes.name }

local Counts = schema.named("SchoolCounts", schema.object {
  student = schema.integer(0), teacher = schema.integer(0), parent = schema.integer(0), admin = schema.integer(0),
})

local function show(req)
  return school.of(req.user)
end

local function change(req)
  return school.update(req.user, req.body, req.revision)
end

local function counts(req)
  return school.counts(req.user)
end

local tags = { "People" }

return {
  ["/school"] = {
    GET = { "Show one's school", guard.signed_in(show), out = shapes.School, errors = { "not_found" },
      id = "showSchool", tags = tags },
    PATCH = { "Rename one's school", guard.role("admin", change), body = Change, out = shapes.School,
      errors = { "not_found" }, id = "changeSchool", tags = tags },
  },
  ["/school/counts"] = {
    GET = { "Count the people of one's school by role", guard.role("admin", counts), out = Counts, id = "countPeople",
      tags = tags },
  },
}
