local grade = require "model.grade"

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

  it("pays no attention to answers of other types or to questions that it has not", function()
    assert.are.equal(0, score(true, "b", false))
    assert.are.equal(0, grade.attempt(questions, { { question_id = "9", answer = "b" } }).score)
  end)
end)
