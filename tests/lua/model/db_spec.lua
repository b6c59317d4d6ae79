local db = require "model.db"
local factory = require "tests.support.factory"
local id = require "util.id"

local must = factory.must

describe("a transaction that statements join", function()
  local function insert(connection, school_id)
    return must(connection:one({ "insert into schools (id, name) values (?, 'A school') returning id", school_id })).id
  end

  local function is_there(school_id)
    return must(db.education:query({ "select 1 from schools s where s.id = ?::uuid", school_id }))[1] ~= nil
  end

  local function nothing()
    return db.education:one({ "select 1 from schools s where s.id = ?::uuid", id.uuid() })
  end

  it("is all or nothing, but for parts that fail for themselves", function()
    local kept, undone, kept_too = id.uuid(), id.uuid(), id.uuid()
    must(db.education:joined(function()
      insert(db.education, kept)
      local value, err = db.education:transaction(function(tx)
        insert(tx, undone)
        return db.fail("conflict", "no")
      end)
      assert.are.same({ nil, "conflict" }, { value, err.code })
      return insert(db.education, kept_too)
    end))
    assert.are.same({ true, false, true }, { is_there(kept), is_there(undone), is_there(kept_too) })
  end)

  it("undoes the whole of a part in which another one has failed", function()
    local before, after = id.uuid(), id.uuid()
    must(db.education:joined(function()
      local value = db.education:transaction(function(tx)
        insert(tx, before)
        nothing()
        insert(tx, after)
        return nothing()
      end)
      assert.is_nil(value)
      return true
    end))
    assert.are.same({ false, false }, { is_there(before), is_there(after) })
  end)

  it("goes on after a part that PostgreSQL has refused, at any depth", function()
    local kept, inner = id.uuid(), id.uuid()
    must(db.education:joined(function()
      local value, err = db.education:transaction(function(tx)
        insert(tx, inner)
        return db.education:one({ "insert into schools (id, name) values (?, 'A school') returning id", inner })
      end)
      assert.are.same({ nil, "conflict" }, { value, err.code })
      return insert(db.education, kept)
    end))
    assert.are.same({ true, false }, { is_there(kept), is_there(inner) })
  end)

  it("goes on where the way back has to make room among the statements that the connection knows", function()
    local code = must(db.education:joined(function(tx)
      local taken = insert(tx, id.uuid())
      for i = 1, 300 do must(tx:query(("select %d as i"):format(i))) end
      return select(2, db.education:one({ "insert into schools (id, name) values (?, 'Taken') returning id", taken }))
    end)).code
    assert.are.equal("conflict", code)
  end)
end)
