local definition = require "util.definition"
local terms = require "util.terms"

describe("terms", function()
  it("ranks what a text comes back to, pairs of words included", function()
    local ranked, by_key = terms.rank { "Water vapour rises.", "Cold water vapour falls as rain.", "Rain is wet." }
    assert.are.equal("water vapour", by_key["water vapour"].text:lower())
    assert.is_true(by_key["water vapour"].weight > by_key.rain.weight)
    assert.is_nil(by_key["cold water"])
    assert.are.equal(ranked[1].weight, math.max(ranked[1].weight, ranked[2].weight))
  end)

  it("counts the forms of a word as one", function()
    for plural, singular in pairs { plants = "plant", cities = "city", foxes = "fox", glass = "glass",
      virus = "virus" } do
      assert.are.equal(singular, terms.stem(plural))
    end
  end)

  it("gives more to a sentence that carries more of the text", function()
    local sentences = { "Plants make sugar.", "Plants need light to make sugar.", "My uncle sleeps." }
    local _, by_key = terms.rank(sentences)
    assert.is_true(terms.score(sentences[2], by_key) > terms.score(sentences[3], by_key))
    assert.are.equal(0, terms.score("", by_key))
  end)
end)

describe("definitions", function()
  it("are found where a sentence says what something is", function()
    local cases = {
      ["Evaporation is the process by which water becomes vapour."] = "Evaporation",
      ["The water cycle is the journey of water."] = "water cycle",
      ["Precipitation means water that falls from clouds."] = "Precipitation",
      ["Plants give off vapour, which is called transpiration."] = "transpiration",
      ["Mammals are animals that feed milk to their young."] = "Mammals",
    }
    for sentence, term in pairs(cases) do
      local found = definition.of(sentence)
      assert.are.equal(term, found and found.term, sentence)
      assert.are.equal(sentence, found.definition)
    end
  end)

  it("are not made of sentences that only say how something is", function()
    for _, sentence in ipairs { "Water is always moving around the world.", "It is the best of all of them.",
      "This means trouble for everybody here.",
      "For centuries Rome was a republic.", "Many roads are still used today.", "Is a whale a fish or not a fish?",
        "There are a lot of fish in it." } do
      assert.is_nil(definition.of(sentence), sentence)
    end
  end)
end)
