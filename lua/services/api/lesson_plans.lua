-- services/api/lesson_plans.lua: what a lesson teaches, what it builds on, and its approved versions.

local cursor = require "web.cursor"
local guard = require "web.guard"
local lesson_plan = require "model.lesson_plan"
local lesson_version = require "model.lesson_version"
local schema = require "web.schema"
local shapes = require "services.api.shapes"

local nullable, optional = schema.nullable, schema.optional

local bloom = schema.describe(schema.enum(lesson_plan.BLOOM), "Level of Bloom's taxonomy, as revised")
local standard = schema.describe(schema.text(1, 100, { example = "NGSS 5-ESS2-1" }), "Code of a curriculum's standard")
local text = schema.multiline(1, 1000)

local Objectives = schema.object {
  objectives = schema.array(schema.object {
    text = text, bloom = optional(bloom), standard = optional(standard),
  }, 0, 50),
}

local told = schema.array(schema.object { text = text, bloom = nullable(bloom), standard = nullable(standard) }, 0, 50)

local LessonObjectives = schema.named("LessonObjectives", schema.object {
  id = schema.id(shapes.LESSONS), objectives = told,
})

local Prerequisites = schema.object { lesson_ids = schema.array(schema.id(shapes.LESSONS), 0, lesson_plan.MOST) }

local Before = schema.named("LessonPrerequisites", schema.object {
  items = schema.array(schema.object {
    id = schema.id(shapes.LESSONS), title = shapes.name, state = shapes.states,
  }, 0, lesson_plan.MOST),
})

local brief = {
  number = schema.integer(1), title = shapes.name, approved_by = nullable(schema.id(shapes.USERS)),
  approved_at = schema.time(),
}

local Version = schema.named("LessonVersion", schema.object(brief))

local VersionContent = schema.named("LessonVersionContent", schema.extend(schema.object(brief), {
  lesson_id = schema.id(shapes.LESSONS),
  content = schema.object {
    title = shapes.name, summary = schema.multiline(0, 2000), objectives = told,
    sections = schema.array(shapes.Section, 0, 100), glossary = schema.array(shapes.Term, 0, 200),
  },
}))

---@param req api.showObjectives
local function objectives(req)
  return lesson_plan.objectives(req.user, req.params.lesson_id)
end

---@param req api.replaceObjectives
local function set_objectives(req)
  return lesson_plan.set_objectives(req.user, req.params.lesson_id, req.body.objectives, req.revision)
end

---@param req api.listPrerequisites
local function prerequisites(req)
  return lesson_plan.prerequisites(req.user, req.params.lesson_id)
end

---@param req api.replacePrerequisites
local function set_prerequisites(req)
  return lesson_plan.set_prerequisites(req.user, req.params.lesson_id, req.body.lesson_ids)
end

---@param req api.listVersions
local function versions(req)
  return cursor.list(req, function(page) return lesson_version.list(req.user, req.params.lesson_id, page) end)
end

---@param req api.showVersion
local function version(req)
  return lesson_version.find(req.user, req.params.lesson_id, req.params.number)
end

---@param req api.restoreVersion
local function restore(req)
  return lesson_version.restore(req.user, req.params.lesson_id, req.params.number)
end

local signed_in, role = guard.signed_in, guard.role
local tags = { "Lessons" }
local by_id = { lesson_id = schema.id(shapes.LESSONS), number = schema.integer(1, 1000000) }

return {
  ["/lessons/{lesson_id}/objectives"] = {
    GET = { "Show what a lesson teaches", signed_in(objectives), params = by_id, out = LessonObjectives,
      id = "showObjectives", tags = tags },
    PUT = { "Replace what a lesson teaches", role("teacher", set_objectives), params = by_id, body = Objectives,
      out = LessonObjectives, errors = { "forbidden", "conflict" }, id = "replaceObjectives", tags = tags,
      description = "The lesson is a draft again thereby." },
  },
  ["/lessons/{lesson_id}/prerequisites"] = {
    GET = { "List what comes before a lesson", signed_in(prerequisites), params = by_id, out = Before,
      tagged = true, id = "listPrerequisites", tags = tags },
    PUT = { "Replace what comes before a lesson", role("teacher", set_prerequisites), params = by_id,
      body = Prerequisites, out = Before, tagged = true, errors = { "forbidden" }, id = "replacePrerequisites",
      tags = tags, description = "Lessons of the same course; none may come before itself." },
  },
  ["/lessons/{lesson_id}/versions"] = {
    GET = { "List a lesson's approved versions", role("teacher", versions), params = by_id, query = cursor.query {},
      out = schema.list(Version), id = "listVersions", tags = tags },
  },
  ["/lessons/{lesson_id}/versions/{number}"] = {
    GET = { "Show an approved version", role("teacher", version), params = by_id, out = VersionContent,
      id = "showVersion", tags = tags },
  },
  ["/lessons/{lesson_id}/versions/{number}/restore"] = {
    POST = { "Make a lesson what a version was", role("teacher", restore), params = by_id, out = shapes.Lesson,
      errors = { "conflict" }, id = "restoreVersion", tags = tags,
      description = "It is a draft until it is approved." },
  },
}
