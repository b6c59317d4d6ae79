-- services/api/classes.lua: classes: made by teachers, joined by students with a code; who is in them.

local answer = require "web.answer"
local class = require "model.class"
local cursor = require "web.cursor"
local enrolment = require "model.enrolment"
local guard = require "web.guard"
local schema = require "web.schema"
local shapes = require "services.api.shapes"

local optional = schema.optional

local New = schema.object { name = shapes.name, subject = shapes.subject, grade = shapes.grade }

local Change = schema.partial(schema.extend(New, { archived = schema.boolean() }))

local Join = schema.object { code = shapes.code }

local Enrol = schema.one_of { student_id = schema.id(shapes.USERS), login = shapes.login }

---@param req api.listClasses
local function list(req)
  return cursor.list(req, function(page) return class.list(req.user, req.query, page) end)
end

---@param req api.createClass
local function create(req)
  return class.create(req.user, req.body)
end

---@param req api.showClass
local function show(req)
  return class.find(req.user, req.params.class_id)
end

---@param req api.changeClass
local function change(req)
  return class.update(req.user, req.params.class_id, req.body, req.revision)
end

---@param req api.deleteClass
local function delete(req)
  return answer.done(class.delete(req.user, req.params.class_id, req.revision))
end

---@param req api.rotateJoinCode
local function rotate(req)
  return class.rotate_code(req.user, req.params.class_id)
end

---@param req api.joinClass
local function join(req)
  return enrolment.join(req.user, req.body.code)
end

---@param req api.listStudents
local function roster(req)
  local kept, err = class.keeps(req.user, req.params.class_id)
  if not kept then return nil, err end
  return cursor.list(req, function(page) return enrolment.roster(req.user, req.params.class_id, page) end)
end

---@param req api.enrolStudent
local function enrol(req)
  return enrolment.add(req.user, req.params.class_id, req.body)
end

---@param req api.removeStudent
local function remove(req)
  return answer.done(enrolment.remove(req.user, req.params.class_id, req.params.student_id))
end

local signed_in, role = guard.signed_in, guard.role
local tags = { "Classes" }
local by_id = { class_id = schema.id(shapes.CLASSES), student_id = schema.id(shapes.USERS) }

return {
  ["/classes"] = {
    GET = { "List one's classes", signed_in(list), out = schema.list(shapes.Class),
      query = cursor.query({ "name", "grade" }, { archived = optional(schema.boolean(), false) }),
      id = "listClasses", tags = tags },
    POST = { "Make a class", role("teacher", create), body = New, out = shapes.Class, creates = true,
      id = "createClass", tags = tags },
  },
  ["/classes/join"] = {
    POST = { "Join a class by its code", role("student", join), body = Join, out = shapes.JoinedClass,
      id = "joinClass", tags = tags },
  },
  ["/classes/{class_id}"] = {
    GET = { "Show a class", signed_in(show), params = by_id, out = shapes.Class, id = "showClass", tags = tags },
    PATCH = { "Change a class", role("teacher", change), params = by_id, body = Change, out = shapes.Class,
      errors = { "forbidden" }, id = "changeClass", tags = tags },
    DELETE = { "Delete a class", role("teacher", delete), params = by_id, id = "deleteClass", tags = tags },
  },
  ["/classes/{class_id}/join-code"] = {
    POST = { "Give a class a new join code", role("teacher", rotate), params = by_id, out = shapes.Class,
      id = "rotateJoinCode", tags = tags, description = "The former code lets nobody in any more." },
  },
  ["/classes/{class_id}/students"] = {
    GET = { "List the students of a class", role("teacher", roster), params = by_id,
      out = schema.list(shapes.RosterEntry), query = cursor.query({ "name" }), id = "listStudents", tags = tags },
    POST = { "Take a student of the school into a class", role("teacher", enrol), params = by_id, body = Enrol,
      out = shapes.Enrolled, id = "enrolStudent", tags = tags },
  },
  ["/classes/{class_id}/students/{student_id}"] = {
    DELETE = { "Take a student out of a class", signed_in(remove), params = by_id, id = "removeStudent", tags = tags,
      description = "The class's keeper does, or the student leaves." },
  },
}
