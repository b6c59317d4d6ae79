-- services/api/live.lua: the live topics of the API: /ws and /events, and what is told on which topic.

local guard = require "web.guard"
local live = require "web.live"
local schema = require "web.schema"
local shapes = require "services.api.shapes"

local M = {}

local lesson_state = schema.object {
  lesson_id = schema.id(shapes.LESSONS), title = shapes.name, state = shapes.states,
}

local summed = schema.object {
  student_id = schema.id(shapes.USERS), lesson_id = schema.id(shapes.LESSONS), percent = schema.integer(0, 100),
  score = schema.integer(0), max_score = schema.integer(0), seconds = schema.integer(0),
  completed_at = schema.nullable(schema.time()), last_at = schema.time(),
}

local optional, nullable = schema.optional, schema.nullable

local run_state = schema.object {
  run_id = schema.id(shapes.RUNS), workflow = schema.text(1, 100), state = shapes.run_states,
  output = optional(nullable(schema.any())), error = optional(nullable(schema.any())),
}

local run_step = schema.object {
  run_id = schema.id(shapes.RUNS), workflow = schema.text(1, 100), step = schema.text(1, 100),
  position = schema.integer(1), state = schema.enum { "running", "retrying", "done", "failed" },
  attempt = optional(schema.integer(1)), error = optional(nullable(schema.any())),
  seconds = optional(nullable(schema.number())),
}

local graded = schema.object {
  submission_id = schema.id(shapes.SUBMISSIONS), assignment_id = schema.id(shapes.ASSIGNMENTS),
  student_id = schema.id(shapes.USERS), state = shapes.submission_states, final = nullable(schema.number(0)),
}

local given = schema.object {
  assignment_id = schema.id(shapes.ASSIGNMENTS), class_id = schema.id(shapes.CLASSES), title = shapes.name,
  due_at = nullable(schema.time()),
}

local enrolment = schema.object { class_id = schema.id(shapes.CLASSES), student_id = schema.id(shapes.USERS) }

---The vocabulary, for the AsyncAPI document.
M.topics = {
  { name = "user", address = "user:{user_id}", summary = "What concerns a person; for that person and the parents",
    roles = { "admin", "parent", "student", "teacher" },
    events = {
      progress = { "A student got on", schema.object { progress = schema.array(summed) } },
      ["work.handed_in"] = { "Work was handed in", graded }, ["grade.changed"] = { "A grade was changed", graded },
      ["lesson.ready"] = { "A run has made a lesson", schema.object {
        lesson_id = schema.id(shapes.LESSONS), title = shapes.name, run_id = schema.id(shapes.RUNS),
      } },
    } },
  { name = "class", address = "class:{class_id}", summary = "What happens in a class; for who keeps it",
    roles = { "admin", "teacher" },
    events = {
      progress = { "Students got on", schema.object {
        class_id = schema.id(shapes.CLASSES), progress = schema.array(summed, 0, 1000),
      } },
      ["assignment.created"] = { "The class was given something to do", given },
      ["assignment.changed"] = { "An assignment was changed", given },
      ["work.handed_in"] = { "Work was handed in", graded }, ["grade.changed"] = { "A grade was changed", graded },
      ["enrolment.added"] = { "A student joined", enrolment },
      ["enrolment.removed"] = { "A student left", enrolment },
    } },
  { name = "lesson", address = "lesson:{lesson_id}", summary = "The state of a lesson; for who keeps it",
    roles = { "admin", "teacher" },
    events = {
      ["lesson.draft"] = { "It is a draft", lesson_state }, ["lesson.review"] = { "It awaits review", lesson_state },
      ["lesson.approved"] = { "It is approved", lesson_state },
      ["lesson.published"] = { "Students can see it", lesson_state },
    } },
  { name = "run", address = "run:{run_id}", summary = "The steps of a run; for who started it",
    roles = { "admin", "teacher" },
    events = {
      ["run.queued"] = { "It waits to be run", run_state }, ["run.cancelling"] = { "It shall stop", run_state },
      ["run.cancelled"] = { "It was cancelled", run_state }, ["run.succeeded"] = { "It is done", run_state },
      ["run.failed"] = { "It has failed", run_state }, ["run.blocked"] = { "It cannot go on", run_state },
      ["step.started"] = { "A step began", run_step }, ["step.done"] = { "A step is done", run_step },
      ["step.failed"] = { "A step has failed", run_step }, ["step.retrying"] = { "A step is tried again", run_step },
      ["step.progress"] = { "A step comes along", schema.any() },
    } },
  { name = "system", address = "system", summary = "What the operator tells everybody (toolboxd announce)",
    roles = { "admin", "parent", "student", "teacher" },
    events = {
      notice = { "Something to know", shapes.announcement },
      alert = { "Something to know at once", shapes.announcement },
    } },
}

local tags = { "Live" }

M.routes = {
  ["/ws"] = {
    GET = { "Open a WebSocket for live topics", guard.by("socket", live.open_socket), raw = true, status = 101,
      errors = { "upgrade_required", "forbidden" }, id = "openSocket", tags = tags,
      says = "The connection is a WebSocket now",
      description = "Messages are described at /asyncapi.json."
        .. " Browsers send the token as the subprotocol bearer.TOKEN." },
  },
  ["/api/v1/events"] = {
    GET = { "Follow topics as server-sent events", guard.signed_in(live.open_stream), raw = true,
      produces = "text/event-stream", query = live.stream_query, errors = { "not_found", "conflict" },
      id = "followEvents", tags = tags },
  },
}

return M
