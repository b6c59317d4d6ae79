local bit = require "bit"
local db = require "model.db"
local factory = require "tests.support.factory"
local second_factor = require "model.second_factor"
local session = require "model.session"
local timer = require "host.timer"
local totp = require "util.totp"

local LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"

-- What an authenticator app does with the secret that it is shown.
local function unbase32(text)
  local out, held, bits = {}, 0, 0
  for letter in text:gmatch(".") do
    held, bits = bit.bor(bit.lshift(held, 5), LETTERS:find(letter, 1, true) - 1), bits + 5
    if bits >= 8 then
      bits = bits - 8
      out[#out + 1] = string.char(bit.rshift(held, bits))
      held = bit.band(held, bit.lshift(1, bits) - 1)
    end
  end
  return table.concat(out)
end

local function code_of(begun, steps)
  return totp.code(unbase32(begun.secret), totp.step(timer.wall()) + (steps or 0))
end

-- Somebody of staff with a factor; the code of this half minute was used, the next one is good already.
local function with_factor()
  local account = factory.person("teacher")
  local begun = factory.must(second_factor.begin(account))
  local codes = factory.must(second_factor.confirm(account.id, code_of(begun)))
  return account, begun, codes
end

local function log_in(account)
  return session.open { login = account.login, password = factory.PASSWORD, address = "192.0.2.1" }
end

describe("a second factor", function()
  it("counts from its first code on", function()
    local account = factory.person("teacher")
    local begun = factory.must(second_factor.begin(account))
    assert.is_false(second_factor.needed(account))
    local _, wrong = second_factor.confirm(account.id, "000000")
    assert.are.equal("code", wrong.field)
    local codes = factory.must(second_factor.confirm(account.id, code_of(begun)))
    assert.are.equal(second_factor.RECOVERY_CODES, #codes)
    assert.are.equal("code", second_factor.needed(account))
    assert.are.equal("conflict", select(2, second_factor.begin(account)).code)
  end)

  it("is sealed where it is stored", function()
    local account, begun = with_factor()
    local row = factory.must(db.education:one({ "select secret_sealed from second_factors where user_id = ?::uuid",
      account.id }))
    assert.is_nil(row.secret_sealed:find(unbase32(begun.secret), 1, true))
  end)

  it("is asked for at log-in, and each code is good once", function()
    local account, begun = with_factor()
    local asked = factory.must(log_in(account))
    assert.are.equal("code", asked.needs)
    assert.is_nil(asked.refresh_token)
    local code = code_of(begun, 1)
    local opened = factory.must(session.open_by_code(asked.challenge, code, {}))
    assert.is_truthy(opened.refresh_token)
    assert.are.equal("unauthenticated", select(2, session.open_by_code(asked.challenge, code, {})).code)
    local token = factory.must(second_factor.challenge(account, "code"))
    assert.are.equal("unauthenticated", select(2, session.open_by_code(token, code, {})).code)
  end)

  it("is replaced once by each recovery code", function()
    local account, _, codes = with_factor()
    assert.is_true(second_factor.check(account.id, codes[1]:lower()))
    assert.is_false(second_factor.check(account.id, codes[1]))
    assert.are.equal(9, factory.must(second_factor.state(account)).recovery_codes)
    local fresh = factory.must(second_factor.renew_recovery_codes(account.id))
    assert.is_false(second_factor.check(account.id, codes[2]))
    assert.is_true(second_factor.check(account.id, fresh[2]))
  end)

  it("lets nobody try more than five codes on one challenge", function()
    local account, begun = with_factor()
    local token = factory.must(second_factor.challenge(account, "code"))
    for _ = 1, second_factor.CHALLENGE_ATTEMPTS do
      assert.are.equal("unauthenticated", select(2, session.open_by_code(token, "000000", {})).code)
    end
    assert.are.equal("unauthenticated", select(2, session.open_by_code(token, code_of(begun, 1), {})).code)
  end)

  it("is for staff", function()
    local student = factory.person("student")
    assert.are.equal("forbidden", select(2, second_factor.begin(student)).code)
    assert.is_false(second_factor.needed(student))
  end)

  it("is taken away by an admin of the own school only", function()
    local account = with_factor()
    assert.are.equal("not_found", select(2, second_factor.reset(factory.person("admin"), account.id)).code)
    local admin = factory.person("admin", { school = { id = account.school_id } })
    assert.is_true(second_factor.reset(admin, account.id))
    assert.is_false(second_factor.needed(account))
  end)
end)

describe("staff who must have a second factor", function()
  it("set it up by the challenge of their log-in", function()
    local account = factory.person("teacher")
    local token = factory.must(second_factor.challenge(account, "enrol"))
    assert.are.equal("unauthenticated", select(2, session.open_by_code(token, "123456", {})).code)
    local begun = factory.must(session.enrol(token))
    local opened = factory.must(session.open_by_enrolling(token, code_of(begun), {}))
    assert.are.equal(second_factor.RECOVERY_CODES, #opened.recovery_codes)
    assert.are.equal(account.id, opened.user.id)
    assert.are.equal("code", second_factor.needed(account))
  end)
end)
