local consent = require "model.consent"
local db = require "model.db"
local enrolment = require "model.enrolment"
local json = require "host.json"
local roster = require "model.roster"
local user = require "model.user"
local factory = require "tests.support.factory"
local id = require "util.id"

local must = factory.must

-- A list of one spec: students have names of their own.
local function student(word, more)
  local made = { line = 2, sourced_id = word, login = word, name = "Student " .. word, gone = false }
  for key, value in pairs(more or {}) do made[key] = value end
  return made
end

describe("a roster from a list", function()
  local group, admin, tag

  before_each(function()
    group = factory.class { students = 0 }
    admin = factory.person("admin", { school = { id = group.teacher.school_id } })
    tag = id.uuid():gsub("-", "")
  end)

  local function take(list, who)
    local total, refused = { created = 0, updated = 0, enrolled = 0, removed = 0 }, {}
    local class = must(roster.class(who or group.teacher, group.class.id))
    must(roster.take(who or group.teacher, class, list, total, function(_, wrong)
      refused[#refused + 1] = wrong.column .. " " .. wrong.code
    end))
    return { total.created, total.updated, total.enrolled, total.removed }, refused
  end

  local function size() return #must(enrolment.roster(group.teacher, group.class.id)).items end

  it("makes accounts and enrols them once", function()
    local list = { student(tag .. "a"), student(tag .. "b") }
    assert.are.same({ 2, 0, 2, 0 }, (take(list)))
    assert.are.same({ 0, 0, 0, 0 }, (take(list)))
    assert.are.equal(2, size())
  end)

  it("tells who would get an account", function()
    local class = must(roster.class(group.teacher, group.class.id))
    take { student(tag .. "a") }
    local list = must(roster.newcomers(class, { student(tag .. "a"), student(tag .. "b"),
      student(tag .. "c", { gone = true }), student(factory.person("student").login) }))
    assert.are.same({ tag .. "b" }, { list[1].login, list[2] and list[2].login })
  end)

  it("is in the audit log: who was made", function()
    take { student(tag .. "a"), student(tag .. "b") }
    take { student(tag .. "a"), student(tag .. "b") }
    local rows = must(db.education:query({ "select detail from audit_entries where action = 'roster.import'"
      .. " and chain = ?::uuid and subject_id = ?::uuid", group.teacher.school_id, group.class.id }))
    assert.are.equal(1, #rows)
    assert.are.equal(2, #rows[1].detail.people)
  end)

  it("takes out who is gone", function()
    take { student(tag .. "a"), student(tag .. "b") }
    assert.are.same({ 0, 0, 0, 1 }, (take { student(tag .. "a", { gone = true }), student("nobody", { gone = true }) }))
    assert.are.equal(1, size())
  end)

  it("corrects names for an admin only", function()
    take { student(tag .. "a") }
    local renamed = { student(tag .. "a", { name = "New Name", login = "other" .. tag }) }
    assert.are.same({ 0, 0, 0, 0 }, (take(renamed)))
    assert.are.same({ 0, 1, 0, 0 }, (take(renamed, admin)))
  end)

  it("enrols who has an account in the school, and refuses logins of others", function()
    local there = factory.person("student", { school = { id = group.teacher.school_id } })
    local foreign, colleague = factory.person("student"), group.teacher
    local counts, refused = take { student(there.login), student(foreign.login), student(colleague.login),
      student(tag .. "new") }
    assert.are.same({ 1, 0, 2, 0 }, counts)
    assert.are.same({ "username conflict", "username conflict" }, refused)
  end)

  it("takes an email address that somebody names already: families share one", function()
    factory.person("student", { email = tag .. "@mail.example" })
    local counts, refused = take { student(tag .. "a", { email = tag .. "@mail.example" }), student(tag .. "b") }
    assert.are.same({ 2, 0, 2, 0 }, counts)
    assert.are.same({}, refused)
  end)

  it("notes that the school stands in for the guardians of who gets an account", function()
    take { student(tag .. "a") }
    local made = must(user.credentials(tag .. "a"))
    local given = must(consent.list(made, made.id)).items
    assert.are.same({ "school", json.null }, { given[1].kind, given[1].withdrawn_at })
  end)

  it("is the keeper's, of a class that belongs to a school", function()
    assert.are.equal("not_found", select(2, roster.class(factory.person("teacher"), group.class.id)).code)
  end)

  it("gives passwords that log in, and none that don't", function()
    take { student(tag .. "a"), student(tag .. "b", { hash = must(roster.hash("a long password")) }) }
    local crypto = require "host.crypto"
    local function verifies(login)
      return (crypto.password_verify("a long password", must(user.credentials(login)).password_hash))
    end
    assert.is_false(verifies(tag .. "a"))
    assert.is_true(verifies(tag .. "b"))
  end)
end)
