-- services/api/shapes.lua: what the API's objects look like on the wire. Bodies of requests stand beside their routes.

local grade = require "model.grade"
local scene = require "model.scene"
local schema = require "web.schema"
local sniff = require "util.sniff"
local time_zones = require "util.time_zones"

local describe, nullable, optional = schema.describe, schema.nullable, schema.optional

local M = {}

M.CLASSES, M.COURSES, M.LESSONS = "/api/v1/classes", "/api/v1/courses", "/api/v1/lessons"
M.USERS, M.RUNS, M.ATTEMPTS, M.SESSIONS = "/api/v1/users", "/api/v1/runs", "/api/v1/attempts", "/api/v1/sessions"
M.SCHOOLS, M.MEETINGS = "/api/v1/schools", "/api/v1/meetings"
M.TEMPLATES, M.MEDIA = "/api/v1/prompt-templates", "/api/v1/media"
M.CONSENTS, M.DATA_REQUESTS = "/api/v1/users/{user_id}/consents", "/api/v1/users/{user_id}/data-requests"

M.roles = schema.enum { "student", "teacher", "parent", "admin" }

M.name = schema.text(1, 200)
M.subject = schema.text(1, 100)
M.grade = schema.integer(1, 12)
M.login = schema.text(3, 64, {
  pattern = "[%w][%w._@+-]*", json_pattern = "^[0-9A-Za-z][0-9A-Za-z._@+-]*$",
  pattern_says = "expected letters, digits and . _ @ + -, beginning with a letter or digit", example = "ada.l",
})
M.code = schema.text(8, 9, {
  pattern = "[%w][%w-]*", json_pattern = "^[0-9A-Za-z][0-9A-Za-z-]*$",
  pattern_says = "expected a code such as 7KQW-M2XR", example = "7KQW-M2XR",
})

M.time_zone = schema.named("TimeZone", schema.enum(time_zones, "expected a name such as Europe/Berlin"))

local stamps = { created_at = schema.time(), updated_at = schema.time() }

-- An object with its id and time stamps.
local function object(name, fields)
  fields.id = fields.id or schema.id()
  for stamp, declared in pairs(stamps) do fields[stamp] = fields[stamp] or declared end
  return schema.named(name, schema.object(fields))
end

local school_id = describe(nullable(schema.id(M.SCHOOLS)), "The school, if there is one")

M.School = object("School", {
  id = schema.id(M.SCHOOLS), name = M.name, address = schema.multiline(0, 500), time_zone = M.time_zone,
})

M.User = object("User", {
  id = schema.id(M.USERS), school_id = school_id, role = M.roles, login = schema.text(1, 64), name = M.name,
  state = schema.enum { "active", "suspended" },
})

M.Me = object("Me", {
  id = schema.id(M.USERS), school_id = school_id, role = M.roles, login = schema.text(1, 64), name = M.name,
  state = schema.enum { "active", "suspended" },
  email = nullable(schema.email()), birth_date = nullable(schema.date()),
  email_verified = describe(schema.boolean(), "Somebody who reads this address's mail has said so"),
})

M.Profile = object("Profile", {
  id = schema.id(M.USERS), about = schema.multiline(0, 2000), pronouns = schema.text(0, 40),
})

M.preferences = {
  language = schema.enum { "en", "es", "fr", "de" }, time_zone = M.time_zone,
  theme = schema.enum { "system", "light", "dark" }, text_size = schema.enum { "normal", "large", "larger" },
  high_contrast = schema.boolean(), reduce_motion = schema.boolean(), captions = schema.boolean(),
  digest = describe(schema.enum { "none", "daily", "weekly" }, "How often a summary is sent by mail"),
  notices = describe(schema.boolean(), "Whether what happens is told at once"),
}

M.Preferences = object("Preferences", schema.extend(schema.object(M.preferences), {
  id = schema.id(M.USERS),
}).fields)

M.Parent = schema.named("Parent", schema.object {
  id = schema.id(M.USERS), login = schema.text(1, 64), name = M.name, linked_at = schema.time(),
})

M.Session = schema.named("Session", schema.object {
  id = schema.id(M.SESSIONS), created_at = schema.time(), last_used_at = schema.time(), expires_at = schema.time(),
  client = schema.text(0, 200), address = schema.text(0, 100),
})

M.Tokens = schema.named("Tokens", schema.object {
  access_token = schema.text(1, 4000), token_type = schema.const("Bearer"), expires_in = schema.integer(1),
  refresh_token = schema.text(1, 200), user = M.User,
})

