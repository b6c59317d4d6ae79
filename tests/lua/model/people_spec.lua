local family = require "model.family"
local profile = require "model.profile"
local school = require "model.school"
local user = require "model.user"
local factory = require "tests.support.factory"

local must = factory.must

local function code_of(_, err) return err and err.code end

describe("schools", function()
  local operator, admin, teacher

  setup(function()
    admin = factory.person("admin")
    teacher = factory.person("teacher", { school = { id = admin.school_id } })
    operator = { id = factory.person("admin").id, role = "admin" }
  end)

  local function new(login)
    return { name = "North", time_zone = "Europe/Oslo",
      admin = { login = login, password = "a long password", name = "First" } }
  end

  it("are made with their first admin, by admins only", function()
    local login = "first-" .. admin.id:sub(-12)
    assert.are.equal("forbidden", code_of(school.found(teacher, new(login))))
    local made = must(school.found(operator, new(login)))
    local first = must(user.credentials(login))
    assert.are.same({ made.id, "admin" }, { first.school_id, first.role })
    assert.are.equal("Europe/Oslo", made.time_zone)
  end)

  it("are kept by who made them, but not their people", function()
    local founder = factory.person("admin")
    local login = "second-" .. founder.id:sub(-12)
    local made = must(school.found(founder, new(login)))
    assert.are.equal(2, #must(school.list(founder)).items)
    assert.are.equal("West", must(school.update(founder, { name = "West" }, nil, made.id)).name)
    local first = must(user.credentials(login))
    assert.are.equal("not_found", code_of(user.find(founder, first.id)))
    assert.are.equal("not_found", code_of(school.find(admin, made.id)))
  end)

  it("are not made when their admin's login is taken", function()
    local made, err = school.found(operator, new(admin.login))
    assert.is_nil(made)
    assert.are.same({ "conflict", "admin/login" }, { err.code, err.field })
  end)

  it("are seen by their people, changed by their admin", function()
    assert.are.equal(1, #must(school.list(teacher)).items)
    assert.are.equal("not_found", code_of(school.find(factory.person("teacher"), admin.school_id)))
    assert.are.equal("forbidden", code_of(school.update(teacher, { name = "X" }, nil, admin.school_id)))
    assert.are.equal("South", must(school.update(admin, { name = "South" }, nil, admin.school_id)).name)
    assert.are.equal("stale", code_of(school.update(admin, { name = "X" }, 1, admin.school_id)))
    assert.are.equal("not_found", code_of(school.update(admin, { name = "X" }, nil, factory.school().id)))
  end)

  it("have a time zone that there is", function()
    local _, err = school.update(admin, { time_zone = "Mars/Olympus" })
    assert.are.same({ "invalid", "time_zone" }, { err.code, err.field })
  end)
end)

describe("an account made for a student", function()
  it("is seen by the teacher who made it, before any class", function()
    local teacher = factory.person("teacher")
    local colleague = factory.person("teacher", { school = { id = teacher.school_id } })
    local made = must(user.create(teacher, { role = "student", login = "made-" .. teacher.login, name = "A student",
      password = "a long enough sentence" }))
    assert.are.equal(made.id, must(user.find(teacher, made.id)).id)
    assert.are.equal("not_found", code_of(user.find(colleague, made.id)))
  end)
end)

describe("profiles and preferences", function()
  it("have defaults until they are changed, then revisions", function()
    local who = factory.person("student")
    assert.are.same({ "", 0 }, { must(profile.find(who, who.id)).about, must(profile.find(who, who.id)).revision })
    assert.are.equal("I dive.", must(profile.update(who, { about = "I dive." }, 0)).about)
    assert.are.equal("stale", code_of(profile.update(who, { about = "X" }, 0)))
    local after = must(profile.update(who, { pronouns = "she" }, 1))
    assert.are.same({ "I dive.", "she", 2 }, { after.about, after.pronouns, after.revision })
    assert.are.equal("not_found", code_of(profile.find(factory.person("teacher"), who.id)))
  end)

  it("keep what is not changed, false too", function()
    local who = factory.person("teacher")
    assert.is_true(must(profile.preferences(who)).notices)
    assert.are.equal("stale", code_of(profile.set_preferences(who, { notices = false }, 7)))
    must(profile.set_preferences(who, { notices = false, theme = "dark" }, 0))
    assert.are.equal("stale", code_of(profile.set_preferences(who, { notices = true }, 0)))
    local after = must(profile.set_preferences(who, { captions = true }))
    assert.are.same({ false, true, "dark" }, { after.notices, after.captions, after.theme })
  end)
end)

describe("families", function()
  local child, admin, mother, father

  setup(function()
    admin = factory.person("admin")
    child = factory.person("student", { school = { id = admin.school_id } })
    mother, father = factory.person("parent"), factory.person("parent")
    for _, parent in ipairs { mother, father } do
      must(user.link_child(parent, must(user.make_link_code(child, child.id)).code))
    end
  end)

  local function parents(viewer) return #must(family.parents(viewer, child.id)).items end

  it("are told to child and admin; a parent is not told of the other one", function()
    assert.are.same({ 2, 2, 1 }, { parents(child), parents(admin), parents(mother) })
    assert.are.equal("not_found", code_of(family.parents(factory.person("admin"), child.id)))
  end)

  it("end by the parent or an admin of the school", function()
    assert.are.equal("not_found", code_of(family.unlink(father, mother.id, child.id)))
    assert.are.equal("not_found", code_of(family.unlink(factory.person("admin"), mother.id, child.id)))
    must(family.unlink(mother, mother.id, child.id))
    must(family.unlink(admin, father.id, child.id))
    assert.are.equal(0, parents(child))
  end)
end)
