-- host.pg against the test's PostgreSQL: types, errors, transactions, holds, COPY, notifications. Own schema, dropped.
local json = require "host.json"
local pg = require "host.pg"
local task = require "host.task"

local db = pg.database("memory")

local function only(sql, ...)
  local rows = assert(db:query(sql, ...))
  assert.equal(1, rows.count)
  return rows[1]
end

setup(function()
  assert(db:batch {
    { "DROP SCHEMA IF EXISTS host_pg_spec CASCADE" },
    { "CREATE SCHEMA host_pg_spec" },
    { "CREATE TABLE host_pg_spec.item (id int PRIMARY KEY, name text NOT NULL UNIQUE, size int CHECK (size > 0))" },
    { "CREATE TABLE host_pg_spec.part (item int REFERENCES host_pg_spec.item)" },
    { "CREATE TABLE host_pg_spec.line (n int, words text)" },
  })
end)

teardown(function()
  assert(db:query("DROP SCHEMA host_pg_spec CASCADE"))
end)

before_each(function()
  assert(db:batch { { "DELETE FROM host_pg_spec.part" }, { "DELETE FROM host_pg_spec.item" },
    { "DELETE FROM host_pg_spec.line" } })
end)

describe("values", function()
  -- Twice: the first answer of a statement comes as text, later ones in binary.
  local function both(sql, ...)
    local first, second = only(sql, ...), only(sql, ...)
    assert.same(first, second)
    return second
  end

  it("come as the types that the contract names", function()
    local row = both([[SELECT 7::int2 AS a, -5::int8 AS b, 0.1::float4 AS c, 2.5::float8 AS d, 12.340::numeric AS e,
      true AS f, 'text'::text AS g, NULL::int AS h, '01234567-89ab-7def-8011-223344556677'::uuid AS i,
      '2026-01-31 12:00:00.25+01'::timestamptz AS j, '2026-01-31'::date AS k, '\x00ff'::bytea AS l]])
    assert.same({
      a = 7, b = -5, c = 0.1, d = 2.5, e = "12.340", f = true, g = "text", h = json.null,
      i = "01234567-89ab-7def-8011-223344556677", j = "2026-01-31T11:00:00.25Z", k = "2026-01-31", l = "\0\255",
    }, row)
  end)

  it("are decoded from json, jsonb and arrays", function()
    local row = both([=[SELECT '{"a": [1, null]}'::jsonb AS j, '[]'::json AS e, '{1,NULL,3}'::int[] AS n,
      array[['a"b', 'c,d'], ['NULL', '']] AS t, '{}'::text[] AS nothing]=])
    assert.same({ a = { 1, json.null } }, row.j)
    assert.equal("[]", json.encode(row.e))
    assert.same({ 1, json.null, 3 }, row.n)
    assert.same({ { 'a"b', "c,d" }, { "NULL", "" } }, row.t)
    assert.equal("[]", json.encode(row.nothing))
  end)

  it("of types that have no binary form here come as text, with their neighbours", function()
    local row = both("SELECT '10.0.0.1'::inet AS a, 5 AS n, '\\x01'::bytea AS b, now() = now() AS t")
    assert.same({ a = "10.0.0.1", n = 5, b = "\1", t = true }, row)
  end)

  it("that a double cannot hold are the error range", function()
    local rows, err = db:query("SELECT 9007199254740993::int8 AS big")
    assert.is_nil(rows)
    assert.equal("range", err.code)
    assert.equal("big", err.column)
  end)
end)

