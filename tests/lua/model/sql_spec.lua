local json = require "host.json"
local sql = require "model.sql"

describe("SQL of fragments", function()
  it("numbers the parameters through", function()
    local text, parameters = sql.join("select *", { "where a = ? and b = ?", 1, "x" }, "and", { "c = ?", true })
    assert.are.equal("select * where a = $1 and b = $2 and c = $3", text)
    assert.are.same({ 1, "x", true, n = 3 }, parameters)
  end)

  it("has NULL where a value is nil", function()
    local _, parameters = sql.join({ "f(?, ?, ?)", nil, false, nil })
    assert.are.equal(json.null, parameters[1])
    assert.is_false(parameters[2])
    assert.are.equal(json.null, parameters[3])
    assert.are.equal(3, parameters.n)
  end)

  it("never makes text of a value", function()
    local text = sql.join({ "a = ?", "'; drop table users; -- ?" }, { "and b = ?", 2 })
    assert.are.equal("a = $1 and b = $2", text)
  end)

  it("numbers a statement that begins like another one, and one that it has joined before", function()
    for _ = 1, 2 do
      assert.are.equal("select * where a = $1", (sql.join("select *", { "where a = ?", 1 })))
      local text, parameters = sql.join("select *", { "where a = ?", 2 }, { "and b = ?", 3 })
      assert.are.equal("select * where a = $1 and b = $2", text)
      assert.are.same({ 2, 3, n = 2 }, parameters)
    end
  end)

  it("takes a string for text, whatever it says", function()
    for _ = 1, 2 do
      assert.are.equal("a ? 'x'", (sql.join("a ? 'x'")))
      assert.are.equal("a $1 'x'", (sql.join({ "a ? 'x'", 1 })))
    end
  end)

  it("keeps numbering when there are more statements than it remembers", function()
    for i = 1, 9000 do
      local text = sql.join({ "select ?", i }, { ("from t%d where a = ?"):format(i), i })
      assert.are.equal(("select $1 from t%d where a = $2"):format(i), text)
    end
  end)

  it("writes words of a set into the statement, and nothing else", function()
    assert.are.equal("a.state = 'not_yet'", sql.is("a.state", "not_yet"))
    for _, text in ipairs { "", "it's", "Done", "x' or 'a' = 'a" } do
      assert.has_error(function() sql.is("a.state", text) end)
    end
  end)

  it("compares the revision that somebody has seen, if anybody says one", function()
    assert.are.equal("where true", (sql.join("where", sql.as_seen("a", nil))))
    local text, parameters = sql.join("where", sql.as_seen("a", 7))
    assert.are.equal("where a.revision = $1::bigint", text)
    assert.are.same({ 7, n = 1 }, parameters)
  end)

  it("combines fragments to one", function()
    local text, parameters = sql.join(sql.combine(" or ", { { "a = ?", 1 }, "true", { "b = ?", nil } }))
    assert.are.equal("a = $1 or true or b = $2", text)
    assert.are.same({ 1, json.null, n = 2 }, parameters)
  end)
end)
