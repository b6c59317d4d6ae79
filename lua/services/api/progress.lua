-- services/api/progress.lua: what students have done, for themselves, their parents and their teachers.

local class = require "model.class"
local cursor = require "web.cursor"
local guard = require "web.guard"
local progress = require "model.progress"
local schema = require "web.schema"
local shapes = require "services.api.shapes"
local user = require "model.user"

---@param req api.listMyProgress
local function mine(req)
  return cursor.list(req, function(page) return progress.of_student(req.user, req.user.id, page) end)
end

---@param req api.listStudentProgress
local function of_student(req)
  local student, err = user.find(req.user, req.params.user_id)
  if not student then return nil, err end
  return cursor.list(req, function(page) return progress.of_student(req.user, student.id, page) end)
end

---@param req api.listClassProgress
local function of_class(req)
  local kept, err = class.keeps(req.user, req.params.class_id)
  if not kept then return nil, err end
  return cursor.list(req, function(page)
    return progress.of_class(req.user, req.params.class_id, req.query, page)
  end)
end

---@param req api.summariseClassProgress
local function summary(req)
  return progress.summary(req.user, req.params.class_id, req.query.lesson_id)
end

local signed_in, role = guard.signed_in, guard.role
local tags = { "Progress" }
local by_id = { class_id = schema.id(shapes.CLASSES), user_id = schema.id(shapes.USERS) }
local of_lesson = { lesson_id = schema.optional(schema.id(shapes.LESSONS)) }

return {
  ["/me/progress"] = {
    GET = { "List one's own progress", role("student", mine), query = cursor.query({ "last_at" }),
      out = schema.list(shapes.Progress), id = "listMyProgress", tags = tags },
  },
  ["/users/{user_id}/progress"] = {
    GET = { "List a student's progress", signed_in(of_student), params = by_id, query = cursor.query({ "last_at" }),
      out = schema.list(shapes.Progress), id = "listStudentProgress", tags = tags },
  },
  ["/classes/{class_id}/progress"] = {
    GET = { "List the progress of a class's students", role("teacher", of_class), params = by_id,
      query = cursor.query({ "last_at" }, of_lesson), out = schema.list(shapes.ClassProgress), id = "listClassProgress",
      tags = tags },
  },
  ["/classes/{class_id}/progress/summary"] = {
    GET = { "Sum up the progress of a class", role("teacher", summary), params = by_id, query = of_lesson,
      out = shapes.ProgressSummary, id = "summariseClassProgress", tags = tags },
  },
}