describe("parameters", function()
  it("of every kind arrive as they are", function()
    local row = only([[SELECT $1::int AS a, $2::text AS b, $3::boolean AS c, $4::jsonb AS d, $5::text[] AS e,
      $6::bytea AS f, $7::text AS g, $8::float8 AS h, $9::text AS i]],
      1e6, "quo'te \\ ü", false, pg.json { x = json.array {} }, pg.array { 'a"b', "c\\", "{}" },
      pg.bytes("\0\1\255"), nil, -1.5e-300, json.null)
    assert.same({ a = 1000000, b = "quo'te \\ ü", c = false, d = { x = {} }, e = { 'a"b', "c\\", "{}" },
      f = "\0\1\255", g = json.null, h = -1.5e-300, i = json.null }, row)
  end)

  it("are never part of the statement", function()
    assert.equal("'; DROP SCHEMA host_pg_spec; --", only("SELECT $1::text AS t", "'; DROP SCHEMA host_pg_spec; --").t)
  end)

  it("of a wrong kind raise before anything is sent", function()
    assert.has_error(function() db:query("SELECT $1", {}) end)
    assert.has_error(function() db:query("SELECT $1", print) end)
    assert.has_error(function() db:query("SELECT $1", "a\0b") end)
    assert.has_error(function() db:query("SELECT 1\0") end)
    assert.has_error(function() pg.array { 1, "2" } end)
    assert.has_error(function() pg.database("no_such_database") end)
  end)
end)

describe("errors", function()
  local function code_of(sql, ...)
    local rows, err = db:query(sql, ...)
    assert.is_nil(rows)
    return err.code, err
  end

  it("have the codes that programs compare", function()
    assert(db:query("INSERT INTO host_pg_spec.item VALUES (1, 'a', 1)"))
    local code, err = code_of("INSERT INTO host_pg_spec.item VALUES (2, 'a', 1)")
    assert.equal("unique", code)
    assert.equal("23505", err.sqlstate)
    assert.equal("item_name_key", err.constraint)
    assert.equal("check", (code_of("INSERT INTO host_pg_spec.item VALUES (2, 'b', 0)")))
    code, err = code_of("INSERT INTO host_pg_spec.item VALUES (2, NULL, 1)")
    assert.equal("not_null", code)
    assert.equal("name", err.column)
    assert.equal("foreign_key", (code_of("INSERT INTO host_pg_spec.part VALUES (9)")))
    assert.equal("sql", (code_of("SELEC 1")))
    assert.equal("sql", (code_of("SELECT $1::int", "x")))
    assert.equal("sql", (code_of("SELECT $1::int + $2::int", 1)))
  end)

  it("of one query are no matter of another's", function()
    local results = {}
    local done = task.queue()
    for i = 1, 20 do
      task.spawn("query", function()
        results[i] = { db:query("SELECT 1 / $1::int AS q", i % 2) }
        done:push(true)
      end)
    end
    for _ = 1, 20 do assert(done:pop(30)) end
    for i = 1, 20 do
      if i % 2 == 1 then
        assert.equal(1, results[i][1][1].q)
      else
        assert.equal("22012", results[i][2].sqlstate)
      end
    end
  end)
end)

describe("statements sent together", function()
  it("are all or nothing", function()
    local results, err = db:batch {
      { "INSERT INTO host_pg_spec.item VALUES (1, 'a', 1)" }, { "SELECT 1 / 0" },
      { "INSERT INTO host_pg_spec.item VALUES (2, 'b', 1)" },
    }
    assert.is_nil(results)
    assert.equal("22012", err.sqlstate)
    assert.equal(0, only("SELECT count(*) AS n FROM host_pg_spec.item").n)
  end)

  it("give a result each", function()
    local results = assert(db:batch { { "SELECT $1::int AS a", 5 }, { "SELECT 2 AS b WHERE false" } })
    assert.equal(5, results[1][1].a)
    assert.equal(0, results[2].count)
  end)

  it("by task.all share a sync: an implicit transaction, as documented", function()
    local results = task.all {
      function() return { db:query("INSERT INTO host_pg_spec.item VALUES (1, 'a', 1)") } end,
      function() return { db:query("SELECT 1 / 0") } end,
    }
    assert.is_nil(results[1][1])
    assert.is_nil(results[2][1])
    assert.equal(0, only("SELECT count(*) AS n FROM host_pg_spec.item").n)
  end)
end)

describe("shared connections", function()
  it("refuse what would leave state behind", function()
    for _, sql in ipairs { "BEGIN", "SET search_path = x", "LISTEN x", "COPY x FROM STDIN", "CREATE TEMP TABLE x()" } do
      assert.has_error(function() db:query(sql) end)
    end
  end)

  it("prepare a statement anew when its table has changed", function()
    local sql = "SELECT * FROM host_pg_spec.changing"
    assert(db:query("CREATE TABLE host_pg_spec.changing AS SELECT 1 AS a"))
    for _ = 1, 3 do assert.same({ a = 1 }, only(sql)) end
    assert(db:query("ALTER TABLE host_pg_spec.changing ADD b text DEFAULT 'x'"))
    for _ = 1, 8 do assert.same({ a = 1, b = "x" }, only(sql)) end
  end)
end)

