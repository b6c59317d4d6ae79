-- services/api/lessons.lua: lessons: written by hand or by a run, reviewed, approved and then delivered.

local answer = require "web.answer"
local cursor = require "web.cursor"
local generate_lesson = require "workflows.generate_lesson"
local guard = require "web.guard"
local lesson = require "model.lesson"
local material = require "sync.material"
local publish_lesson = require "workflows.publish_lesson"
local rbxmx = require "sync.rbxmx"
local rules = require "sync.rules"
local scene = require "model.scene"
local schema = require "web.schema"
local shapes = require "services.api.shapes"

local optional = schema.optional

local content = {
  title = shapes.name, summary = optional(schema.multiline(0, 2000)),
  objectives = optional(schema.array(schema.multiline(1, 1000), 0, 50)),
  sections = optional(schema.array(shapes.Section, 0, 100)),
  glossary = optional(schema.array(shapes.Term, 0, 200)),
}

local New = schema.extend(schema.object(content), {
  course_id = schema.id(shapes.COURSES), subject = optional(shapes.subject), grade = optional(shapes.grade),
  source_text = optional(schema.multiline(0, 100000)),
})

local Change = schema.partial(schema.object(content))

local Generate = schema.object {
  course_id = schema.id(shapes.COURSES),
  title = optional(shapes.name),
  source_text = schema.describe(schema.multiline(200, 100000), "A page of text that the lesson is made from"),
  questions = schema.describe(optional(schema.integer(1, 30), 8), "How many questions the quiz shall have"),
}

---@param req api.listLessons
local function list(req)
  return cursor.list(req, function(page) return lesson.list(req.user, req.query, page) end)
end

---@param req api.createLesson
local function create(req)
  return lesson.create(req.user, req.body)
end

---@param req api.showLesson
local function show(req)
  return lesson.find(req.user, req.params.lesson_id)
end

---@param req api.changeLesson
local function change(req)
  return lesson.update(req.user, req.params.lesson_id, req.body, req.revision)
end

---@param req api.deleteLesson
local function delete(req)
  return answer.done(lesson.delete(req.user, req.params.lesson_id, req.revision))
end

---@param req api.generateLesson
local function generate(req)
  local run, err = generate_lesson.start(req.user, req.body)
  if not run then return nil, err end
  return 202, run, { location = shapes.RUNS .. "/" .. run.id }
end

---@param req api.submitLesson
local function submit(req)
  return lesson.submit(req.user, req.params.lesson_id)
end

---@param req api.rejectLesson
local function reject(req)
  return lesson.reject(req.user, req.params.lesson_id)
end

---@param req api.approveLesson
local function approve(req)
  return publish_lesson.approve(req.user, req.params.lesson_id)
end

-- The lesson as a Roblox model: what the bridge sends to Studio, as a file.
---@param req api.downloadLesson
local function model(req)
  local found, err = material.find(req.user, req.params.lesson_id)
  if not found then return nil, err end
  return 200, rbxmx.write { rules.build(found) }, {
    ["content-disposition"] = ('attachment; filename="lesson-%s.rbxmx"'):format(found.lesson.id),
  }
end

---@param req api.showScene
local function show_scene(req)
  return scene.of_lesson(req.user, req.params.lesson_id)
end

---@param req api.replaceScene
local function change_scene(req)
  return scene.update(req.user, req.params.lesson_id, req.body, req.revision)
end

local signed_in, role = guard.signed_in, guard.role
local tags = { "Lessons" }
local by_id = { lesson_id = schema.id(shapes.LESSONS) }

return {
  ["/lessons"] = {
    GET = { "List the lessons that one may see", signed_in(list), out = schema.list(shapes.LessonBrief),
      query = cursor.query({ "title" }, {
        course_id = optional(schema.id(shapes.COURSES)), class_id = optional(schema.id(shapes.CLASSES)),
        state = optional(shapes.states),
        search = schema.describe(optional(schema.text(1, 200)), "Words of title, summary or source"),
      }), id = "listLessons", tags = tags },
    POST = { "Make a lesson by hand", role("teacher", create), body = New, out = shapes.Lesson, creates = true,
      id = "createLesson", tags = tags },
  },
  ["/lessons/generate"] = {
    POST = { "Have a lesson made from a text", role("teacher", generate), body = Generate, out = shapes.Run,
      status = 202, creates = shapes.RUNS, id = "generateLesson", tags = tags,
      description = "Starts a durable run: follow it at /runs/{run_id} or on the topic run:ID."
        .. " Its lesson awaits review." },
  },
  ["/lessons/{lesson_id}"] = {
    GET = { "Show a lesson", signed_in(show), params = by_id, out = shapes.Lesson, id = "showLesson", tags = tags },
    PATCH = { "Change a lesson", role("teacher", change), params = by_id, body = Change, out = shapes.Lesson,
      errors = { "forbidden" }, id = "changeLesson", tags = tags, description = "It is a draft again thereby." },
    DELETE = { "Delete a lesson that no student has worked on", role("teacher", delete), params = by_id,
      errors = { "conflict" }, id = "deleteLesson", tags = tags },
  },
  ["/lessons/{lesson_id}/submit"] = {
    POST = { "Submit a draft for review", role("teacher", submit), params = by_id, out = shapes.Lesson,
      errors = { "conflict" }, id = "submitLesson", tags = tags },
  },
  ["/lessons/{lesson_id}/reject"] = {
    POST = { "Send a lesson back to draft", role("teacher", reject), params = by_id, out = shapes.Lesson,
      errors = { "conflict" }, id = "rejectLesson", tags = tags },
  },
  ["/lessons/{lesson_id}/approve"] = {
    POST = { "Approve a lesson", role("teacher", approve), params = by_id, out = shapes.Lesson, errors = { "conflict" },
      id = "approveLesson", tags = tags,
      description = "Starts its delivery: to Studio, as a post, and to the students of its classes." },
  },
  ["/lessons/{lesson_id}/scene"] = {
    GET = { "Show what a lesson's Roblox scene holds", signed_in(show_scene), params = by_id, out = shapes.Scene,
      id = "showScene", tags = tags },
    PUT = { "Replace a lesson's Roblox scene", role("teacher", change_scene), params = by_id,
      body = shapes.SceneDescription, out = shapes.Scene, errors = { "forbidden" }, id = "replaceScene", tags = tags },
  },
  ["/lessons/{lesson_id}/model.rbxmx"] = {
    GET = { "Download a lesson as a Roblox model", signed_in(model), params = by_id,
      produces = "application/xml", id = "downloadLesson", tags = tags },
  },
}
