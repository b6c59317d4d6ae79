-- services/mcp/tools/lessons.lua: tools about lessons: find, read, have one made.

local course = require "model.course"
local generate_lesson = require "workflows.generate_lesson"
local json = require "host.json"
local lesson = require "model.lesson"
local quiz = require "model.quiz"
local run = require "workflow.run"
local schema = require "web.schema"

local optional, describe = schema.optional, schema.describe

local TEACHERS = { "teach" }
local READS = { readOnlyHint = true, openWorldHint = false }

local Brief = schema.object {
  id = schema.id(), title = schema.text(1, 200), summary = schema.multiline(0, 2000), subject = schema.text(1, 100),
  grade = schema.integer(1, 12), state = schema.enum { "draft", "review", "approved", "published" },
}

local Question = schema.object {
  id = schema.id(), kind = schema.text(1, 40), prompt = schema.multiline(1, 2000),
  choices = schema.array(schema.any(), 0, 50), answer = optional(schema.any()),
}

local Lesson = schema.extend(Brief, {
  course_id = schema.id(),
  notice = schema.nullable(schema.multiline(0, 2000)),
  objectives = schema.array(schema.multiline(1, 1000), 0, 50),
  sections = schema.array(schema.object { heading = schema.text(1, 200), body = schema.multiline(1, 20000) }, 0, 100),
  glossary = schema.array(schema.object { term = schema.text(1, 200), definition = schema.multiline(1, 2000) }, 0, 200),
  questions = schema.array(Question, 0, 200),
})

local Run = schema.object {
  run_id = schema.id(),
  state = schema.text(1, 40),
  steps = schema.array(schema.object { name = schema.text(1, 100), state = schema.text(1, 40) }, 0, 1000),
  lesson_id = schema.nullable(schema.id()),
  error = schema.nullable(schema.multiline(0, 4000)),
}

local function search(user, arguments)
  local found, err = lesson.list(user, { search = arguments.query }, { limit = arguments.limit })
  if not found then return nil, err end
  return { lessons = found.items }
end

local function read(user, arguments)
  local found, err = lesson.find(user, arguments.lesson_id)
  if not found then return nil, err end
  local asked, failure = quiz.of_lesson(user, found.id)
  if not asked and failure.code ~= "not_found" then return nil, failure end
  found.questions = asked and asked.questions or {}
  return found
end

local function generate(user, arguments)
  local started, err = generate_lesson.start(user, arguments)
  if not started then return nil, err end
  return { run_id = started.id, state = started.state, steps = {}, lesson_id = json.null, error = json.null }
end

local function known(value)
  if value == nil or value == json.null then return nil end
  return value
end

local function read_run(user, arguments)
  local found, err = run.find(user, arguments.run_id)
  if not found then return nil, err end
  local output, failure = known(found.output), known(found.error)
  return {
    run_id = found.id,
    state = found.state,
    steps = found.steps or {},
    lesson_id = output and output.lesson_id or json.null,
    error = failure and (failure.message or json.encode(failure)) or json.null,
  }
end

local function list_courses(user)
  local found, err = course.list(user, {}, { limit = 100 })
  if not found then return nil, err end
  return { courses = found.items }
end

return {
  {
    name = "search_lessons", title = "Search lessons",
    description = "Finds lessons by words of their title, summary or source text, among those that you may see.",
    input = schema.object {
      query = describe(schema.text(1, 200), "Words; quotes and - work as in a web search"),
      limit = optional(schema.integer(1, 50), 10),
    },
    output = schema.object { lessons = schema.array(Brief, 0, 50) },
    annotations = READS, run = search,
  },
  {
    name = "read_lesson", title = "Read a lesson",
    description = "A lesson with its sections, glossary and quiz. Answers are there for who keeps the lesson.",
    input = schema.object { lesson_id = schema.id() },
    output = Lesson, annotations = READS, run = read,
  },
  {
    name = "list_courses", title = "List courses",
    description = "Your courses: generate_lesson needs the id of one.",
    input = schema.object {},
    output = schema.object { courses = schema.array(schema.object {
      id = schema.id(), title = schema.text(1, 200), subject = schema.text(1, 100), grade = schema.integer(1, 12),
    }, 0, 100) },
    annotations = READS, run = list_courses,
  },
  {
    name = "generate_lesson", title = "Have a lesson made", permissions = TEACHERS,
    description = "Starts a run that makes a lesson, its quiz and its Roblox scene from a page of text. It takes a"
      .. " while: follow it with read_run. A teacher reviews the lesson before students see it.",
    input = schema.object {
      course_id = schema.id(),
      source_text = describe(schema.multiline(200, 100000), "The text that the lesson is made from"),
      title = optional(schema.text(1, 200)),
      questions = describe(optional(schema.integer(1, 30), 8), "How many questions the quiz shall have"),
    },
    output = Run,
    annotations = { readOnlyHint = false, destructiveHint = false, idempotentHint = false, openWorldHint = true },
    run = generate,
  },
  {
    name = "read_run", title = "Follow a run", permissions = TEACHERS,
    description = "How far a run of yours is, and the lesson it has made.",
    input = schema.object { run_id = schema.id() },
    output = Run, annotations = READS, run = read_run,
  },
}
