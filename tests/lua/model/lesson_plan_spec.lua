local json = require "host.json"
local db = require "model.db"
local lesson = require "model.lesson"
local lesson_plan = require "model.lesson_plan"
local lesson_version = require "model.lesson_version"
local prompt_template = require "model.prompt_template"
local factory = require "tests.support.factory"

local must = factory.must

local function code_of(_, err) return err and err.code end

-- Draft → review → approved.
local function approve(teacher, lesson_id)
  must(lesson.submit(teacher, lesson_id))
  return must(db.education:transaction(function(tx) return lesson.approve(tx, teacher, lesson_id) end))
end

describe("a lesson's objectives", function()
  local group, one

  before_each(function()
    group = factory.class {}
    one = must(lesson.create(group.teacher, { course_id = group.course.id, title = "Rain",
      objectives = { "Name clouds.", "Explain rain." } }))
  end)

  local function told(who)
    local list = {}
    for i, objective in ipairs(must(lesson_plan.objectives(who or group.teacher, one.id)).objectives) do
      list[i] = ("%s %s %s"):format(objective.text, tostring(objective.bloom), tostring(objective.standard))
    end
    return list
  end

  it("have a level and a standard beside their text", function()
    local none = tostring(json.null)
    assert.are.same({ "Name clouds. " .. none .. " " .. none, "Explain rain. " .. none .. " " .. none }, told())
    local set = must(lesson_plan.set_objectives(group.teacher, one.id, {
      { text = "Explain rain.", bloom = "understand", standard = "5-ESS2-1" }, { text = "Draw a cloud." },
    }, one.revision))
    assert.are.equal(one.revision + 1, set.revision)
    assert.are.same({ "Explain rain. understand 5-ESS2-1", "Draw a cloud. " .. none .. " " .. none }, told())
    assert.are.same({ "Explain rain.", "Draw a cloud." }, must(lesson.find(group.teacher, one.id)).objectives)
  end)

  it("keep them when only the order changes", function()
    must(lesson_plan.set_objectives(group.teacher, one.id, { { text = "A", bloom = "apply" }, { text = "B" } }))
    must(lesson.update(group.teacher, one.id, { objectives = { "B", "A" } }))
    assert.matches("^A apply", told()[2])
  end)

  it("are changed by who keeps the lesson, as it was seen, each once", function()
    local function set(who, revision, list)
      return code_of(lesson_plan.set_objectives(who, one.id, list or { { text = "A" } }, revision))
    end
    assert.are.equal("not_found", set(factory.person("teacher")))
    assert.are.equal("stale", set(group.teacher, one.revision + 7))
    assert.are.equal("invalid", set(group.teacher, nil, { { text = "A" }, { text = "A" } }))
    assert.are.equal("not_found", code_of(lesson_plan.objectives(group.students[1], one.id)))
  end)
end)

describe("what comes before a lesson", function()
  local group, a, b, c

  setup(function()
    group = factory.class {}
    local function make(title)
      return must(lesson.create(group.teacher, { course_id = group.course.id, title = title })).id
    end
    a, b, c = make("A"), make("B"), make("C")
  end)

  local function set(lesson_id, ids) return lesson_plan.set_prerequisites(group.teacher, lesson_id, ids) end

  it("never leads back to it", function()
    must(set(b, { a }))
    must(set(c, { b }))
    for _, ids in ipairs { { c }, { b }, { a } } do
      local _, err = set(a, ids)
      assert.are.same({ "invalid", "lesson_ids" }, { err.code, err.field })
    end
    assert.are.equal("B", must(lesson_plan.prerequisites(group.teacher, c)).items[1].title)
    must(set(c, {}))
    must(set(a, { c }))
  end)

  it("is of the same course and named once", function()
    local foreign = factory.lesson(factory.class { teacher = group.teacher }).id
    for _, ids in ipairs { { foreign }, { b, b } } do
      local _, err = set(c, ids)
      assert.are.equal("invalid", err.code)
    end
    assert.are.equal("not_found", code_of(lesson_plan.set_prerequisites(factory.person("teacher"), c, { b })))
  end)
end)

describe("approved versions", function()
  it("are kept at each approval, read by the keeper and brought back as a draft", function()
    local group = factory.class {}
    local teacher = group.teacher
    local one = must(lesson.create(teacher, { course_id = group.course.id, title = "First",
      sections = { { heading = "H", body = "B" } } }))
    must(lesson_plan.set_objectives(teacher, one.id, { { text = "A", bloom = "create" } }))
    approve(teacher, one.id)
    must(lesson.update(teacher, one.id, { title = "Second", objectives = json.array {} }))
    approve(teacher, one.id)
    local list = must(lesson_version.list(teacher, one.id)).items
    assert.are.same({ 2, "Second", 1, "First" }, { list[1].number, list[1].title, list[2].number, list[2].title })
    assert.are.equal("A", must(lesson_version.find(teacher, one.id, 1)).content.objectives[1].text)

    local back = must(lesson_version.restore(teacher, one.id, 1))
    assert.are.same({ "First", "draft", "B" }, { back.title, back.state, back.sections[1].body })
    assert.are.equal("create", must(lesson_plan.objectives(teacher, one.id)).objectives[1].bloom)
    assert.are.equal(2, #must(lesson_version.list(teacher, one.id)).items)

    assert.are.equal("not_found", code_of(lesson_version.find(teacher, one.id, 3)))
    for _, who in ipairs { group.students[1], factory.person("teacher") } do
      assert.are.equal("not_found", code_of(lesson_version.find(who, one.id, 1)))
      assert.are.equal("not_found", code_of(lesson_version.restore(who, one.id, 1)))
      assert.are.equal("not_found", code_of(lesson_version.list(who, one.id)))
    end
  end)
end)

describe("a prompt template", function()
  it("is its owner's, and read by the school's teachers when it is shared", function()
    local owner = factory.person("teacher")
    local school = { id = owner.school_id }
    local colleague, student = factory.person("teacher", { school = school }), factory.person("student",
      { school = school })
    local made = must(prompt_template.create(owner, { title = "Short", body = "Write short sentences." }))
    assert.are.equal("not_found", code_of(prompt_template.find(colleague, made.id)))
    made = must(prompt_template.update(owner, made.id, { shared = true }, made.revision))
    assert.is_true(must(prompt_template.find(colleague, made.id)).shared)
    assert.are.same({ 1, 0 }, { #must(prompt_template.list(colleague, {})).items,
      #must(prompt_template.list(colleague, { mine = true })).items })
    assert.are.equal("forbidden", code_of(prompt_template.update(colleague, made.id, { title = "X" })))
    assert.are.equal("forbidden", code_of(prompt_template.delete(colleague, made.id)))
    assert.are.equal("stale", code_of(prompt_template.update(owner, made.id, { title = "X" }, 1)))
    assert.are.equal("not_found", code_of(prompt_template.find(student, made.id)))
    assert.are.equal("not_found", code_of(prompt_template.find(factory.person("teacher"), made.id)))
    must(prompt_template.delete(owner, made.id))
  end)
end)
