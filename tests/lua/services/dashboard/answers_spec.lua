local answers = require "services.dashboard.answers"

local ID = "01a22387-75e8-7b77-ae27-90d12e9bc804"

describe("the form of an attempt", function()
  local function one(text)
    local list = assert(answers.read((text:gsub("ID", ID))))
    assert.are.equal(1, #list)
    assert.are.equal(ID, list[1].question_id)
    return list[1].answer
  end

  it("is read as the answers of each kind", function()
    assert.are.equal("b c", one("answer:ID=b+c"))
    assert.is_false(one("answer:ID=false:"))
    assert.is_true(one("answer:ID=true:"))
    assert.are.same({ "a" }, one("choices:ID=a"))
    assert.are.same({ "a", "c" }, one("choices:ID=a&choices:ID=c"))
    assert.are.same({ "x", "", "z" }, one("item:ID:3=z&item:ID:1=x"))
    assert.are.same({ a = "x" }, one("place:ID:a=x&place:ID:b="))
    assert.are.same({}, assert(answers.read("")))
  end)

  it("is refused as a whole if a field is none of these", function()
    for _, text in ipairs { "answer:ID=a&answer:ID=b", "item:ID:0=a", "item:ID:31=a", "item:ID:x=a", "place:ID:=a",
      "other:ID=a", "answer:abc=a", "answer:ID=" .. ("x"):rep(1001), "answer:ID=%ZZ" } do
      assert.is_nil(answers.read((text:gsub("ID", ID))), text)
    end
  end)
end)
