-- services/api/courses.lua: courses: an order of lessons that a teacher keeps and classes take.

local answer = require "web.answer"
local course = require "model.course"
local cursor = require "web.cursor"
local guard = require "web.guard"
local schema = require "web.schema"
local shapes = require "services.api.shapes"

local optional = schema.optional

local fields = {
  title = shapes.name, subject = shapes.subject, grade = shapes.grade,
  description = optional(schema.multiline(0, 4000)),
}

local Change = schema.partial(schema.object(fields))

local New = schema.extend(schema.object(fields), {
  class_id = schema.describe(optional(schema.id(shapes.CLASSES)), "A class that takes the course at once"),
})

---@param req api.listCourses
local function list(req)
  return cursor.list(req, function(page) return course.list(req.user, req.query, page) end)
end

---@param req api.createCourse
local function create(req)
  return course.create(req.user, req.body)
end

---@param req api.showCourse
local function show(req)
  return course.find(req.user, req.params.course_id)
end

---@param req api.changeCourse
local function change(req)
  return course.update(req.user, req.params.course_id, req.body, req.revision)
end

---@param req api.deleteCourse
local function delete(req)
  return answer.done(course.delete(req.user, req.params.course_id, req.revision))
end

---@param req api.assignCourse
local function assign(req)
  return answer.done(course.assign(req.user, req.params.course_id, req.params.class_id))
end

---@param req api.unassignCourse
local function unassign(req)
  return answer.done(course.unassign(req.user, req.params.course_id, req.params.class_id))
end

local signed_in, role = guard.signed_in, guard.role
local tags = { "Courses" }
local by_id = { course_id = schema.id(shapes.COURSES), class_id = schema.id(shapes.CLASSES) }

return {
  ["/courses"] = {
    GET = { "List the courses that one keeps or takes", signed_in(list), out = schema.list(shapes.Course),
      query = cursor.query({ "title" }, { class_id = optional(schema.id(shapes.CLASSES)) }),
      id = "listCourses", tags = tags },
    POST = { "Make a course", role("teacher", create), body = New, out = shapes.Course, creates = true,
      id = "createCourse", tags = tags },
  },
  ["/courses/{course_id}"] = {
    GET = { "Show a course", signed_in(show), params = by_id, out = shapes.Course, id = "showCourse", tags = tags },
    PATCH = { "Change a course", role("teacher", change), params = by_id, body = Change, out = shapes.Course,
      errors = { "forbidden" }, id = "changeCourse", tags = tags },
    DELETE = { "Delete a course that has no lessons", role("teacher", delete), params = by_id, errors = { "conflict" },
      id = "deleteCourse", tags = tags },
  },
  ["/courses/{course_id}/classes/{class_id}"] = {
    PUT = { "Let a class take a course", role("teacher", assign), params = by_id, if_match = "*",
      id = "assignCourse", tags = tags },
    DELETE = { "Take a course from a class", role("teacher", unassign), params = by_id, id = "unassignCourse",
      tags = tags },
  },
}
