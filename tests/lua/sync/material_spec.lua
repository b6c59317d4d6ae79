local json = require "host.json"
local material = require "sync.material"

local LESSON = {
  id = "5b2c1f7e-9d1a-4a51-8a0e-0c6f0d8e4b11", revision = 4, title = "Water", subject = json.null, grade = 5,
  summary = "Short.", objectives = {}, sections = {}, glossary = {},
}

describe("sync.material", function()
  it("carries no answers and no explanations", function()
    local made = material.of(LESSON, { { id = "q", kind = "multiple_choice", prompt = "?", points = 2,
      choices = { { id = "a", text = "A" } }, answer = { choice = "a" }, explanation = "Because." } })
    assert.same({ { id = "q", kind = "multiple_choice", prompt = "?", points = 2,
      choices = { { id = "a", text = "A" } } } }, made.quiz.questions)
  end)

  it("gives true-or-false questions their two choices", function()
    local made = material.of(LESSON, { { id = "q", kind = "true_false", prompt = "?", choices = {} } })
    assert.same({ "true", "false" }, { made.quiz.questions[1].choices[1].id, made.quiz.questions[1].choices[2].id })
  end)

  it("leaves out questions that no place can ask", function()
    local made = material.of(LESSON, { { id = "q", kind = "ordering", prompt = "?", choices = {} },
      { id = "r", kind = "cloze", prompt = "____", choices = {} } })
    assert.are.equal(1, #made.quiz.questions)
    assert.are.equal("r", made.quiz.questions[1].id)
  end)

  it("leaves out what is null", function()
    local made = material.of(LESSON, nil, json.null)
    assert.same({ nil, nil, nil, 4 }, { made.quiz, made.scene, made.lesson.subject, made.lesson.version })
  end)
end)