M.Code = schema.named("Code", schema.object { code = schema.text(1, 20), expires_in = schema.integer(1) })

M.Class = object("Class", {
  id = schema.id(M.CLASSES), school_id = school_id, teacher_id = schema.id(M.USERS), name = M.name,
  subject = M.subject, grade = M.grade, archived_at = nullable(schema.time()),
  join_code = describe(optional(schema.text(1, 20)), "Shown to who keeps the class"),
})

M.JoinedClass = schema.named("JoinedClass", schema.object {
  id = schema.id(M.CLASSES), name = M.name, subject = M.subject, grade = M.grade, teacher_id = schema.id(M.USERS),
})

M.Enrolled = schema.named("EnrolledStudent", schema.object {
  id = schema.id(M.USERS), login = schema.text(1, 64), name = M.name,
})

M.RosterEntry = schema.named("RosterEntry", schema.object {
  id = schema.id(M.USERS), login = schema.text(1, 64), name = M.name,
  state = schema.enum { "active", "suspended" }, joined_at = schema.time(),
})

M.Course = object("Course", {
  id = schema.id(M.COURSES), school_id = school_id, teacher_id = schema.id(M.USERS), title = M.name,
  subject = M.subject, grade = M.grade, description = schema.multiline(0, 4000),
})

-- Of the live topic system.
M.announcement = schema.object { message = schema.text(1, 500) }

M.states = schema.enum { "draft", "review", "approved", "published" }

M.Section = schema.object { heading = schema.text(1, 200), body = schema.multiline(1, 20000) }
M.Term = schema.object { term = schema.text(1, 200), definition = schema.multiline(1, 2000) }

local brief = {
  id = schema.id(M.LESSONS), course_id = schema.id(M.COURSES), teacher_id = schema.id(M.USERS), state = M.states,
  title = M.name, summary = schema.multiline(0, 2000), subject = M.subject, grade = M.grade,
  notice = describe(nullable(schema.multiline(0, 2000)), "How the lesson was made, where that matters to a reader"),
  published_at = nullable(schema.time()),
}

local function copy(fields, more)
  local out = {}
  for name, declared in pairs(fields) do out[name] = declared end
  for name, declared in pairs(more) do out[name] = declared end
  return out
end

M.LessonBrief = object("LessonBrief", copy(brief, {}))

-- What only who keeps a lesson sees is optional.
M.Lesson = object("Lesson", copy(brief, {
  objectives = schema.array(schema.multiline(1, 1000), 0, 50),
  sections = schema.array(M.Section, 0, 100),
  glossary = schema.array(M.Term, 0, 200),
  run_id = optional(nullable(schema.id(M.RUNS))),
  source_text = optional(schema.multiline(0, 100000)),
  review = optional(nullable(schema.any())),
  provider = optional(nullable(schema.text(1, 100))),
  approved_by = optional(nullable(schema.id(M.USERS))),
  approved_at = optional(nullable(schema.time())),
}))

M.SceneDescription = schema.object {
  title = schema.text(1, 200),
  environment = schema.enum(scene.ENVIRONMENTS),
  stations = schema.array(schema.object {
    kind = schema.enum(scene.KINDS), title = schema.text(1, 200), text = schema.multiline(1, 2000),
  }, 1, scene.MAX_STATIONS),
}

M.Scene = schema.named("Scene", schema.object {
  id = schema.id(), lesson_id = schema.id(M.LESSONS), description = M.SceneDescription, updated_at = schema.time(),
})

local file = {
  id = schema.id(M.MEDIA), owner_id = schema.id(M.USERS), name = M.name, type = schema.enum(sniff.TYPES),
  octets = schema.integer(1), digest = describe(schema.text(64, 64), "SHA-256 in hex"), shared = schema.boolean(),
}

M.Media = object("Media", copy(file, {}))
M.Attached = object("Attached", copy(file, { attached_at = schema.time() }))

M.CATEGORIES = "/api/v1/grade-categories"
M.QUIZZES, M.ASSIGNMENTS, M.SUBMISSIONS = "/api/v1/quizzes", "/api/v1/assignments", "/api/v1/submissions"

local item = schema.object { id = schema.text(1, 10), text = schema.multiline(1, 500) }

-- What a student sends for one question is what its kind asks (model/grade.lua).
M.answers = schema.array(schema.object {
  question_id = schema.id(),
  answer = schema.either(schema.text(0, 1000), schema.boolean(), schema.array(schema.text(0, 1000), 0, 30),
    schema.map(schema.text(1, 10), 30)),
}, 0, 200)