describe("a transaction", function()
  it("commits what fn did, and returns its value", function()
    assert.equal("value", db:transaction(function(tx)
      assert(tx:query("INSERT INTO host_pg_spec.item VALUES (1, 'a', 1)"))
      assert(tx:batch { { "INSERT INTO host_pg_spec.item VALUES (2, 'b', 1)" } })
      return "value"
    end))
    assert.equal(2, only("SELECT count(*) AS n FROM host_pg_spec.item").n)
  end)

  it("rolls back when fn returns nil, err or raises", function()
    local function insert(tx) assert(tx:query("INSERT INTO host_pg_spec.item VALUES (1, 'a', 1)")) end
    local value, err = db:transaction(function(tx)
      insert(tx)
      return nil, { code = "mine", message = "no" }
    end)
    assert.is_nil(value)
    assert.equal("mine", err.code)
    local ok, raised = pcall(db.transaction, db, function(tx)
      insert(tx)
      error({ code = "raised" })
    end)
    assert.is_false(ok)
    assert.equal("raised", raised.code)
    assert.equal(0, only("SELECT count(*) AS n FROM host_pg_spec.item").n)
  end)

  it("does not pretend to commit after a failed statement", function()
    local value, err = db:transaction(function(tx)
      tx:query("INSERT INTO host_pg_spec.item VALUES (1, 'a', 1)")
      tx:query("INSERT INTO host_pg_spec.item VALUES (1, 'a', 1)") -- its error is not looked at
      return true
    end)
    assert.is_nil(value)
    assert.equal("unique", err.code)
  end)

  it("is tried again after a serialization failure", function()
    assert(db:query("INSERT INTO host_pg_spec.item VALUES (1, 'a', 1)"))
    local tries = 0
    local value = assert(db:transaction(function(tx)
      tries = tries + 1
      assert(tx:query("SELECT size FROM host_pg_spec.item"))
      if tries == 1 then assert(db:query("UPDATE host_pg_spec.item SET size = 2")) end
      local done, err = tx:query("UPDATE host_pg_spec.item SET size = size + 10")
      return done and tries, err
    end, { isolation = "repeatable read" }))
    assert.equal(2, value)
    assert.equal(12, only("SELECT size FROM host_pg_spec.item").size)
  end)

  it("cannot write when it is read-only", function()
    local _, err = db:transaction(function(tx)
      return tx:query("INSERT INTO host_pg_spec.item VALUES (1, 'a', 1)")
    end, { read_only = true })
    assert.equal("25006", err.sqlstate)
  end)

  it("gives its connection back, and takes no further queries", function()
    local kept
    assert(db:transaction(function(tx) kept = tx return true end))
    assert.has_error(function() kept:query("SELECT 1") end)
  end)

  it("that is cancelled stops its query and leaves nothing", function()
    local _, err = task.within(0.05, function()
      return db:transaction(function(tx)
        assert(tx:query("INSERT INTO host_pg_spec.item VALUES (1, 'a', 1)"))
        return tx:query("SELECT pg_sleep(60) /* host_pg_spec */")
      end)
    end)
    assert.equal("deadline", err.code)
    local running
    for _ = 1, 1000 do
      running = only([[SELECT count(*) AS n FROM pg_stat_activity
        WHERE query LIKE '%host_pg_spec */' AND state <> 'idle' AND pid <> pg_backend_pid()]]).n
      if running == 0 then break end
      task.sleep(0.01)
    end
    assert.equal(0, running)
    assert.equal(0, only("SELECT count(*) AS n FROM host_pg_spec.item").n)
  end)

  it("side by side with others, more than there are connections, all finish", function()
    local jobs = {}
    for i = 1, 30 do
      jobs[i] = function()
        return assert(db:transaction(function(tx)
          assert(db:query("SELECT 1")) -- another connection meanwhile
          return tx:query("INSERT INTO host_pg_spec.item VALUES ($1, $2, 1)", i, "name " .. i)
        end))
      end
    end
    task.all(jobs)
    assert.equal(30, only("SELECT count(*) AS n FROM host_pg_spec.item").n)
  end)
end)

