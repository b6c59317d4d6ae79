-- services/api/calendar.lua: what happens when in one's classes; the dates of lessons in them.

local answer = require "web.answer"
local calendar = require "model.calendar"
local cursor = require "web.cursor"
local guard = require "web.guard"
local lesson_date = require "model.lesson_date"
local schema = require "web.schema"
local shapes = require "services.api.shapes"

local nullable, optional = schema.nullable, schema.optional

local Entry = schema.named("CalendarEntry", schema.object {
  kind = schema.enum { "meeting", "lesson", "due", "assignment" },
  class_id = schema.id(shapes.CLASSES), class_name = shapes.name,
  meeting_id = nullable(schema.id(shapes.MEETINGS)), lesson_id = nullable(schema.id(shapes.LESSONS)),
  assignment_id = nullable(schema.id(shapes.ASSIGNMENTS)),
  title = shapes.name, room = schema.text(0, 100), date = schema.date(), starts_at = schema.time(),
  ends_at = nullable(schema.time()),
})

local Calendar = schema.named("Calendar", schema.object {
  items = schema.array(Entry, 0, calendar.MOST),
  truncated = schema.describe(schema.boolean(), "There is more: ask for a shorter range"),
})

local Dates = schema.object { starts_at = schema.time(), due_at = optional(schema.time()) }

local dated = {
  class_id = schema.id(shapes.CLASSES), lesson_id = schema.id(shapes.LESSONS), starts_at = schema.time(),
  due_at = nullable(schema.time()), created_at = schema.time(), updated_at = schema.time(),
}

local LessonDates = schema.named("LessonDates", schema.object(dated))
local DatedLesson = schema.named("DatedLesson", schema.extend(schema.object(dated), { title = shapes.name }))

---@param req api.showCalendar
local function between(req)
  return calendar.between(req.user, req.query)
end

---@param req api.showToday
local function today(req)
  return calendar.today(req.user)
end

---@param req api.listLessonDates
local function list(req)
  return cursor.list(req, function(page) return lesson_date.list(req.user, req.params.class_id, page) end)
end

---@param req api.setLessonDates
local function set(req)
  return lesson_date.set(req.user, req.params.class_id, req.params.lesson_id, req.body)
end

---@param req api.clearLessonDates
local function clear(req)
  return answer.done(lesson_date.clear(req.user, req.params.class_id, req.params.lesson_id))
end

local signed_in, role = guard.signed_in, guard.role
local tags = { "Classes" }
local by_id = { class_id = schema.id(shapes.CLASSES), lesson_id = schema.id(shapes.LESSONS) }

return {
  ["/calendar"] = {
    GET = { "Show what happens from one date to another", signed_in(between), out = Calendar, query = {
      from = schema.date(), to = schema.describe(schema.date(), "At most 62 days later"),
      class_id = optional(schema.id(shapes.CLASSES)),
    }, id = "showCalendar", tags = tags },
  },
  ["/classes/today"] = {
    GET = { "Show which classes meet today", signed_in(today), out = Calendar, id = "showToday", tags = tags,
      description = "Today as it is in the time zone of each meeting." },
  },
  ["/classes/{class_id}/lessons"] = {
    GET = { "List the dates of a class's lessons", signed_in(list), params = by_id, query = cursor.query {},
      out = schema.list(DatedLesson), id = "listLessonDates", tags = tags },
  },
  ["/classes/{class_id}/lessons/{lesson_id}"] = {
    PUT = { "Say when a class takes a lesson", role("teacher", set), params = by_id, body = Dates, out = LessonDates,
      if_match = "*", id = "setLessonDates", tags = tags },
    DELETE = { "Take a lesson out of a class's calendar", role("teacher", clear), params = by_id,
      id = "clearLessonDates", tags = tags },
  },
}
