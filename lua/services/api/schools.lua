-- services/api/schools.lua: schools, and the one that a person belongs to.

local cursor = require "web.cursor"
local guard = require "web.guard"
local schema = require "web.schema"
local school = require "model.school"
local shapes = require "services.api.shapes"
local user = require "model.user"

local optional = schema.optional

local fields = {
  name = shapes.name, address = optional(schema.multiline(0, 500)), time_zone = optional(shapes.time_zone),
}

local Change = schema.partial(schema.object(fields))

local New = schema.extend(schema.object(fields), {
  admin = schema.object {
    login = shapes.login, password = schema.password(user.MIN_PASSWORD, user.MAX_PASSWORD), name = shapes.name,
    email = optional(schema.email()),
  },
})

local Counts = schema.named("SchoolCounts", schema.object {
  student = schema.integer(0), teacher = schema.integer(0), parent = schema.integer(0), admin = schema.integer(0),
})

---@param req api.listSchools
local function list(req)
  return cursor.list(req, function(page) return school.list(req.user, page) end)
end

---@param req api.createSchool
local function found(req)
  return school.found(req.user, req.body)
end

---@param req api.showSchool
local function show(req)
  return school.find(req.user, req.params.school_id)
end

---@param req api.changeSchool
local function change(req)
  return school.update(req.user, req.body, req.revision, req.params.school_id)
end

---@param req api.showMySchool
local function show_mine(req)
  return school.of(req.user)
end

---@param req api.changeMySchool
local function change_mine(req)
  return school.update(req.user, req.body, req.revision)
end

---@param req api.countPeople
local function counts(req)
  return school.counts(req.user)
end

local signed_in, role = guard.signed_in, guard.role
local tags = { "People" }
local by_id = { school_id = schema.id(shapes.SCHOOLS) }

return {
  ["/school"] = {
    GET = { "Show one's school", signed_in(show_mine), out = shapes.School, errors = { "not_found" },
      id = "showMySchool", tags = tags },
    PATCH = { "Change one's school", role("admin", change_mine), body = Change, out = shapes.School,
      errors = { "not_found" }, id = "changeMySchool", tags = tags },
  },
  ["/school/counts"] = {
    GET = { "Count the people of one's school by role", role("admin", counts), out = Counts, id = "countPeople",
      tags = tags },
  },
  ["/schools"] = {
    GET = { "List the schools that one may see", signed_in(list), query = cursor.query({ "name" }),
      out = schema.list(shapes.School), id = "listSchools", tags = tags },
    POST = { "Make a school with its first admin", role("admin", found), body = New, out = shapes.School,
      creates = true, errors = { "conflict" }, id = "createSchool", tags = tags,
      description = "Who makes a school may see and change it; its people are its first admin's to keep." },
  },
  ["/schools/{school_id}"] = {
    GET = { "Show a school", signed_in(show), params = by_id, out = shapes.School, id = "showSchool", tags = tags },
    PATCH = { "Change a school", role("admin", change), params = by_id, body = Change, out = shapes.School,
      id = "changeSchool", tags = tags },
  },
}
