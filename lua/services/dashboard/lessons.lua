-- services/dashboard/lessons.lua: reviewing a lesson with its quiz and scene, and approving it.

local guard = require "web.guard"
local lesson = require "model.lesson"
local page = require "services.dashboard.page"
local publish_lesson = require "workflows.publish_lesson"
local quiz = require "model.quiz"
local scene = require "model.scene"

-- A part that a lesson may lack.
local function maybe(find, user, lesson_id)
  local found, err = find(user, lesson_id)
  if not found and err.code ~= "not_found" then return nil, err end
  return found or false
end

local function load(req)
  local found, err = lesson.find(req.user, req.params.lesson_id)
  if not found then return nil, err end
  local asked, no_quiz = maybe(quiz.of_lesson, req.user, found.id)
  if asked == nil then return nil, no_quiz end
  local place, no_scene = maybe(scene.of_lesson, req.user, found.id)
  if place == nil then return nil, no_scene end
  return { title = found.title, lesson = found, quiz = asked, scene = place and place.description }
end

local function show(req)
  local data, err = load(req)
  if not data then return nil, err end
  return page.show(req, "lesson", data)
end

local function state(req)
  local found, err = lesson.find(req.user, req.params.lesson_id)
  if not found then return nil, err end
  return page.part("lesson_state", { lesson = found })
end

-- A step of the lesson's life; the page then shows the new state.
local function step(move)
  return function(req)
    local moved, err = move(req.user, req.params.lesson_id)
    if not moved then return nil, err end
    return page.part("lesson_state", { lesson = moved })
  end
end

local role = guard.role

return {
  ["/lessons/{lesson_id}"] = { GET = { "A lesson to review", role("teacher", show) } },
  ["/lessons/{lesson_id}/state"] = { GET = { "The part of a lesson page that changes", role("teacher", state) } },
  ["/lessons/{lesson_id}/submit"] = { POST = { "Submit for review", role("teacher", step(lesson.submit)) } },
  ["/lessons/{lesson_id}/reject"] = { POST = { "Back to draft", role("teacher", step(lesson.reject)) } },
  ["/lessons/{lesson_id}/approve"] = { POST = { "Approve", role("teacher", step(publish_lesson.approve)) } },
}
