-- services/api/assignments.lua: what classes are given to do, and what students hand in for it.

local answer = require "web.answer"
local assignment = require "model.assignment"
local cursor = require "web.cursor"
local grading = require "model.grading"
local guard = require "web.guard"
local json = require "host.json"
local schema = require "web.schema"
local shapes = require "services.api.shapes"
local submission = require "model.submission"

local optional, nullable, describe = schema.optional, schema.nullable, schema.describe

local moment = optional(nullable(schema.time()))

local fields = {
  title = shapes.name, instructions = optional(schema.multiline(0, 10000)),
  category_id = optional(nullable(schema.id(shapes.CATEGORIES))),
  points = optional(schema.integer(1, 1000)),
  opens_at = describe(optional(schema.time()), "When students see it; at once if it is missing"),
  due_at = moment, closes_at = describe(moment, "From then on nothing is taken"),
  late_penalty = describe(optional(schema.integer(0, 100)), "Percent for each day begun after due_at"),
  max_attempts = describe(optional(nullable(schema.integer(1, 100))), "For a quiz; null: as the quiz says"),
}

local Change = schema.partial(schema.object(fields))

local New = schema.extend(schema.object(fields), {
  class_id = schema.id(shapes.CLASSES),
  lesson_id = optional(nullable(schema.id(shapes.LESSONS))), quiz_id = optional(nullable(schema.id(shapes.QUIZZES))),
})

local content = schema.multiline(0, 50000)
local Work = schema.object { content = optional(content, "") }
local Revision = schema.object { content = content }

local Grade = schema.object {
  score = describe(schema.number(0, 1000), "Before the penalty, in the assignment's points"),
  feedback = optional(schema.multiline(0, 10000)), penalty = optional(schema.integer(0, 100)),
}

local Given = schema.object {
  student_id = schema.id(shapes.USERS), score = schema.number(0, 1000), feedback = optional(schema.multiline(0, 10000)),
}

local Return = schema.object { feedback = schema.multiline(1, 10000) }

---@param req api.listAssignments
local function list(req)
  return cursor.list(req, function(page) return assignment.list(req.user, req.query, page) end)
end

local function is_there(value)
  return value ~= nil and value ~= json.null
end

---@param req api.createAssignment
local function create(req)
  local body = req.body
  if is_there(body.lesson_id) and is_there(body.quiz_id) then
    return nil, { code = "invalid", message = "expected a lesson or a quiz, not both", field = "quiz_id" }
  end
  return assignment.create(req.user, body)
end

---@param req api.showAssignment
local function show(req)
  return assignment.find(req.user, req.params.assignment_id)
end

---@param req api.changeAssignment
local function change(req)
  return assignment.update(req.user, req.params.assignment_id, req.body, req.revision)
end

---@param req api.deleteAssignment
local function delete(req)
  return answer.done(assignment.delete(req.user, req.params.assignment_id, req.revision))
end

---@param req api.showAssignmentStatistics
local function statistics(req)
  return assignment.statistics(req.user, req.params.assignment_id)
end

---@param req api.handIn
local function hand_in(req)
  return submission.hand_in(req.user, req.params.assignment_id, req.body.content)
end

---@param req api.listSubmissions
local function submissions(req)
  return cursor.list(req, function(page) return submission.list(req.user, req.query, page) end)
end

---@param req api.showSubmission
local function show_work(req)
  return submission.find(req.user, req.params.submission_id)
end

---@param req api.handInAgain
local function revise(req)
  return submission.revise(req.user, req.params.submission_id, req.body.content, req.revision)
end

---@param req api.gradeSubmission
local function grade(req)
  return grading.grade(req.user, req.params.submission_id, req.body, req.revision)
end

---@param req api.giveGrade
local function give(req)
  return grading.give(req.user, req.params.assignment_id, req.body)
end

---@param req api.returnSubmission
local function send_back(req)
  return grading.send_back(req.user, req.params.submission_id, req.body.feedback)
end

