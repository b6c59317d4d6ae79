local class_progress = require "model.progress"
local factory = require "tests.support.factory"
local game_server = require "model.game_server"
local id = require "util.id"
local progress = require "services.bridge.progress"
local quiz = require "model.quiz"
local timer = require "host.timer"

local group, lesson, server, player
local last_player = math.floor(timer.wall() * 1000)

local function claim(student)
  last_player = last_player + 1
  factory.must(game_server.link_player(last_player, student.id))
  return last_player
end

local function event(changes)
  local made = {
    key = id.uuid(), kind = "checkpoint", roblox_user_id = player, lesson_id = lesson.id,
    occurred_at = "2026-01-31T08:00:00Z", percent = 50, seconds = 10, station = "1",
  }
  for name, item in pairs(changes or {}) do made[name] = item end
  return made
end

local function record(events)
  return factory.must(progress.record(server, events))
end

describe("services.bridge.progress", function()
  setup(function()
    group = factory.class { students = 2 }
    lesson = factory.lesson(group, "published")
    server = factory.must(game_server.create(group.teacher, { class_id = group.class.id, name = "Game" }))
    player = claim(group.students[1])
  end)

  it("stores an event once, however often it is sent", function()
    local one, two = event(), event()
    assert.equal(2, record({ one, two }).accepted)
    local again = record({ two, event(), one })
    assert.same({ 1, 2, 0 }, { again.accepted, again.duplicates, #again.rejected })
  end)

  it("counts a key that comes twice in one batch once", function()
    local one = event()
    local outcome = record({ one, one })
    assert.same({ 1, 1 }, { outcome.accepted, outcome.duplicates })
  end)

  it("rejects unknown players by their place in the batch and takes the rest", function()
    local outcome = record({ event(), event { roblox_user_id = 1 }, event() })
    assert.equal(2, outcome.accepted)
    assert.same({ 2, "unknown_player" }, { outcome.rejected[1].index, outcome.rejected[1].code })
  end)

  it("rejects students of other classes and lessons that the class does not take", function()
    local stranger = claim(factory.class().students[1])
    local elsewhere = factory.lesson(factory.class(), "published")
    local outcome = record({ event { roblox_user_id = stranger }, event { lesson_id = elsewhere.id } })
    assert.same({ 0, "not_in_class", "not_in_class" },
      { outcome.accepted, outcome.rejected[1].code, outcome.rejected[2].code })
  end)

  it("grades answers here", function()
    local questions = factory.must(quiz.questions(lesson.id))
    local right
    for _, question in ipairs(questions) do
      if question.kind == "multiple_choice" then right = question end
    end
    local solver = claim(group.students[2])
    record({ event {
      roblox_user_id = solver, kind = "answered",
      answers = { { question = right.id, choice = right.answer.choice }, { question = id.uuid(), choice = "a" } },
    } })
    local sums = factory.must(class_progress.of_class(group.teacher, group.class.id, { lesson_id = lesson.id }))
    for _, row in ipairs(sums.items) do
      if row.student_id == group.students[2].id then
        assert.same({ right.points, right.points + 1 }, { row.score, row.max_score })
        return
      end
    end
    error("the student has no progress")
  end)
end)
