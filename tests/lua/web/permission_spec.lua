local guard = require "web.guard"
local model = require "model.permission"
local permission = require "web.permission"
local task = require "host.task"

local function admit(rule, role)
  local caller, err = guard.admit(rule, { user = { check = function() return { role = role } end } }, {})
  return caller and "let in" or err.code
end

local function handler() end

describe("permissions", function()
  -- What the rows say is put back, for the specs of the same run.
  after_each(function() permission.use(assert(model.load())) end)

  it("say by rows who may call, and follow their change at once", function()
    local rule = guard.role("teacher", handler)
    permission.use { { role = "teacher", permission = "teach" } }
    assert.are.same({ "let in", "forbidden" }, { admit(rule, "teacher"), admit(rule, "admin") })
    permission.use { { role = "admin", permission = "teach" } }
    assert.are.same({ "forbidden", "let in" }, { admit(rule, "teacher"), admit(rule, "admin") })
    assert.are.same({ "admin" }, permission.roles(rule.permissions))
  end)

  it("may be any of several, and one that no role is named after", function()
    permission.use { { role = "parent", permission = "accompany" }, { role = "admin", permission = "read_audit" } }
    assert.are.equal("let in", admit(guard.role({ "student", "parent" }, handler), "parent"))
    assert.are.equal("let in", admit(guard.may("read_audit", handler), "admin"))
    assert.are.equal("forbidden", admit(guard.may("read_audit", handler), "parent"))
    assert.are.equal("forbidden", admit(guard.may("read_audit", handler), "a role that there is not"))
  end)

  it("are asked only of roles that there are", function()
    assert.has_error(function() guard.role("wizard", handler) end, 'a guard names the unknown role "wizard"')
  end)

  it("are seeded: an admin has a teacher's rights", function()
    permission.use(assert(model.load()))
    assert.are.same({ "admin", "teacher" }, permission.roles { "teach" })
    assert.are.same({ "student" }, permission.roles { "learn" })
  end)

  it("are changed in the database, and heard of", function()
    local heard
    model.watch(function(rows) heard = rows end)
    local before = #heard
    assert.are.equal(0, model.revoke("parent", "teach"))
    assert.are.equal(1, model.grant("parent", "read_audit"))
    for _ = 1, 1000 do
      if #heard > before then break end
      task.sleep(0.01)
    end
    assert.are.equal(before + 1, #heard)
    assert.are.equal(1, model.revoke("parent", "read_audit"))
    assert.are.equal("invalid", select(2, model.grant("parent", "fly")).code)
  end)
end)
