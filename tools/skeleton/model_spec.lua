local gadget = require "model.gadget"
local factory = require "tests.support.factory"

local must = factory.must

local function code_of(_, err) return err and err.code end

describe("model.gadget", function()
  local owner, other, made

  before_each(function()
    owner, other = factory.person("teacher"), factory.person("teacher")
    made = must(gadget.create(owner, { title = "A title" }))
  end)

  it("is seen by its owner alone", function()
    assert.are.same(made, must(gadget.find(owner, made.id)))
    assert.are.same({ made }, must(gadget.list(owner)).items)
    assert.are.equal("not_found", code_of(gadget.find(other, made.id)))
    assert.are.same({}, must(gadget.list(other)).items)
  end)

  it("is changed by its owner alone, who has seen how it stands", function()
    assert.are.equal("not_found", code_of(gadget.update(other, made.id, { title = "Another" })))
    local changed = must(gadget.update(owner, made.id, { title = "Another" }, made.revision))
    assert.are.equal("Another", changed.title)
    assert.are.equal("stale", code_of(gadget.update(owner, made.id, { title = "A third" }, made.revision)))
  end)

  it("is deleted by its owner alone", function()
    assert.are.equal("not_found", code_of(gadget.delete(other, made.id)))
    must(gadget.delete(owner, made.id))
    assert.are.equal("not_found", code_of(gadget.find(owner, made.id)))
  end)
end)
