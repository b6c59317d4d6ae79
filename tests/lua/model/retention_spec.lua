local db = require "model.db"
local event = require "model.event"
local retention = require "model.retention"
local factory = require "tests.support.factory"
local pg = require "host.pg"
local id = require "util.id"

local must = factory.must

-- One row that is over and one that is not, for rules that a spec can make rows for.
describe("retention", function()
  local function count(table, key, value)
    local text = ("select count(*)::integer as n from %s where %s = ?"):format(table, key)
    return must(db.education:one({ text, value })).n
  end

  it("names tables and periods that there are", function()
    for _, rule in ipairs(retention.rules) do
      local found = must(db[rule.database or "education"]:one({ "select to_regclass(?) is not null as there",
        rule.table }))
      assert.is_true(found.there, rule.table)
      assert.are.equal(rule.period ~= nil, rule.over:find("%%s") ~= nil, rule.table)
      if rule.period then assert.is_number(require("host.settings").retention[rule.period], rule.period) end
    end
    assert.truthy(must(retention.sweep()))
  end)

  it("ends with the period and not before it", function()
    local topic = "user:" .. id.uuid()
    must(db.education:transaction(function(tx) return event.append(tx, topic, "a", {}) end))
    must(db.education:transaction(function(tx) return event.append(tx, topic, "b", {}) end))
    must(db.education:run({ "update events set created_at = now() - interval '3 days' where topic = ? and kind = 'a'",
      topic }))
    must(retention.sweep())
    assert.are.equal(1, count("events", "topic", topic))
  end)

  it("is swept in portions until nothing is left", function()
    local topic, portion = "user:" .. id.uuid(), retention.PORTION
    for i = 1, 5 do
      must(db.education:transaction(function(tx) return event.append(tx, topic, "a" .. i, {}) end))
    end
    must(db.education:run({ "update events set created_at = now() - interval '3 days' where topic = ?", topic }))
    retention.PORTION = 2
    must(retention.sweep())
    retention.PORTION = portion
    assert.are.equal(0, count("events", "topic", topic))
  end)

  it("of a log-in begins with its end", function()
    local person = factory.person("student")
    must(db.education:run({ "insert into sessions (id, user_id, created_at, expires_at, ended_at, end_reason) select"
      .. " gen_random_uuid(), ?::uuid, now() - interval '200 days', d.expires, d.ended, 'logout' from"
      .. " unnest(?::timestamptz[], ?::timestamptz[]) as d (expires, ended)", person.id,
      pg.array { "2020-01-01T00:00:00Z", "2999-01-01T00:00:00Z" }, pg.array { "2020-01-01T00:00:00Z",
        os.date("!%Y-%m-%dT%H:%M:%SZ") } }))
    must(retention.sweep())
    assert.are.equal(1, count("sessions", "user_id", person.id))
  end)
end)
