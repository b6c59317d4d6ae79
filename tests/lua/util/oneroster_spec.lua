local oneroster = require "util.oneroster"

local HEADER = { "sourcedId", "status", "dateLastModified", "username", "givenName", "familyName", "grades", "email",
  "metadata.house" }

local function codes(errors)
  local list = {}
  for i, err in ipairs(errors) do list[i] = err.column .. " " .. err.code end
  return list
end

describe("a users.csv of OneRoster", function()
  local at = oneroster.header(HEADER)

  it("has the columns of the standard, in any order, and those that are needed", function()
    assert.are.same({ 1, 4, 8 }, { at.sourcedId, at.username, at.email })
    local _, errors = oneroster.header { "sourcedId", "shoe", "sourcedId", "username", "givenName" }
    assert.are.same({ "shoe unknown", "sourcedId repeated", "familyName required" }, codes(errors))
    _, errors = oneroster.header { ("x"):rep(99) .. "éé" }
    assert.are.equal(("x"):rep(99) .. "é", errors[1].column)
  end)

  it("has students", function()
    assert.are.same({ sourced_id = "7", login = "ada.l", name = "Ada Lovelace", gone = false, email = "a@b.example" },
      oneroster.student(at, { "7", "active", "", " Ada.L", "Ada", "Lovelace ", "05", "A@b.example" }))
    assert.is_true(oneroster.student(at, { "7", "tobedeleted", "", "ada.l", "Ada", "L" }).gone)
  end)

  it("tells everything that is wrong with a line", function()
    local _, errors = oneroster.student(at, { "", "gone", "", "a b", "A\1", "\255", "", "nobody" })
    assert.are.same({ "sourcedId required", "username format", "givenName text", "familyName encoding", "email format",
      "status format" }, codes(errors))
  end)
end)
