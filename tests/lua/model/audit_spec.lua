local audit = require "model.audit"
local crypto = require "host.crypto"
local db = require "model.db"
local pg = require "host.pg"
local person_key = require "model.person_key"
local profile = require "model.profile"
local factory = require "tests.support.factory"

local must = factory.must

describe("the audit log", function()
  local student, admin, chain, last

  setup(function()
    student = factory.person("student")
    admin = factory.person("admin", { school = { id = student.school_id } })
    chain = student.school_id
    for n = 1, 3 do must(profile.update(student, { about = "secret words " .. n })) end
    last = must(audit.verify(chain))[1].entries
  end)

  -- What a verification says after a statement of somebody who owns the database. All is undone.
  local function after(text, sequence, ...)
    local told
    local statement = { text .. " where chain = ?::uuid and sequence = ?", ... }
    statement[#statement + 1] = chain
    statement[#statement + 1] = sequence
    db.education:transaction(function(tx)
      must(tx:query("set local session_replication_role = replica"))
      assert.are.equal(1, must(tx:run(statement)))
      told = must(audit.verify(chain, tx))[1]
      return db.fail("conflict", "all is undone")
    end)
    return told.broken
  end

  it("is one whole chain per school, an entry per change, read by its admin", function()
    local told = must(audit.verify(chain))
    assert.are.same({ 1, 64 }, { #told, #told[1].head })
    assert.is_nil(told[1].broken)
    local items = must(audit.list(admin, { subject_id = student.id, action = "profiles.update" })).items
    assert.are.same({ 3, student.id }, { #items, items[1].actor_id })
    assert.are.same({ "about" }, items[1].detail.fields)
    assert.are.same({}, must(audit.list(student, {})).items)
    assert.are.same({}, must(audit.list(factory.person("admin"), { subject_id = student.id })).items)
  end)

  it("names the first link that was changed", function()
    assert.are.equal(last - 1, after("update audit_entries set actor_id = null", last - 1))
    assert.are.equal(last - 2, after("update audit_entries set detail = '{}'", last - 2))
    assert.are.equal(last - 1, after("update audit_entries set personal_sealed = ?", last - 1, pg.bytes("x")))
    assert.are.equal(last, after("update audit_entries set recorded_at = now()", last))
  end)

  it("names the first link that is gone, at the end too", function()
    assert.are.equal(last - 1, after("delete from audit_entries", last - 1))
    assert.are.equal(last, after("delete from audit_entries", last))
    assert.is_nil(must(audit.verify(chain))[1].broken)
  end)

  it("names a link that the head of its chain hides", function()
    local set_back = "update audit_chains set head = (select digest from audit_entries e where e.chain ="
      .. " audit_chains.chain and e.sequence = audit_chains.sequence - 1), sequence = sequence - 1"
    assert.are.equal(last, after(set_back, last))
    assert.are.equal(1, after("delete from audit_chains", last))
  end)

  it("names a link that was made anew, with a digest of its own", function()
    assert.are.equal(last, after("update audit_entries set digest = ?", last - 1, pg.bytes(crypto.sha256("new"))) + 1)
  end)

  it("refuses to be changed or emptied", function()
    for _, text in ipairs { "update audit_entries set action = 'x' where chain = $1", "truncate audit_entries",
      "delete from audit_entries where chain = $1", "delete from audit_chains where chain = $1",
      "update audit_chains set sequence = 0 where chain = $1" } do
      local done, err = db.education.host:query(text, unpack(text:find("$1", 1, true) and { chain } or {}))
      assert.is_nil(done)
      assert.are.equal("23000", err.sqlstate)
    end
  end)

  it("keeps values under the person's key only, and nothing readable once that is destroyed", function()
    local row = must(db.education:one({ "select personal_sealed from audit_entries where chain = ?::uuid"
      .. " and sequence = ?", chain, last }))
    assert.is_nil(row.personal_sealed:find("secret", 1, true))
    local where = "audit:" .. student.id
    local function open() return person_key.open(db.education, student.id, row.personal_sealed, where) end
    assert.are.equal('{"about":"secret words 3"}', open())
    must(person_key.destroy(db.education, student.id))
    assert.is_nil(open())
    must(profile.update(student, { about = "later" }))
    assert.is_nil(must(audit.verify(chain))[1].broken)
  end)

  it("is not written by what is rolled back", function()
    local before = must(audit.verify(chain))[1].entries
    assert.is_nil((profile.update(student, { about = "x" }, 99)))
    assert.are.equal(before, must(audit.verify(chain))[1].entries)
  end)
end)
