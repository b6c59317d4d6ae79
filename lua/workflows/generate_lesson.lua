-- workflows/generate_lesson.lua: a teacher's page of text becomes a lesson with a quiz and a scene, ready for review.
--
--   plan → write → quiz → scene → review → store      each a recorded step; with a model, each of its answers is one
--
-- The source of this file is kept with every run that begins: a run goes on with it after the file has changed.

local db = require "model.db"
local lesson = require "model.lesson"
local run = require "workflow.run"
local choose = require "agents.provider.choose"
local ask = require "agents.ask"
local extractive = require "agents.provider.extractive"
local planner = require "agents.planner"
local writer = require "agents.writer"
local quizzer = require "agents.quizzer"
local builder = require "agents.builder"
local reviewer = require "agents.reviewer"

local M = { name = "generate_lesson" }

M.QUESTIONS = 8

--- Starts a run for a course of the teacher.
---@param user table
---@param wanted { course_id: string, source_text: string, title?: string, questions?: integer }
---@return table? run
---@return table? err invalid with field course_id
function M.start(user, wanted)
  return db.education:transaction(function(tx)
    local course, err = lesson.may_generate(user, wanted.course_id, tx)
    if not course then return nil, err end
    return run.start({
      workflow = M.name, owner_id = user.id,
      input = {
        user = { id = user.id, role = user.role, school_id = user.school_id },
        course_id = course.id, subject = course.subject, grade = course.grade, title = wanted.title,
        source_text = wanted.source_text, questions = wanted.questions or M.QUESTIONS, provider = choose.name(),
      },
    }, tx)
  end)
end

local function merge(opinion, findings)
  for _, problem in ipairs(opinion.problems) do findings[#findings + 1] = problem end
  return { ready = opinion.ready and #findings == 0, problems = findings }
end

--- The script of a run.
---@param flow table
---@param input table
---@return { lesson_id: string, quiz_id: string, scene_id: string }
function M.run(flow, input)
  local provider, missing = choose.named(input.provider)
  if not provider then
    return flow:step("provider", { input.provider }, function() return nil, missing end)
  end
  local base = { source_text = input.source_text, title = input.title, subject = input.subject, grade = input.grade }
  local function with(more)
    for name, value in pairs(base) do more[name] = more[name] or value end
    return more
  end

  local plan = ask.ask(flow, provider, planner, with {})
  local written = ask.ask(flow, provider, writer, with { plan = plan })
  local quiz = ask.ask(flow, provider, quizzer, with { plan = plan, written = written, questions = input.questions })
  local scene = ask.ask(flow, provider, builder, with { plan = plan, written = written })
  local opinion = ask.ask(flow, provider, reviewer,
    with { plan = plan, written = written, questions = quiz.questions, scene = scene })
  local review = merge(opinion, reviewer.findings {
    questions = quiz.questions, asked = input.questions, written = written,
  })

  return flow:step("store", { plan = plan, written = written, quiz = quiz, scene = scene, review = review }, function()
    return lesson.store(input.user, {
      run_id = flow.id, course_id = input.course_id, subject = input.subject, grade = input.grade,
      title = plan.title, summary = plan.summary, objectives = plan.objectives, source_text = input.source_text,
      sections = written.sections, glossary = written.glossary, questions = quiz.questions, scene = scene,
      review = review, provider = provider.model and provider.name .. " " .. provider.model or provider.name,
      notice = provider == extractive and extractive.NOTICE or nil,
    })
  end)
end

return M