M.Question = schema.named("Question", schema.object {
  id = schema.id(), position = schema.integer(1), kind = schema.enum(grade.KINDS),
  prompt = schema.multiline(1, 2000), choices = schema.array(item, 0, 50), targets = schema.array(item, 0, 50),
  points = schema.integer(1, 100),
  partial = describe(schema.boolean(), "Whether a part of the answer gives a part of the points"),
  answer = describe(optional(schema.any()), "For who keeps the quiz"),
  explanation = optional(schema.multiline(0, 2000)),
  objective = describe(optional(nullable(schema.text(1, 300))), "What it shows that a student masters"),
})

local quiz = {
  id = schema.id(M.QUIZZES), lesson_id = nullable(schema.id(M.LESSONS)), teacher_id = schema.id(M.USERS),
  title = M.name, max_attempts = schema.integer(1, 100),
  passing_score = describe(schema.integer(0, 100), "Percent"),
  time_limit = describe(nullable(schema.integer(30, 86400)), "Seconds, kept by the server's clock"),
  shuffle = describe(schema.boolean(), "Whether each attempt has an order of its own"),
  reveal = describe(schema.enum { "submitted", "closed", "never" },
    "When right answers are shown: with a submitted attempt, when nobody may try any more, or never"),
}

M.QuizBrief = object("QuizBrief", copy(quiz, {}))
M.Quiz = object("Quiz", copy(quiz, { questions = schema.array(M.Question, 0, 200) }))

local attempt = {
  id = schema.id(M.ATTEMPTS), quiz_id = schema.id(M.QUIZZES), assignment_id = nullable(schema.id(M.ASSIGNMENTS)),
  number = schema.integer(1), started_at = schema.time(),
  ends_at = describe(nullable(schema.time()), "When it ends by itself: what is saved by then is marked"),
}

M.Attempt = schema.named("Attempt", schema.object(copy(attempt, { questions = schema.array(M.Question, 0, 200) })))

M.AttemptBrief = schema.named("AttemptBrief", schema.object(copy(attempt, {
  student_id = schema.id(M.USERS), student_name = M.name, submitted_at = nullable(schema.time()),
  expired = schema.boolean(), score = nullable(schema.number(0)), max_score = nullable(schema.number(0)),
})))

M.Result = schema.named("Result", schema.object {
  id = schema.id(M.ATTEMPTS), number = schema.integer(1), score = schema.number(0), max_score = schema.number(0),
  passed = schema.boolean(), expired = schema.boolean(),
  questions = describe(schema.array(schema.object {
    question_id = schema.id(), correct = schema.boolean(), points = schema.number(0),
    max_points = optional(schema.number(0)), answer = schema.any(), explanation = schema.multiline(0, 2000),
  }, 0, 200), "Empty as long as the quiz does not reveal its answers"),
})

M.AttemptView = schema.named("AttemptView", schema.object(copy(attempt, {
  student_id = schema.id(M.USERS), submitted_at = nullable(schema.time()), expired = schema.boolean(),
  questions = schema.array(M.Question, 0, 200), answers = nullable(schema.any()), result = nullable(M.Result),
})))

M.run_states = schema.enum { "queued", "running", "blocked", "succeeded", "failed", "cancelled" }

local run = {
  id = schema.id(M.RUNS), workflow = schema.text(1, 100), state = M.run_states,
  output = nullable(schema.any()), error = nullable(schema.any()), created_at = schema.time(),
  updated_at = schema.time(), finished_at = nullable(schema.time()),
}

M.Run = schema.named("Run", schema.object(copy(run, {})))

M.RunSteps = schema.named("RunWithSteps", schema.object(copy(run, {
  steps = schema.array(schema.object {
    name = schema.text(1, 100), occurrence = schema.integer(1), position = schema.integer(1),
    state = schema.enum { "running", "retrying", "done", "failed" }, attempts = schema.integer(1),
    error = nullable(schema.any()), started_at = schema.time(), finished_at = nullable(schema.time()),
  }, 0, 1000),
})))

local progress = {
  student_id = schema.id(M.USERS), lesson_id = schema.id(M.LESSONS), lesson_title = M.name,
  percent = schema.integer(0, 100), score = schema.integer(0), max_score = schema.integer(0),
  seconds = schema.integer(0), events = schema.integer(0), started_at = nullable(schema.time()),
  completed_at = nullable(schema.time()), last_at = schema.time(),
}

