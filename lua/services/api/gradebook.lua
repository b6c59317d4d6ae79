-- services/api/gradebook.lua: a class's grades summed up by weighted categories, and what students master.

local answer = require "web.answer"
local category = require "model.grade_category"
local class = require "model.class"
local cursor = require "web.cursor"
local gradebook = require "model.gradebook"
local guard = require "web.guard"
local mastery = require "model.mastery"
local schema = require "web.schema"
local shapes = require "services.api.shapes"
local user = require "model.user"

local optional, describe = schema.optional, schema.describe

local fields = {
  name = shapes.name, weight = describe(schema.integer(0, 100), "Percent of the whole grade"),
  drop_lowest = describe(optional(schema.integer(0, 20), 0), "How many of a student's lowest grades do not count"),
}

local Change = schema.partial(schema.object(fields))

local New = schema.extend(schema.object(fields), { class_id = schema.id(shapes.CLASSES) })

---@param req api.listGrades
local function of_class(req)
  return cursor.list(req, function(page) return gradebook.of_class(req.user, req.params.class_id, page) end)
end

---@param req api.showGrades
local function of_student(req)
  return gradebook.of_student(req.user, req.params.class_id, req.params.student_id)
end

---@param req api.listGradeCategories
local function categories(req)
  return cursor.list(req, function(page) return category.list(req.user, req.query, page) end)
end

---@param req api.createGradeCategory
local function create(req)
  return category.create(req.user, req.body)
end

---@param req api.showGradeCategory
local function show(req)
  return category.find(req.user, req.params.category_id)
end

---@param req api.changeGradeCategory
local function change(req)
  return category.update(req.user, req.params.category_id, req.body, req.revision)
end

---@param req api.deleteGradeCategory
local function delete(req)
  return answer.done(category.delete(req.user, req.params.category_id, req.revision))
end

---@param req api.listMastery
local function of_person(req)
  local student, err = user.find(req.user, req.params.user_id)
  if not student then return nil, err end
  return cursor.list(req, function(page) return mastery.of_student(req.user, student.id, req.query, page) end)
end

---@param req api.listClassMastery
local function class_mastery(req)
  local kept, err = class.keeps(req.user, req.params.class_id)
  if not kept then return nil, err end
  return answer.whole(mastery.of_class(req.user, req.params.class_id))
end

local signed_in, role = guard.signed_in, guard.role
local tags, mastered = { "Gradebook" }, { "Mastery" }
local by_id = { class_id = schema.id(shapes.CLASSES), student_id = schema.id(shapes.USERS),
  user_id = schema.id(shapes.USERS), category_id = schema.id(shapes.CATEGORIES) }

return {
  ["/classes/{class_id}/gradebook"] = {
    GET = { "Show the grades of a class by students", role("teacher", of_class), params = by_id,
      query = cursor.query { "name" }, out = schema.list(shapes.Grades), id = "listGrades", tags = tags },
  },
  ["/classes/{class_id}/gradebook/{student_id}"] = {
    GET = { "Show a student's grades in a class", signed_in(of_student), params = by_id, out = shapes.Grades,
      id = "showGrades", tags = tags },
  },
  ["/grade-categories"] = {
    GET = { "List the categories of grades", signed_in(categories),
      query = cursor.query({}, { class_id = optional(schema.id(shapes.CLASSES)) }),
      out = schema.list(shapes.GradeCategory), id = "listGradeCategories", tags = tags },
    POST = { "Make a category of grades", role("teacher", create), body = New,
      out = shapes.GradeCategory, creates = true, id = "createGradeCategory", tags = tags },
  },
  ["/grade-categories/{category_id}"] = {
    GET = { "Show a category of grades", signed_in(show), params = by_id, out = shapes.GradeCategory,
      id = "showGradeCategory", tags = tags },
    PATCH = { "Change a category of grades", role("teacher", change), params = by_id, body = Change,
      out = shapes.GradeCategory, errors = { "conflict" }, id = "changeGradeCategory", tags = tags },
    DELETE = { "Delete a category of grades", role("teacher", delete), params = by_id, id = "deleteGradeCategory",
      tags = tags },
  },
  ["/users/{user_id}/mastery"] = {
    GET = { "List how well a student meets objectives", signed_in(of_person), params = by_id,
      query = cursor.query({}, { mastered = optional(schema.boolean()) }), out = schema.list(shapes.Mastery),
      id = "listMastery", tags = mastered },
  },
  ["/classes/{class_id}/mastery"] = {
    GET = { "List how well a class meets objectives, weakest first", role("teacher", class_mastery), params = by_id,
      out = schema.list(shapes.ClassMastery), id = "listClassMastery", tags = mastered },
  },
}
