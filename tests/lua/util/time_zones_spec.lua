-- The time zones that a document offers are those that the database can reckon with.

local db = require "model.db"
local factory = require "tests.support.factory"
local time_zones = require "util.time_zones"

describe("util.time_zones", function()
  it("are known to PostgreSQL, each once", function()
    local row = factory.must(db.education:one({ "select count(distinct n.zone)::integer as known from"
      .. " unnest(string_to_array(?, ' ')) as n (zone) where is_time_zone(n.zone)", table.concat(time_zones, " ") }))
    assert.are.equal(#time_zones, row.known)
    assert.is_true(#time_zones > 500)
  end)
end)