M.Progress = schema.named("Progress", schema.object(copy(progress, {})))
M.ClassProgress = schema.named("ClassProgress", schema.object(copy(progress, { student_name = M.name })))

M.ProgressSummary = schema.named("ProgressSummary", schema.object {
  students = schema.integer(0), started = schema.integer(0), completed = schema.integer(0),
  percent = schema.integer(0, 100), score = schema.integer(0), max_score = schema.integer(0),
})

M.Assignment = object("Assignment", {
  id = schema.id(M.ASSIGNMENTS), class_id = schema.id(M.CLASSES), teacher_id = schema.id(M.USERS),
  category_id = nullable(schema.id(M.CATEGORIES)), lesson_id = nullable(schema.id(M.LESSONS)),
  quiz_id = nullable(schema.id(M.QUIZZES)), title = M.name, instructions = schema.multiline(0, 10000),
  points = schema.integer(1, 1000), opens_at = schema.time(), due_at = nullable(schema.time()),
  closes_at = nullable(schema.time()),
  late_penalty = describe(schema.integer(0, 100), "Percent for each day begun after due_at"),
  max_attempts = nullable(schema.integer(1, 100)),
})

M.AssignmentStatistics = schema.named("AssignmentStatistics", schema.object {
  students = schema.integer(0), submitted = schema.integer(0), graded = schema.integer(0), late = schema.integer(0),
  waiting = describe(schema.integer(0), "Handed in, not graded"),
  mean = describe(nullable(schema.number(0)), "Mean share of the points of what is graded"),
})

M.submission_states = schema.enum { "submitted", "returned", "graded" }

local submission = {
  id = schema.id(M.SUBMISSIONS), assignment_id = schema.id(M.ASSIGNMENTS), student_id = schema.id(M.USERS),
  state = M.submission_states, content = schema.multiline(0, 50000), submitted_at = schema.time(),
  late = schema.boolean(), score = nullable(schema.number(0)),
  penalty = describe(schema.integer(0, 100), "Percent taken off for being late"),
  final = describe(nullable(schema.number(0)), "The score less the penalty: what counts once it is graded"),
  feedback = schema.multiline(0, 10000), attempt_id = nullable(schema.id(M.ATTEMPTS)),
  graded_by = describe(nullable(schema.id(M.USERS)), "null: the quiz graded itself"),
  graded_at = nullable(schema.time()),
}

M.Submission = object("Submission", copy(submission, {}))
M.SubmissionListed = object("SubmissionListed", copy(submission, {
  class_id = schema.id(M.CLASSES), assignment_title = M.name, points = schema.integer(1, 1000), student_name = M.name,
}))

M.GradeChange = schema.named("GradeChange", schema.object {
  id = schema.id(), changed_by = nullable(schema.id(M.USERS)),
  reason = schema.enum { "graded", "quiz", "returned", "handed_in" }, old_final = nullable(schema.number(0)),
  new_final = nullable(schema.number(0)), created_at = schema.time(),
})

M.GradeCategory = object("GradeCategory", {
  id = schema.id(M.CATEGORIES), class_id = schema.id(M.CLASSES), name = M.name, weight = schema.integer(0, 100),
  drop_lowest = schema.integer(0, 20),
})

M.Grades = schema.named("Grades", schema.object {
  class_id = schema.id(M.CLASSES), student_id = schema.id(M.USERS), name = M.name,
  percent = describe(nullable(schema.number(0)), "Over all categories by weight; null while nothing counts"),
  missing = describe(schema.integer(0), "Closed and never handed in: these count as 0"),
  categories = schema.array(schema.object {
    category_id = nullable(schema.id(M.CATEGORIES)), name = M.name, weight = schema.integer(0, 100),
    percent = schema.number(0), counted = schema.integer(0), missing = schema.integer(0),
  }, 0, 1000),
})

local level = describe(schema.number(0, 1), "Newer answers weigh more; mastered from 0.8 on")

M.Mastery = schema.named("Mastery", schema.object {
  id = schema.id(), student_id = schema.id(M.USERS), objective = schema.text(1, 300), level = level,
  mastered = schema.boolean(), points = schema.number(0), max_points = schema.number(0), answers = schema.integer(0),
  last_at = schema.time(),
})

M.ClassMastery = schema.named("ClassMastery", schema.object {
  objective = schema.text(1, 300), level = level, students = schema.integer(0), mastered = schema.integer(0),
})

return M
