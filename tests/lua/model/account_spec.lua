local account = require "model.account"
local db = require "model.db"
local factory = require "tests.support.factory"
local id = require "util.id"
local json = require "host.json"
local letters = require "workflow.letters"
local lockout = require "model.lockout"
local mail = require "model.mail"
local password = require "model.password"
local pg = require "host.pg"
local postman = require "workflow.postman"
local session = require "model.session"
local user = require "model.user"

-- Passwords are hashed once a run; hashing is meant to be slow.
local function person()
  local login = "p" .. id.uuid()
  local given = { login = login, email = login .. "@example.org", password = factory.PASSWORD }
  return factory.person("teacher", given), given
end

local function token_of(letter) return letter.text:match("%?token=(%S+)") end

local function prove(made)
  return factory.must(account.verify_email(token_of(factory.must(letters.verify_email { user_id = made.id }))))
end

describe("an email address", function()
  it("is proved by the token that was mailed to it, once", function()
    local made, given = person()
    local letter = factory.must(letters.verify_email { user_id = made.id })
    assert.are.equal(given.email:lower(), letter.to)
    assert.is_false(factory.must(user.me(made)).email_verified)
    assert.is_true(account.verify_email(token_of(letter)))
    assert.is_true(factory.must(user.me(made)).email_verified)
    local _, again = account.verify_email(token_of(letter))
    assert.are.equal("token", again.field)
    local _, nothing = letters.verify_email { user_id = made.id }
    assert.are.equal("not_found", nothing.code)
  end)

  it("must be proved anew when it changes, and an old token proves nothing then", function()
    local made = person()
    local old = token_of(factory.must(letters.verify_email { user_id = made.id }))
    factory.must(user.update(made, made.id, { email = id.uuid() .. "@example.org" }))
    local _, err = account.verify_email(old)
    assert.are.equal("token", err.field)
    prove(made)
    factory.must(user.update(made, made.id, { email = id.uuid() .. "@example.org" }))
    assert.is_false(factory.must(user.me(made)).email_verified)
  end)
end)

describe("an address that several accounts name", function()
  it("is no conflict, and belongs to whoever proves it; the others hear nothing, its owner does", function()
    local email = id.uuid() .. "@example.org"
    local function named()
      local login = "u" .. id.uuid():gsub("-", ""):sub(-16)
      return factory.must(user.sign_up { login = login, password = factory.PASSWORD, name = "N", role = "teacher",
        email = email }), login
    end
    local first, second = named(), named()
    local late = token_of(factory.must(letters.verify_email { user_id = first.id }))
    prove(second)
    local third, login = named()
    assert.are.equal("token", select(2, account.verify_email(late)).field)
    local letter = factory.must(letters.verify_email { user_id = third.id })
    assert.are.same({ email, "Your address was named" }, { letter.to, letter.subject })
    assert.is_nil(letter.text:find(login, 1, true))
    assert.are.equal(second.id, factory.must(user.credentials(email)).id)
    local me = factory.must(user.me(third))
    assert.are.same({ email, false }, { me.email, me.email_verified })
    assert.are.equal(second.id, factory.must(user.by_verified_email(email)).id)
  end)
end)

describe("a forgotten password", function()
  it("is replaced by the mailed token, which ends all sessions and is good once", function()
    local made, given = person()
    prove(made)
    local opened = factory.must(session.open_for(made, {}))
    local letter = factory.must(letters.password_reset { name = given.email })
    assert.is_true(account.reset_password(token_of(letter), "another long walk"))
    local _, ended = session.refresh(opened.refresh_token)
    assert.are.equal("unauthenticated", ended.code)
    factory.must(session.open { login = given.login, password = "another long walk" })
    local _, again = account.reset_password(token_of(letter), "a third long walk")
    assert.are.equal("token", again.field)
  end)

  it("is mailed only to a proved address, and not again within a minute", function()
    local made, given = person()
    local _, unproved = letters.password_reset { name = given.login }
    assert.are.equal("not_found", unproved.code)
    prove(made)
    factory.must(letters.password_reset { name = given.login })
    local _, again = letters.password_reset { name = given.login }
    assert.are.equal("not_found", again.code)
    factory.must(letters.password_reset({ name = given.login }, true)) -- the first could not be sent
  end)

  it("is asked for alike by those who exist and those who do not", function()
    assert.is_true(account.ask_reset(select(2, person()).login))
    assert.is_true(account.ask_reset("nobody-at-all"))
    local _, err = letters.password_reset { name = "nobody-at-all" }
    assert.are.equal("not_found", err.code)
  end)
end)

