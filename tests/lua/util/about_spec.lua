local about = require "util.about"

describe("what a text is about", function()
  local objectives = { "Explain the term “Evaporation”.", "Explain the term “Water vapour”.",
    "Say what the text tells about: Clouds." }

  it("is the sentence whose own words it holds", function()
    assert.are.equal(objectives[1], about.which("____ is the change of a liquid into a gas. evaporation", objectives))
    assert.are.equal(objectives[2], about.which("True or false: water vapour is a gas.", objectives))
    assert.are.equal(objectives[3], about.which("How do clouds form?", objectives))
  end)

  it("is none where only words that all have are shared", function()
    assert.is_nil(about.which("Explain the term.", objectives))
    assert.is_nil(about.which("Volcanoes", objectives))
    assert.is_nil(about.which("Evaporation", {}))
  end)
end)
