local extractive = require "agents.provider.extractive"
local grade = require "model.grade"
local json = require "host.json"
local planner = require "agents.planner"
local writer = require "agents.writer"
local quizzer = require "agents.quizzer"
local builder = require "agents.builder"
local validate = require "web.validate"
local texts = require "tests.support.texts"

local extract = extractive.extract

local function lesson(text, questions)
  local material = { source_text = text, subject = "Science", grade = 5, questions = questions or 8 }
  material.plan = assert(extract.plan(material))
  material.written = assert(extract.write(material))
  return material
end

describe("the extractive provider", function()
  local material = lesson(texts.water)
  local source = texts.water:gsub("%s+", " ")

  it("plans from the text's own title, key sentences and terms", function()
    assert.are.equal("The Water Cycle", material.plan.title)
    assert.are.equal("ocean", material.plan.environment)
    for sentence in material.plan.summary:gmatch("[^%.]+%.") do
      assert.is_truthy(source:find(sentence:gsub("^ ", ""), 1, true), sentence)
    end
  end)

  it("writes sections and definitions that stand in the text word for word", function()
    local headings = {}
    for i, section in ipairs(material.written.sections) do
      headings[i] = section.heading
      assert.is_truthy(source:find(section.body:sub(1, 80), 1, true), section.body)
    end
    assert.are.same({ "Water cycle", "Evaporation", "Condensation", "Precipitation" }, headings)
    local terms = {}
    for i, entry in ipairs(material.written.glossary) do
      terms[i] = entry.term
      assert.is_truthy(source:find(entry.definition, 1, true), entry.definition)
    end
    assert.are.same({ "Water cycle", "Evaporation", "Transpiration", "Condensation", "Precipitation", "Groundwater" },
      terms)
  end)

  it("asks questions whose answers stand in the text and put the sentence together again", function()
    local questions = assert(extract.quiz(material)).questions
    assert.are.equal(8, #questions)
    local kinds = {}
    for _, question in ipairs(questions) do
      kinds[question.kind] = true
      assert.is_truthy(source:find(question.explanation, 1, true))
      local word
      if question.kind == "cloze" then word = question.answer.texts[1] end
      for _, choice in ipairs(question.choices) do
        if choice.id == question.answer.choice then word = choice.text end
      end
      local sentence = question.prompt:gsub("^.-[:?] ", ""):gsub("____", (word:gsub("%%", "%%%%")))
      assert.are.equal(question.explanation:lower(), sentence:lower())
    end
    assert.is_true(kinds.cloze and kinds.multiple_choice)
  end)

  it("offers choices that differ, one of them right, none given away by its capital", function()
    for _, question in ipairs(assert(extract.quiz(material)).questions) do
      local seen, right = {}, 0
      for _, choice in ipairs(question.choices) do
        assert.is_nil(seen[choice.text:lower()])
        seen[choice.text:lower()] = true
        assert.is_truthy(choice.text:find("^%u"))
        if choice.id == question.answer.choice then right = right + 1 end
      end
      assert.are.equal(#question.choices > 0 and 1 or 0, right)
    end
  end)

  it("marks its own answers as right and others as wrong", function()
    local questions = assert(extract.quiz(material)).questions
    local right, wrong = {}, {}
    for i, question in ipairs(questions) do
      question.id = tostring(i)
      right[i] = { question_id = question.id, answer = question.answer.choice or question.answer.texts[1] }
      wrong[i] = { question_id = question.id, answer = "something else" }
    end
    assert.are.equal(8, grade.attempt(questions, right).score)
    assert.are.equal(0, grade.attempt(questions, wrong).score)
  end)

  it("makes what the agents' schemas ask of any provider", function()
    assert.is_truthy(validate.check(planner.schema, material.plan))
    assert.is_truthy(validate.check(writer.schema, material.written))
    local quiz = assert(extract.quiz(material))
    assert.is_truthy(validate.check(quizzer.schema, quiz))
    assert.is_nil(quizzer.check(quiz))
    local scene = assert(extract.scene(material))
    assert.is_truthy(validate.check(builder.schema, scene))
    assert.is_nil(builder.check(scene))
  end)

  it("makes the same of the same text", function()
    assert.are.equal(json.canonical(extract.quiz(material)), json.canonical(extract.quiz(lesson(texts.water))))
  end)

  it("refuses a text that is too short, in words", function()
    local made, err = extract.plan { source_text = ("word "):rep(60) }
    assert.is_nil(made)
    assert.are.equal("too_short", err.code)
  end)

  it("takes any text without failing", function()
    local odd = {
      ("A b c. "):rep(100), ("Überall fließt Wasser, und die Flüsse tragen es fort. "):rep(10),
      "One. Two. Three.\n\n\n\nFour!\n" .. ("x"):rep(5000), ("<b>%s</b> & %d \"quoted\" $1. "):rep(30),
      ("Heading\n"):rep(50), "1. 2. 3. 4. 5. Is it? Yes! No...",
    }
    for i, text in ipairs(odd) do
      local given = { source_text = text, questions = 30, grade = 1 }
      given.plan = extract.plan(given)
      if given.plan then
        given.written = extract.write(given)
        assert.is_truthy(validate.check(planner.schema, given.plan), i)
        assert.is_truthy(validate.check(writer.schema, given.written), i)
        local quiz = extract.quiz(given)
        if quiz then assert.is_truthy(validate.check(quizzer.schema, quiz), i) end
        assert.is_truthy(validate.check(builder.schema, extract.scene(given)), i)
      end
    end
  end)
end)