describe("a changed password", function()
  it("asks for the present one and ends the other sessions", function()
    local made, given = person()
    local own, other = factory.must(session.open_for(made, {})), factory.must(session.open_for(made, {}))
    local by = { id = made.id, session_id = own.session_id }
    local _, wrong = account.change_password(by, "not the password", "another long walk", "10.0.0.1")
    assert.are.equal("current_password", wrong.field)
    factory.must(account.change_password(by, given.password, "another long walk", "10.0.0.1"))
    factory.must(session.refresh(own.refresh_token))
    local _, ended = session.refresh(other.refresh_token)
    assert.are.equal("unauthenticated", ended.code)
  end)
end)

describe("a new password", function()
  local function refused(text, who)
    local hash, err = password.hash(text, who or {})
    assert.is_nil(hash)
    return err
  end

  it("has 8 to 1024 characters, whatever they are", function()
    assert.are.equal("password", refused("ééééééé").field)
    assert.are.equal("password", refused(("中文"):rep(512) .. "中").field)
    assert.is_truthy(password.hash(("😀é"):rep(512), {}))
    assert.is_truthy(password.hash("中文密码也可以吧", {}))
  end)

  it("is more than the own name, or ours", function()
    local who = { login = "ada.lovelace", name = "Ada Ünal-Lovelace", email = "a-b-12-34@example.org" }
    for _, text in ipairs { "Ada.Lovelace", "ada.lovelace1", "Lovelace12", "ÜNALLOVELACE", "a-b-12-34@example.org",
      "A-B-12-34!!", "toolboxai", "ToolboxAI-1" } do
      assert.are.equal("password", refused(text, who).field, text)
    end
    for _, text in ipairs { "ada.lovelace-password-1", "my toolbox is blue" } do
      assert.is_truthy(password.hash(text, who), text)
    end
  end)

  it("is not one character repeated, nor a row of them", function()
    for _, text in ipairs { "aaaaaaaa", "12345678", "abcdefghij", "87654321" } do
      assert.are.equal("password", refused(text).field, text)
    end
    assert.is_truthy(password.hash("12345679", {}))
  end)

  it("is not known from a breach", function()
    local words, crypto = { "open sesame 1", "open sesame 2" }, require "host.crypto"
    for _, word in ipairs(words) do
      assert.is_false(password.is_breached(word))
      local prefix, octets = password.split(crypto.hex(crypto.sha1(word)))
      factory.must(db.education:run({ "insert into breached_passwords (prefix, hashes) values (?, ?)", prefix,
        pg.bytes(("\0"):rep(8) .. octets .. ("\255"):rep(8)) }))
      assert.is_truthy(refused(word).message:find("breach"))
    end
    factory.must(db.education:run("delete from breached_passwords"))
  end)
end)

