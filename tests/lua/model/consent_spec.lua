local audit = require "model.audit"
local consent = require "model.consent"
local db = require "model.db"
local held_sign_up = require "model.held_sign_up"
local json = require "host.json"
local mail = require "model.mail"
local pg = require "host.pg"
local session = require "model.session"
local user = require "model.user"
local factory = require "tests.support.factory"
local id = require "util.id"

local must = factory.must

local function code_of(_, err) return err and err.code end

-- A date of birth so many years ago, and a day more or less.
local function born(years, days)
  return os.date("!%Y-%m-%d", os.time() - math.floor(years * 365.25) * 86400 - (days or 0) * 86400)
end

local PASSWORD = "likes long walks"

local function child(more)
  local given = { login = "kid-" .. id.uuid(), password = PASSWORD, name = "Kim", birth_date = born(9),
    guardian_email = "guardian-" .. id.uuid() .. "@example.org" }
  for key, value in pairs(more or {}) do given[key] = value end
  return given
end

-- The letter to a guardian, as the outbox would have it sent.
local function token_to(address)
  for _, letter in ipairs(must(mail.claim(1000))) do
    if letter.data.to == address then return letter.data.token end
  end
end

describe("the age of who signs up", function()
  local function sign_up(more)
    return user.sign_up { login = "p-" .. id.uuid(), password = PASSWORD, name = "P", role = more.role or "student",
      birth_date = more.birth_date }
  end

  it("decides whether anything is kept", function()
    assert.are.equal("forbidden", code_of(sign_up { birth_date = born(12) }))
    assert.are.equal("forbidden", code_of(sign_up { birth_date = born(12), role = "teacher" }))
    assert.are.equal("invalid", code_of(sign_up {}))
    assert.are.equal("student", must(sign_up { birth_date = born(14) }).role)
  end)
end)

describe("a child's account", function()
  it("is made when a guardian consents, and not before", function()
    local kid = child()
    must(held_sign_up.ask(kid))
    assert.are.equal("not_found", code_of(user.credentials(kid.login)))
    local token = token_to(kid.guardian_email)
    assert.are.equal(kid.login, must(held_sign_up.accept(token)).login)
    local opened = must(session.open { login = kid.login, password = PASSWORD })
    assert.are.equal(kid.birth_date, must(user.me(opened.user)).birth_date)
    local given = must(consent.list(opened.user, opened.user.id)).items
    assert.are.same({ 1, "account", 1 }, { #given, given[1].kind, given[1].version })
    assert.are.equal("invalid", code_of(held_sign_up.accept(token)))
  end)

  it("is forgotten when the guardian refuses", function()
    local kid = child()
    must(held_sign_up.ask(kid))
    local token = token_to(kid.guardian_email)
    must(held_sign_up.refuse(token))
    assert.are.same({}, must(db.education:query({ "select 1 from held_sign_ups where token_hash = ?",
      pg.bytes(id.digest(token)) })))
    assert.are.equal("not_found", code_of(user.credentials(kid.login)))
  end)

  it("is not made under a login that was taken meanwhile; the guardian may answer again", function()
    local kid = child()
    must(held_sign_up.ask(kid))
    factory.person("teacher", { login = kid.login })
    local token = token_to(kid.guardian_email)
    assert.are.equal("conflict", code_of(held_sign_up.accept(token)))
    must(held_sign_up.refuse(token))
  end)

  it("is for children, and keeps nothing readable while it waits", function()
    assert.are.equal("invalid", code_of(held_sign_up.ask(child { birth_date = born(15) })))
    local kid = child { name = "Zebulon Quill" }
    must(held_sign_up.ask(kid))
    for _, row in ipairs(must(db.education:query("select person_sealed from held_sign_ups"))) do
      assert.is_nil(row.person_sealed:find("Zebulon", 1, true))
    end
  end)
end)

describe("consents", function()
  local parent, kid, admin

  setup(function()
    admin = factory.person("admin")
    kid = must(user.create(admin, { login = "kid-" .. id.uuid(), password = PASSWORD, name = "Kim", role = "student",
      birth_date = born(10) }))
    parent = factory.person("parent")
    must(user.link_child(parent, must(user.make_link_code(kid, kid.id)).code))
  end)

  it("come with a child's account that a school makes", function()
    local given = must(consent.list(parent, kid.id)).items
    assert.are.same({ "school", admin.id }, { given[1].kind, given[1].given_by })
  end)

  it("are given by the parent, not by the child, once per kind", function()
    assert.are.equal("forbidden", code_of(consent.give(kid, kid.id, { kind = "media" })))
    assert.are.equal("not_found", code_of(consent.give(factory.person("parent"), kid.id, { kind = "media" })))
    assert.are.equal("invalid", code_of(consent.give(parent, kid.id, { kind = "media", version = 99 })))
    local given = must(consent.give(parent, kid.id, { kind = "media", version = 1 }))
    assert.are.equal(json.null, given.withdrawn_at)
    assert.are.equal("conflict", code_of(consent.give(parent, kid.id, { kind = "media" })))
    assert.are.equal(parent.id, must(consent.withdraw(parent, kid.id, given.id)).withdrawn_by)
    assert.are.equal("conflict", code_of(consent.withdraw(parent, kid.id, given.id)))
    must(consent.give(parent, kid.id, { kind = "media" }))
  end)

  it("are seen by child, parent and admin of the school", function()
    local function seen(who) return (consent.list(who, kid.id)) ~= nil end
    assert.are.same({ true, true, true }, { seen(kid), seen(parent), seen(admin) })
    assert.are.same({ false, false }, { seen(factory.person("admin")), seen(factory.person("teacher")) })
  end)

  it("without which nothing may be kept close the account when withdrawn; all is in the audit log", function()
    local vital
    for _, given in ipairs(must(consent.list(parent, kid.id)).items) do
      if given.kind == "school" then vital = given end
    end
    must(consent.withdraw(parent, kid.id, vital.id))
    assert.are.equal("suspended", must(user.find(parent, kid.id)).state)
    local entry = must(audit.list(admin, { subject_id = kid.id, action = "consent.withdraw" })).items[1]
    assert.are.same({ parent.id, "school", 1 }, { entry.actor_id, entry.detail.kind, entry.detail.version })
  end)
end)