---@param req api.listGradeChanges
local function changes(req)
  local seen, err = submission.find(req.user, req.params.submission_id)
  if not seen then return nil, err end
  return cursor.list(req, function(page) return submission.changes(req.user, seen.id, page) end)
end

local signed_in, role = guard.signed_in, guard.role
local tags = { "Assignments" }
local by_id = { assignment_id = schema.id(shapes.ASSIGNMENTS), submission_id = schema.id(shapes.SUBMISSIONS) }

return {
  ["/assignments"] = {
    GET = { "List assignments", signed_in(list), out = schema.list(shapes.Assignment), id = "listAssignments",
      tags = tags, query = cursor.query({}, { class_id = optional(schema.id(shapes.CLASSES)),
        due_after = optional(schema.time()), due_before = optional(schema.time()) }) },
    POST = { "Give a class a lesson, a quiz or other work to do", role("teacher", create), body = New,
      out = shapes.Assignment, creates = true, id = "createAssignment", tags = tags },
  },
  ["/assignments/{assignment_id}"] = {
    GET = { "Show an assignment", signed_in(show), params = by_id, out = shapes.Assignment, id = "showAssignment",
      tags = tags },
    PATCH = { "Change an assignment", role("teacher", change), params = by_id, body = Change, out = shapes.Assignment,
      errors = { "conflict" }, id = "changeAssignment", tags = tags },
    DELETE = { "Take back an assignment that nobody has begun", role("teacher", delete), params = by_id,
      errors = { "conflict" }, id = "deleteAssignment", tags = tags },
  },
  ["/assignments/{assignment_id}/statistics"] = {
    GET = { "Show how a class stands in an assignment", role("teacher", statistics), params = by_id,
      out = shapes.AssignmentStatistics, id = "showAssignmentStatistics", tags = tags },
  },
  ["/assignments/{assignment_id}/submissions"] = {
    POST = { "Hand in work", role("student", hand_in), params = by_id, body = Work, out = shapes.Submission,
      creates = shapes.SUBMISSIONS, errors = { "conflict" }, id = "handIn", tags = tags },
  },
  ["/assignments/{assignment_id}/grades"] = {
    POST = { "Grade a student who handed nothing in", role("teacher", give), params = by_id, body = Given,
      out = shapes.Submission, creates = shapes.SUBMISSIONS, errors = { "conflict" }, id = "giveGrade", tags = tags },
  },
  ["/submissions"] = {
    GET = { "List submissions with their grades", signed_in(submissions), out = schema.list(shapes.SubmissionListed),
      id = "listSubmissions", tags = tags, query = cursor.query({}, {
        assignment_id = optional(schema.id(shapes.ASSIGNMENTS)), class_id = optional(schema.id(shapes.CLASSES)),
        student_id = optional(schema.id(shapes.USERS)), state = optional(shapes.submission_states),
      }) },
  },
  ["/submissions/{submission_id}"] = {
    GET = { "Show a submission with its grade", signed_in(show_work), params = by_id, out = shapes.Submission,
      id = "showSubmission", tags = tags },
    PATCH = { "Hand in again", role("student", revise), params = by_id, body = Revision, out = shapes.Submission,
      errors = { "conflict" }, id = "handInAgain", tags = tags },
  },
  ["/submissions/{submission_id}/grade"] = {
    PUT = { "Grade a submission", role("teacher", grade), params = by_id, body = Grade, out = shapes.Submission,
      id = "gradeSubmission", tags = tags },
  },
  ["/submissions/{submission_id}/return"] = {
    POST = { "Return a submission for revision", role("teacher", send_back), params = by_id, body = Return,
      out = shapes.Submission, errors = { "conflict" }, id = "returnSubmission", tags = tags },
  },
  ["/submissions/{submission_id}/changes"] = {
    GET = { "List the changes of a grade", signed_in(changes), params = by_id, query = cursor.query {},
      out = schema.list(shapes.GradeChange), id = "listGradeChanges", tags = tags },
  },
}