describe("guessing", function()
  local function fail(login, address, times)
    for _ = 1, times do assert.is_true(lockout.attempt(login, address, false)) end
  end

  -- Nobody else's log-ins wait for what is guessed here.
  teardown(function() factory.must(db.education:run("delete from login_failures")) end)

  -- Waits that have begun last on, however slow the machine that runs this is.
  local function stretch_waits(login, address)
    factory.must(db.education:run({ "update login_failures set blocked_until = blocked_until + interval '1 minute'"
      .. " where key = any(?::text[]) and blocked_until > last_at", pg.array { lockout.keys(login, address) } }))
  end

  local function refused(login, address, familiar)
    stretch_waits(login, address)
    local allowed, err = lockout.attempt(login, address, familiar)
    assert.is_nil(allowed)
    assert.are.equal("rate_limited", err.code)
    assert.is_true(err.retry_after >= 1)
  end

  it("gets slow after some failures, for the right password too, and for unknown logins alike", function()
    local _, given = person()
    fail(given.login, "192.0.2.1", 11)
    stretch_waits(given.login, "192.0.2.1")
    local _, err = session.open { login = given.login, password = given.password, address = "192.0.2.1" }
    assert.are.equal("rate_limited", err.code)
    local nobody = "nobody" .. id.uuid()
    fail(nobody, "192.0.2.2", 11)
    refused(nobody, "192.0.2.2", false)
  end)

  it("does not lock out whoever comes from an address that is known", function()
    local made, given = person()
    factory.must(session.open_for(made, { address = "192.0.2.10" }))
    for i = 1, 3 do fail(given.login, "192.0.2.2" .. i, 10) end
    fail(given.login, "192.0.2.31", 1)
    refused(given.login, "192.0.2.32", false)
    factory.must(session.open { login = given.login, password = given.password, address = "192.0.2.10" })
  end)

  it("is forgotten after a success, but for others at the same address", function()
    local login, address = "n" .. id.uuid(), id.uuid()
    fail(login, address, 10)
    factory.must(lockout.succeeded(login, address))
    local _, _, place = lockout.keys(login, address)
    local row = factory.must(db.education:one({ "select failures from login_failures where key = ?", place }))
    assert.are.equal(9, row.failures)
    fail(login, address, 10)
  end)

  it("doubles the wait up to a quarter of an hour, which refused attempts do not prolong", function()
    local name = "n" .. id.uuid()
    local function wait_after(failures)
      factory.must(db.education:run({ "update login_failures set failures = ?, blocked_until = now()"
        .. " where key = ?", failures, "k:" .. name }))
      factory.must(db.education:one({ "select login_attempt(array[?::text], array[10])", "k:" .. name }))
      return factory.must(db.education:one({ "select login_attempt(array[?::text], array[10]) as wait",
        "k:" .. name })).wait
    end
    factory.must(db.education:one({ "select login_attempt(array[?::text], array[10])", "k:" .. name }))
    local first, second, last = wait_after(11), wait_after(12), wait_after(1000000)
    assert.is_true(first > 0 and first <= 2)
    assert.is_true(second > 2 and second <= 4)
    assert.is_true(last > 800 and last <= 900)
    factory.must(lockout.forgive(name))
  end)
end)

describe("the outbox", function()
  it("shows letters in development, and forgets what it was asked for", function()
    local made, given = person()
    factory.must(mail.queue("verify_email", { user_id = made.id }))
    factory.must(postman.round())
    local newest = factory.must(mail.list({ limit = 100 })).items
    local found
    for _, letter in ipairs(newest) do if letter.to == given.email:lower() then found = letter end end
    assert.are.equal("Is this your address?", found.subject)
    assert.is_true(account.verify_email(token_of(found)))
    assert.is_true(factory.must(user.me(made)).email_verified)
  end)

  it("keeps what a transaction asked for only if that commits", function()
    local function count()
      return factory.must(db.education:one("select count(*) as n from mails")).n
    end
    local before = count()
    db.education:transaction(function(tx)
      factory.must(mail.queue("verify_email", { user_id = id.uuid() }, tx))
      return db.fail("invalid", "no")
    end)
    assert.are.equal(before, count())
  end)

  it("gives a claimed mail to nobody else until its sender is thought dead", function()
    factory.must(postman.round())
    factory.must(mail.queue("verify_email", { user_id = id.uuid() }))
    local first, second = factory.must(mail.claim(10)), factory.must(mail.claim(10))
    assert.are.equal(1, #first)
    assert.are.equal(0, #second)
    factory.must(db.education:run({ "update mails set due_at = now() where id = ?::uuid", first[1].id }))
    assert.are.equal(2, factory.must(mail.claim(10))[1].attempts)
    factory.must(mail.dropped(first[1].id))
    assert.are_not.equal(json.null, first[1].data)
  end)
end)