describe("a hold", function()
  it("leaves no state to others", function()
    assert(db:hold(function(conn)
      assert(conn:query("SET application_name = 'host_pg_spec'"))
      return conn:query("CREATE TEMP TABLE host_pg_spec_temp (a int)")
    end))
    for _ = 1, 20 do
      local row = only("SELECT current_setting('application_name') AS a, to_regclass('host_pg_spec_temp')::text AS t")
      assert.not_equal("host_pg_spec", row.a)
      assert.equal(json.null, row.t)
    end
  end)

  it("without pipeline runs scripts and COPY", function()
    local n = 0
    local function next_piece()
      n = n + 1
      task.sleep(0) -- a source may wait
      if n <= 300 then return (n .. "\t" .. ("x"):rep(500) .. "\n"):rep(10) end
    end
    local rows = assert(db:hold(function(conn)
      assert(conn:script("CREATE TEMP TABLE one (a int); INSERT INTO one VALUES (1); SELECT 1"))
      return conn:copy("COPY host_pg_spec.line FROM STDIN", next_piece)
    end, { pipeline = false }))
    assert.equal(3000, rows)
    assert.equal(3000, only("SELECT count(*) AS n FROM host_pg_spec.line").n)
  end)

  it("undoes a COPY whose source fails, or whose data is wrong", function()
    assert.has_error(function()
      db:hold(function(conn)
        return conn:copy("COPY host_pg_spec.line FROM STDIN", function() error("no more", 0) end)
      end, { pipeline = false })
    end, "no more")
    local given = false
    local rows, err = db:hold(function(conn)
      return conn:copy("COPY host_pg_spec.line FROM STDIN", function()
        if given then return nil end
        given = true
        return "no number\tx\n"
      end)
    end, { pipeline = false })
    assert.is_nil(rows)
    assert.equal("22P02", err.sqlstate)
    assert.equal(0, only("SELECT count(*) AS n FROM host_pg_spec.line").n)
  end)
end)

describe("a connection without pipeline", function()
  it("has no time limit, and has one again when it is given back", function()
    local function limit(conn) return assert(conn:query("SHOW statement_timeout"))[1].statement_timeout end
    local before = limit(db)
    assert.are_not.equal("0", before)
    assert.equal("0", db:hold(limit, { pipeline = false }))
    for _ = 1, 20 do assert.equal(before, limit(db)) end
  end)

  it("hears at the end of a COPY that the server has ended it before", function()
    local pieces = 0
    local rows, err = db:hold(function(conn)
      assert(conn:script("SET statement_timeout = '50ms'"))
      return conn:copy("COPY host_pg_spec.line FROM STDIN", function()
        pieces = pieces + 1
        task.sleep(0.1)
        return pieces < 4 and pieces .. "\tx\n" or nil
      end)
    end, { pipeline = false })
    assert.is_nil(rows)
    assert.equal("timeout", err.code)
    assert.equal(0, only("SELECT count(*) AS n FROM host_pg_spec.line").n)
  end)
end)

describe("notifications", function()
  it("begin with nil, then come in order, and survive a lost connection", function()
    local got = task.queue()
    db:listen("host_pg_spec", function(payload) got:push(payload or "gap") end)
    assert.equal("gap", got:pop(30))
    for i = 1, 3 do assert(db:query("SELECT pg_notify('host_pg_spec', $1)", "n" .. i)) end
    for i = 1, 3 do assert.equal("n" .. i, got:pop(30)) end
    assert(db:query([[SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE query = 'LISTEN "host_pg_spec"' AND pid <> pg_backend_pid()]]))
    assert.equal("gap", got:pop(30))
    assert(db:query("SELECT pg_notify('host_pg_spec', 'again')"))
    assert.equal("again", got:pop(30))
  end)
end)

describe("status", function()
  it("tells that the database is there", function()
    assert(db:query("SELECT 1"))
    local status = db:status()
    assert.is_true(status.ok)
    assert.is_true(status.connections >= 1)
    assert.equal(0, status.waiting)
  end)
end)
