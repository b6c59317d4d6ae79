local factory = require "tests.support.factory"
local session = require "model.session"
local user = require "model.user"

describe("sign-up and log-in", function()
  local function person(more)
    local given = { login = "p" .. require("util.id").uuid(), password = "correct horse", name = "Pat",
      role = "teacher" }
    for key, value in pairs(more or {}) do given[key] = value end
    return given
  end

  it("opens an account and a session with login and password", function()
    local given = person()
    local made = factory.must(user.sign_up(given))
    local opened = factory.must(session.open { login = given.login:upper(), password = given.password })
    assert.are.equal(made.id, opened.user.id)
    assert.is_nil(opened.user.password_hash)
    assert.is_truthy(opened.refresh_token:find("^rt_"))
  end)

  it("finds the account by its email address, which is stored sealed", function()
    local email = require("util.id").uuid() .. "@Example.org"
    local made = factory.must(user.sign_up(person { email = email }))
    local opened = factory.must(session.open { login = email:lower(), password = "correct horse" })
    assert.are.equal(made.id, opened.user.id)
    assert.are.equal(email:lower(), factory.must(user.me(made)).email)
  end)

  it("says the same of a wrong password and an unknown login", function()
    local given = person()
    factory.must(user.sign_up(given))
    local _, wrong = session.open { login = given.login, password = "something else" }
    local _, unknown = session.open { login = "nobody-at-all", password = "something else" }
    assert.are.equal("unauthenticated", wrong.code)
    assert.are.equal(wrong.message, unknown.message)
  end)

  it("refuses a login that is taken and names the field", function()
    local given = person()
    factory.must(user.sign_up(given))
    local _, err = user.sign_up(given)
    assert.are.equal("conflict", err.code)
    assert.are.equal("login", err.field)
  end)

  it("lets nobody make oneself an admin, nor take a short password", function()
    local _, admin = user.sign_up(person { role = "admin" })
    assert.are.equal("forbidden", admin.code)
    local _, short = user.sign_up(person { password = "1234567" })
    assert.are.equal("password", short.field)
  end)
end)

describe("a session", function()
  local account, opened

  before_each(function()
    account = factory.person("teacher")
    opened = factory.must(session.open_for(account, { client = "spec", address = "127.0.0.1" }))
  end)

  local function is_ended()
    for _, id in ipairs(factory.must(session.ended())) do
      if id == opened.session_id then return true end
    end
    return false
  end

  it("goes on with each refresh token used once", function()
    local second = factory.must(session.refresh(opened.refresh_token))
    assert.are.equal(opened.session_id, second.session_id)
    local third = factory.must(session.refresh(second.refresh_token))
    assert.are_not.equal(second.refresh_token, third.refresh_token)
    assert.is_false(is_ended())
  end)

  it("ends as a whole when a refresh token comes a second time", function()
    local second = factory.must(session.refresh(opened.refresh_token))
    local _, reused = session.refresh(opened.refresh_token)
    assert.are.equal("unauthenticated", reused.code)
    local _, after = session.refresh(second.refresh_token)
    assert.are.equal("unauthenticated", after.code)
    assert.is_true(is_ended())
  end)

  it("ends at log-out, and only for its owner", function()
    assert.is_true(session.close(factory.person("teacher").id, opened.session_id))
    assert.is_false(is_ended())
    assert.is_true(session.close(account.id, opened.session_id))
    assert.is_true(is_ended())
    assert.are.equal(0, #factory.must(session.list(account)).items)
  end)

  it("ends when an admin of the school suspends the account", function()
    local admin = factory.person("admin", { school = { id = account.school_id } })
    local _, other = user.set_state(factory.person("admin"), account.id, "suspended")
    assert.are.equal("not_found", other.code)
    local _, own = user.set_state(admin, admin.id, "suspended")
    assert.are.equal("conflict", own.code)
    assert.are.equal("active", factory.must(user.find(admin, admin.id)).state)
    factory.must(user.set_state(admin, account.id, "suspended"))
    assert.is_true(is_ended())
    local _, refused = session.open { login = account.login, password = "correct horse" }
    assert.are.equal("forbidden", refused.code)
  end)
end)
