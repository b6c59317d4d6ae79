local prose = require "util.prose"

describe("prose", function()
  it("parts sentences at their closing marks", function()
    assert.are.same({ "It rains.", "Why?", "Look!" }, prose.sentences("It rains. Why? Look!"))
    assert.are.same({ 'He said "no."', "She left." }, prose.sentences('He said "no." She left.'))
  end)

  it("does not end a sentence at an abbreviation, an initial or a number", function()
    for _, sentence in ipairs { "Dr. Smith came.", "The U.S. coast is long.", "J. R. Tolkien wrote it.",
      "It is 3.5 km away.", "Use salt, e.g. Himalayan salt, here." } do
      assert.are.same({ sentence }, prose.sentences(sentence))
    end
  end)

  it("keeps what has no closing mark", function()
    assert.are.same({ "One.", "And the rest" }, prose.sentences("One. And the rest"))
    assert.are.same({}, prose.sentences(""))
  end)

  it("finds paragraphs and the headings over them", function()
    local list = prose.paragraphs("Rivers\n\nA river flows.\nIt is long.\n\n# Seas\nA sea is salty.\r\n\r\nThe end"
      .. " comes.")
    assert.are.same({
      { heading = "Rivers", sentences = { "A river flows.", "It is long." } },
      { heading = "Seas", sentences = { "A sea is salty." } },
      { sentences = { "The end comes." } },
    }, list)
  end)

  it("takes the points of a list for sentences", function()
    assert.are.same({ { sentences = { "A plant needs:", "light", "water and", "some air.", "It grows." } } },
      prose.paragraphs("A plant needs:\n- light\n * water and\n2. some air. It grows."))
  end)

  it("takes words apart, letters beyond ASCII included", function()
    assert.are.same({ "Überall", "fließt", "well-known", "dog's" }, prose.words("Überall fließt well-known dog's - '"))
  end)

  it("shortens at the end of a sentence, else of a word", function()
    assert.are.equal("short", prose.shorten("short", 10))
    assert.are.equal("One two three.", prose.shorten("One two three. Four five six seven.", 22))
    local cut = prose.shorten(("word "):rep(20), 30)
    assert.is_true(#cut <= 30)
    assert.is_truthy(cut:find("word…$"))
  end)
end)
