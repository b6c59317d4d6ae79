local grade = require "model.grade"
local json = require "host.json"

local list = json.array

describe("marking", function()
  local questions = {
    { id = "1", kind = "multiple_choice", answer = { choice = "b" }, points = 2, explanation = "" },
    { id = "2", kind = "true_false", answer = { value = false }, points = 1, explanation = "" },
    { id = "3", kind = "cloze", answer = { texts = { "water vapour", "vapor" } }, points = 3, explanation = "" },
  }

  local function score(...)
    local answers = {}
    for i, answer in ipairs { ... } do answers[i] = { question_id = tostring(i), answer = answer } end
    return grade.attempt(questions, answers).score
  end

  it("gives the points of what is right", function()
    assert.are.equal(6, score("b", false, "Water  Vapour!"))
    assert.are.equal(3, score("a", true, "vapor"))
    assert.are.equal(0, score("B", "false", " . "))
  end)

  it("counts a missing answer as wrong, and false as an answer", function()
    local result = grade.attempt(questions, { { question_id = "2", answer = false } })
    assert.are.equal(1, result.score)
    assert.are.equal(6, result.max_score)
    assert.is_false(result.questions[1].correct)
  end)

  -- kind, right answer, then what is given and which share of the points that is.
  local kinds = {
    { "multiple_choice", { choice = "b" }, { { "b", 1 }, { "a", 0 }, { json.array { "b" }, 0 } } },
    { "multiple_select", { choices = { "a", "c" } }, { { list { "c", "a" }, 1 }, { list { "a" }, 0.5 },
      { list { "a", "b" }, 0 }, { list { "a", "c", "b" }, 0.5 }, { list { "a", "a" }, 0.5 }, { "a", 0 } } },
    { "true_false", { value = true }, { { true, 1 }, { false, 0 }, { "true", 0 } } },
    { "short_answer", { texts = { "3.5", "Ünder Way" } }, { { "3,5", 1 }, { " +3.50 ", 1 }, { "-3.5", 0 },
      { "ünder-way!", 1 }, { "", 0 } } },
    { "fill_in", { gaps = { { "sea" }, { "sky", "air" } } }, { { list { "Sea", "air" }, 1 },
      { list { "sky", "air" }, 0.5 }, { list {}, 0 }, { "sea", 0 } } },
    { "ordering", { order = { "c", "a", "b" } }, { { list { "c", "a", "b" }, 1 }, { list { "c", "b", "a" }, 0.33 },
      { list { "a", "b", "c" }, 0 } } },
    { "matching", { pairs = { a = "x", b = "y" } }, { { { a = "x", b = "y" }, 1 }, { { a = "x", b = "x" }, 0.5 },
      { list { "x", "y" }, 0 } } },
    { "drag_drop", { places = { a = "x", b = "x" } }, { { { a = "x", b = "x" }, 1 }, { { a = "x" }, 0.5 },
      { { a = "x", b = "x", c = "x" }, 0.5 }, { { c = "x", d = "x" }, 0 } } },
  }

  for _, row in ipairs(kinds) do
    local kind, answer, cases = unpack(row)
    it("gives the right share of " .. kind .. ", or all or nothing", function()
      for i, case in ipairs(cases) do
        for _, partial in ipairs { true, false } do
          local result = grade.attempt({ { id = "1", kind = kind, answer = answer, points = 1, partial = partial } },
            { { question_id = "1", answer = case[1] } })
          local share = (partial or case[2] == 1) and case[2] or 0
          assert.are.equal(share, result.score, ("case %d, partial %s"):format(i, tostring(partial)))
          assert.are.equal(case[2] == 1, result.questions[1].correct)
        end
      end
    end)
  end

  it("knows every kind that a question can be of", function()
    for _, kind in ipairs(grade.KINDS) do
      local known = kind == "cloze" -- marked as a short answer
      for _, row in ipairs(kinds) do known = known or row[1] == kind end
      assert.is_true(known, kind)
    end
  end)

  it("pays no attention to answers of other types or to questions that it has not", function()
    assert.are.equal(0, score(true, "b", false))
    assert.are.equal(0, grade.attempt(questions, { { question_id = "9", answer = "b" } }).score)
  end)
end)
