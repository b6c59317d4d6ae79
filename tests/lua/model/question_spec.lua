local json = require "host.json"
local grade = require "model.grade"
local question = require "model.question"

local function items(...)
  local list = json.array {}
  for i, text in ipairs { ... } do list[i] = { id = tostring(i), text = text } end
  return list
end

local function texts_of(list)
  local by_id = {}
  for _, item in ipairs(list) do by_id[item.id] = item.text end
  return by_id
end

describe("a question", function()
  it("is refused where answer and choices do not fit", function()
    local cases = {
      ["answer/choice"] = { kind = "multiple_choice", choices = items("a", "b"), answer = { choice = "3" } },
      ["answer/choices"] = { kind = "multiple_select", choices = items("a", "b"), answer = { choices = { "1", "1" } } },
      ["answer/gaps"] = { kind = "fill_in", prompt = "One ____ only", answer = { gaps = { { "a" }, { "b" } } } },
      ["answer/order"] = { kind = "ordering", choices = items("a", "b", "c"), answer = { order = { "1", "2" } } },
      ["answer/pairs"] = { kind = "matching", choices = items("a", "b"), targets = items("x"),
        answer = { pairs = { ["1"] = "1" } } },
      ["answer/places"] = { kind = "drag_drop", choices = items("a"), targets = items("x"),
        answer = { places = { ["1"] = "9" } } },
      choices = { kind = "multiple_choice", choices = { { id = "1", text = "a" }, { id = "1", text = "b" } },
        answer = { choice = "1" } },
      prompt = { kind = "cloze", prompt = "No gap", answer = { texts = { "a" } } },
    }
    for field, case in pairs(cases) do assert.are.equal(field, (question.fault(case))) end
    assert.is_nil(question.fault { kind = "fill_in", prompt = "____ and ______", answer = { gaps = { {}, {} } } })
  end)

  it("keeps its meaning when sealed, but neither order nor ids", function()
    local words = { "one", "two", "three", "four", "five", "six", "seven", "eight" }
    local asked = { kind = "ordering", choices = items(unpack(words)),
      answer = { order = { "1", "2", "3", "4", "5", "6", "7", "8" } } }
    local orders = {}
    for _ = 1, 5 do
      local kept = question.sealed(asked)
      local texts, shown = texts_of(kept.choices), {}
      for i, id in ipairs(kept.answer.order) do assert.are.equal(words[i], texts[id]) end
      for i, choice in ipairs(kept.choices) do shown[i] = choice.text end
      orders[table.concat(shown, " ")] = true
    end
    local first = next(orders)
    assert.is_truthy(next(orders, first)) -- five times the same of 40320 orders would be no chance
  end)

  it("translates pairs and places with it", function()
    local asked = { kind = "drag_drop", choices = items("cat", "dog", "stone"), targets = items("animal", "thing"),
      answer = { places = { ["1"] = "1", ["2"] = "1", ["3"] = "2" } } }
    local kept = question.sealed(asked)
    local choices, targets, found = texts_of(kept.choices), texts_of(kept.targets), {}
    for choice, target in pairs(kept.answer.places) do found[choices[choice]] = targets[target] end
    assert.are.same({ cat = "animal", dog = "animal", stone = "thing" }, found)
  end)

  it("is shown in an order that its attempt's seed decides", function()
    local function order(seed)
      local list = {}
      for i = 1, 12 do list[i] = { id = tostring(i), choices = items("a", "b", "c") } end
      local out = {}
      for i, row in ipairs(question.arranged(list, seed)) do
        assert.are.equal(i, row.position)
        out[i] = row.id .. row.choices[1].id
      end
      return table.concat(out, " ")
    end
    assert.are.equal(order("a"), order("a"))
    assert.are_not.equal(order("a"), order("b"))
  end)
end)

describe("marking of each kind", function()
  local function points(kind, answer, given, partial)
    local asked = { id = "1", kind = kind, answer = answer, points = 4, partial = partial, explanation = "" }
    return grade.attempt({ asked }, { { question_id = "1", answer = given } }).score
  end

  it("gives a part for a part, unless the question wants all", function()
    local select = { choices = { "a", "b" } }
    assert.are.equal(4, points("multiple_select", select, json.array { "b", "a" }))
    assert.are.equal(2, points("multiple_select", select, json.array { "a" }))
    assert.are.equal(0, points("multiple_select", select, json.array { "a" }, false))
    assert.are.equal(2, points("multiple_select", select, json.array { "a", "b", "c" }))
    assert.are.equal(0, points("multiple_select", select, json.array { "a", "c", "d" }))
    assert.are.equal(2, points("multiple_select", select, json.array { "a", "a", "a" }))
    local gaps = { gaps = { { "sun" }, { "moon", "luna" }, { "3.5" } } }
    assert.are.equal(4, points("fill_in", gaps, json.array { " Sun ", "LUNA", "3,50" }))
    assert.are.equal(1.33, points("fill_in", gaps, json.array { "sun" }))
    assert.are.equal(2, points("ordering", { order = { "a", "b", "c", "d" } }, json.array { "a", "b", "d", "c" }))
    local pairs_of = { pairs = { a = "x", b = "y" } }
    assert.are.equal(4, points("matching", pairs_of, { a = "x", b = "y" }))
    assert.are.equal(2, points("matching", pairs_of, { a = "x", b = "x" }))
    local places = { places = { a = "x", b = "x" } }
    assert.are.equal(4, points("drag_drop", places, { a = "x", b = "x" }))
    assert.are.equal(2, points("drag_drop", places, { a = "x", b = "x", stray = "x" }))
  end)

  it("reads numbers as numbers and letters without case in other alphabets", function()
    local function right(wanted, given) return points("short_answer", { texts = { wanted } }, given) == 4 end
    assert.is_true(right("3.5", "3,50"))
    assert.is_true(right("-5", " -5.0 "))
    assert.is_false(right("-5", "5"))
    assert.is_false(right("35", "3.5"))
    assert.is_true(right("École", "éCOLE"))
    assert.is_true(right("Волга", "ВОЛГА"))
    assert.is_true(right("It’s", "it's"))
    assert.is_false(right("water", ""))
  end)

  it("marks answers of a wrong form as wrong", function()
    local answers = { multiple_select = { choices = { "a" } }, fill_in = { gaps = { { "a" } } },
      ordering = { order = { "a" } }, matching = { pairs = { a = "x" } }, drag_drop = { places = { a = "x" } },
      short_answer = { texts = { "a" } }, multiple_choice = { choice = "a" }, true_false = { value = true } }
    for kind, answer in pairs(answers) do
      for _, given in ipairs { "q", 7, false, json.array { json.array { "a" } }, json.array { 1 }, { q = "z" },
        json.array {}, {} } do
        assert.are.equal(0, points(kind, answer, given), kind)
      end
    end
  end)
end)
