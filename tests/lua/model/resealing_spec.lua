local crypto = require "host.crypto"
local db = require "model.db"
local log = require "host.log"
local personal = require "model.personal"
local pg = require "host.pg"
local resealing = require "model.resealing"
local settings = require "host.settings"
local user = require "model.user"
local factory = require "tests.support.factory"

local must = factory.must

describe("sealed values", function()
  it("name their key; one of before keys had names is opened, and sealed anew in the background", function()
    local email = "p" .. require("util.id").uuid() .. "@example.org"
    local who = factory.person("teacher", { email = email })
    local bare = crypto.seal(crypto.unhex(settings.data_key), email, "users.email:" .. who.id)
    must(db.education:run({ "update users set email_sealed = ? where id = ?::uuid", pg.bytes(bare), who.id }))
    assert.are.equal(email, must(user.me(who)).email)
    repeat local count = must(resealing.round()) until count == 0
    local row = must(db.education:one({ "select email_sealed from users where id = ?::uuid", who.id }))
    assert.are.equal(personal.key_name(), row.email_sealed:sub(1, 5))
    assert.are.equal(email, must(user.me(who)).email)
  end)

  it("are told of once they all are under today's key", function()
    local who, lines, info = factory.person("teacher"), {}, log.info
    local bare = crypto.seal(crypto.unhex(settings.data_key), "a@example.org", "users.email:" .. who.id)
    must(db.education:run({ "update users set email_sealed = ? where id = ?::uuid", pg.bytes(bare), who.id }))
    log.info = function(line) lines[#lines + 1] = line end
    assert.is_true(must(resealing.go_on()) > 0)
    assert.same({}, lines)
    repeat until must(resealing.go_on()) == 0
    must(resealing.go_on())
    log.info = info
    assert.equal(1, #lines)
    assert.truthy(lines[1]:find("data_key_old may be taken out", 1, true))
  end)

  it("are all in columns that are sealed anew", function()
    local known = { ["audit_entries.personal_sealed"] = true, ["data_requests.archive_sealed"] = true } -- persons' keys
    for _, entry in ipairs(resealing.columns) do known[entry.table .. "." .. entry.column] = true end
    for _, row in ipairs(must(db.education:query("select table_name || '.' || column_name as name"
      .. " from information_schema.columns where table_schema = 'public' and column_name like '%\\_sealed'"))) do
      assert.is_true(known[row.name] or false, row.name)
    end
  end)
end)
