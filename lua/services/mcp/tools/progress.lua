-- services/mcp/tools/progress.lua: tools about classes and how their students get on.

local class = require "model.class"
local progress = require "model.progress"
local schema = require "web.schema"

local optional, describe = schema.optional, schema.describe

local TEACHERS = { "teach" }
local READS = { readOnlyHint = true, openWorldHint = false }

local Row = schema.object {
  student_id = schema.id(), student_name = schema.text(1, 200), lesson_id = schema.id(),
  lesson_title = schema.text(1, 200), percent = schema.integer(0, 100), score = schema.integer(0),
  max_score = schema.integer(0), seconds = schema.integer(0), completed_at = schema.nullable(schema.time()),
  last_at = schema.time(),
}

local Summary = schema.object {
  students = schema.integer(0), started = schema.integer(0), completed = schema.integer(0),
  percent = describe(schema.integer(0, 100), "Average"), score = schema.integer(0), max_score = schema.integer(0),
}

local function read(user, arguments)
  local summary, err = progress.summary(user, arguments.class_id, arguments.lesson_id)
  if not summary then return nil, err end
  local rows, failure = progress.of_class(user, arguments.class_id, { lesson_id = arguments.lesson_id },
    { limit = arguments.limit })
  if not rows then return nil, failure end
  return { summary = summary, students = rows.items, more = rows.next ~= nil }
end

local function list_classes(user)
  local found, err = class.list(user, {}, { limit = 100 })
  if not found then return nil, err end
  return { classes = found.items }
end

return {
  {
    name = "list_classes", title = "List classes",
    description = "Your classes: read_progress needs the id of one.",
    input = schema.object {},
    output = schema.object { classes = schema.array(schema.object {
      id = schema.id(), name = schema.text(1, 200), subject = schema.text(1, 100), grade = schema.integer(1, 12),
    }, 0, 100) },
    annotations = READS, run = list_classes,
  },
  {
    name = "read_progress", title = "Read a class's progress", permissions = TEACHERS,
    description = "How the students of a class of yours get on, in one lesson or in all.",
    input = schema.object {
      class_id = schema.id(),
      lesson_id = optional(schema.id()),
      limit = describe(optional(schema.integer(1, 100), 50), "Most rows"),
    },
    output = schema.object {
      summary = Summary,
      students = schema.array(Row, 0, 100),
      more = describe(schema.boolean(), "Whether there are more rows than these"),
    },
    annotations = READS, run = read,
  },
}
