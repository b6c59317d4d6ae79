local db = require "model.db"
local media = require "model.media"
local store = require "host.store"
local factory = require "tests.support.factory"

local must = factory.must

local MONTH = 30 * 86400

local function code_of(_, err) return err and err.code end

-- A file that has come: four octets that say they are a picture.
local function upload(owner, quota)
  local begun = must(media.begin(owner, "a.png"))
  local file = must(store.create(begun.id))
  must(file:write("\137PNG"))
  must(file:finish())
  return media.complete(owner, begun.id, { name = "a.png", type = "image/png", octets = 4, digest = ("0"):rep(64) },
    quota or 1000)
end

local function is_stored(media_id) return store.read(media_id, 0, 4) ~= nil end

describe("an uploaded file", function()
  local owner, colleague, admin, stranger

  setup(function()
    owner = factory.person("student")
    local school = { id = owner.school_id }
    colleague, admin = factory.person("teacher", { school = school }), factory.person("admin", { school = school })
    stranger = factory.person("admin")
  end)

  local function seen(media_id)
    local list = {}
    for i, who in ipairs { owner, colleague, admin, stranger } do list[i] = media.find(who, media_id) ~= nil end
    return list
  end

  it("is its owner's and the school's admin's, everybody's in the school when it is shared", function()
    local made = must(upload(owner))
    assert.are.same({ true, false, true, false }, seen(made.id))
    must(media.update(owner, made.id, { shared = true }, made.revision))
    assert.are.same({ true, true, true, false }, seen(made.id))
    assert.are.equal("forbidden", code_of(media.update(colleague, made.id, { shared = false })))
    assert.are.equal("forbidden", code_of(media.delete(colleague, made.id)))
    assert.are.equal("not_found", code_of(media.delete(stranger, made.id)))
    assert.are.equal(1, #must(media.list(owner, { mine = true })).items)
    assert.are.equal(0, #must(media.list(colleague, { mine = true })).items)
    must(media.delete(admin, made.id))
    assert.is_false(is_stored(made.id))
  end)

  it("is not there before it is complete", function()
    local begun = must(media.begin(owner, "half.png"))
    assert.are.same({ false, false, false, false }, seen(begun.id))
    media.discard(begun.id)
    assert.are.equal("not_found", code_of(db.education:one({ "select id from media where id = ?::uuid", begun.id })))
  end)

  it("counts towards its owner's quota", function()
    local thrifty = factory.person("teacher")
    must(upload(thrifty, 8))
    must(upload(thrifty, 8))
    local _, err = upload(thrifty, 8)
    assert.are.same({ "invalid", "file" }, { err.code, err.field })
  end)

  it("goes when its owner is erased or it was never completed, an hour later", function()
    local leaving = factory.person("teacher")
    local left, stuck = must(upload(leaving)), must(media.begin(owner, "stuck.png"))
    must(db.education:run({ "delete from users where id = ?::uuid", leaving.id }))
    assert.are.equal("not_found", code_of(media.find(admin, left.id)))
    must(media.sweep(MONTH))
    assert.is_true(is_stored(left.id))
    must(db.education:run({ "update media set created_at = now() - interval '2 hours' where id in (?::uuid, ?::uuid)",
      left.id, stuck.id }))
    must(media.sweep(MONTH))
    assert.is_false(is_stored(left.id))
    for _, id in ipairs { left.id, stuck.id } do
      assert.are.equal("not_found", code_of(db.education:one({ "select id from media where id = ?::uuid", id })))
    end
  end)

  it("goes when it was of use to nobody for a month", function()
    local kept, lost = must(upload(owner)), must(upload(owner))
    must(media.update(owner, kept.id, { shared = true }))
    must(db.education:run("alter table media disable trigger media_touch"))
    must(db.education:run({ "update media set updated_at = now() - interval '31 days', created_at = now() -"
      .. " interval '31 days' where id in (?::uuid, ?::uuid)", kept.id, lost.id }))
    must(db.education:run("alter table media enable trigger media_touch"))
    must(media.sweep(32 * 86400))
    assert.is_true(is_stored(lost.id))
    must(media.sweep(MONTH))
    assert.is_false(is_stored(lost.id))
    assert.is_true(is_stored(kept.id))
  end)
end)
