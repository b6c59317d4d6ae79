local cache = require "model.cache"
local consent = require "model.consent"
local data_request = require "model.data_request"
local db = require "model.db"
local id = require "util.id"
local json = require "host.json"
local pg = require "host.pg"
local personal_data = require "model.personal_data"
local profile = require "model.profile"
local session = require "model.session"
local user = require "model.user"
local workflow = require "workflows.data_request"
local workflows = require "workflows.all"
local audit = require "model.audit"
local factory = require "tests.support.factory"

local must = factory.must

local function code_of(_, err) return err and err.code end

-- What a workflow's run would do, without its engine: every step at once.
local flow = {}
function flow.step(_, _, _, fn)
  local value, err = fn()
  return must(value, err)
end

local function answer(request)
  return workflow.run(flow, { request_id = request.id })
end

local function person(role)
  local made = factory.person(role or "student", { email = "p" .. require("util.id").uuid() .. "@example.org" })
  must(profile.update(made, { about = "I collect stamps." }))
  return made
end

-- An archive's members by name: stored, so their text is simply there.
local function member(archive, name)
  local at = archive:find(name, 1, true)
  local length = archive:sub(at - 12, at - 9)
  local a, b, c, d = length:byte(1, 4)
  local from = at + #name
  return archive:sub(from, from + a + b * 256 + c * 65536 + d * 16777216 - 1)
end

describe("personal data", function()
  -- Every UUID that is neither a row's own id nor refers to something that is no person.
  local UUIDS = [[select c.relname || '.' || a.attname as place
    from pg_attribute a join pg_class c on c.oid = a.attrelid
    where c.relkind = 'r' and c.relnamespace = 'public'::regnamespace and a.atttypid = 'uuid'::regtype and a.attnum > 0
      and not a.attisdropped and not exists (select 1 from pg_constraint k where k.conrelid = c.oid
        and ((k.contype = 'f' and k.confrelid <> coalesce(to_regclass('users'), 0) and a.attnum = any(k.conkey))
          or (k.contype = 'p' and a.attname = 'id' and k.conkey = array[a.attnum])))
    order by 1]]

  it("has a row or a reason for every column that may refer to people, in all databases", function()
    local known, seen = {}, 0
    for _, entry in ipairs(personal_data.tables) do
      if entry.who then known[entry.table .. "." .. entry.who] = true end
    end
    for place in pairs(personal_data.others) do known[place] = true end
    for _, database in ipairs(db.names) do
      for _, row in ipairs(must(db[database]:query(UUIDS))) do
        assert.is_true(known[row.place] or false, database .. ": " .. row.place
          .. " may refer to people, but model/personal_data.lua does not say what becomes of it")
        seen = seen + 1
      end
    end
    assert.is_true(seen > 50, seen)
  end)

  it("that is kept at an erasure says why", function()
    for _, entry in ipairs(personal_data.tables) do
      if entry.erase ~= "delete" and entry.table ~= "media" then assert.truthy(entry.why, entry.table) end
    end
  end)

  it("is given as an archive, to the person and who stands for it only", function()
    local who = person()
    local request = must(workflow.export(who, who.id))
    assert.are.equal("conflict", code_of(workflow.export(who, who.id)))
    assert.are.equal("not_found", code_of(data_request.archive(who, who.id, request.id)))
    answer(request)
    assert.are.equal("done", must(data_request.find(who, who.id, request.id)).state)
    local archive = must(data_request.archive(who, who.id, request.id))
    local own = json.decode(member(archive, "account.json"))[1]
    assert.are.same({ who.login, must(user.me(who)).email }, { own.login, own.email })
    assert.truthy(member(archive, "profiles.csv"):find("I collect stamps.", 1, true))
    assert.truthy(member(archive, "audit.json"):find("I collect stamps.", 1, true))
    assert.are.equal("not_found", code_of(data_request.archive(person(), who.id, request.id)))
    assert.are.equal("not_found", code_of(workflow.export(person("teacher"), who.id)))
  end)

  it("is erased after the password was asked for again; the audit log stays whole", function()
    local who = person()
    local admin = factory.person("admin", { school = { id = who.school_id } })
    assert.are.equal("invalid", code_of(workflow.erase(who, who.id, { password = "wrong", address = "192.0.2.77" })))
    local request = must(workflow.erase(admin, who.id, { password = factory.PASSWORD, address = "192.0.2.78" }))
    local opened = must(session.open { login = who.login, password = factory.PASSWORD })
    answer(request)
    answer(request)
    local left = must(user.find(admin, who.id))
    assert.are.same({ "Erased person", "suspended", "erased-" .. who.id }, { left.name, left.state, left.login })
    assert.are.equal("not_found", code_of(user.credentials(who.login)))
    assert.are.equal("unauthenticated", code_of(session.refresh(opened.refresh_token)))
    assert.are.equal("", must(profile.find(admin, who.id)).about)
    assert.are.equal("done", must(data_request.find(admin, who.id, request.id)).state)
    assert.is_nil(must(audit.verify(who.school_id))[1].broken)
    local sections = must(personal_data.gather(who.id))
    for _, section in ipairs(sections) do
      if section.name == "audit" then
        assert.is_true(#section.rows > 0)
        for _, row in ipairs(section.rows) do assert.are.equal(json.null, row.values) end
      end
    end
    assert.are.equal("conflict", code_of(workflow.export(admin, who.id)))
  end)

  it("is not put into an archive that an erasure has overtaken", function()
    local who = person()
    local request = must(workflow.export(who, who.id))
    must(db.education:transaction(function(tx) return personal_data.erase(tx, who.id) end))
    assert.are.equal("conflict", code_of(db.education:transaction(function(tx)
      return data_request.finish(tx, request, "a zip")
    end)))
  end)

  it("is not read from a cache once it is erased", function()
    local reads = 0
    local function read() reads = reads + 1 return { author = "A name" } end
    cache.through("post", "erased", read)
    cache.through("post", "erased", read)
    assert.are.equal(1, reads)
    must(personal_data.forget("content", person().id))
    cache.through("post", "erased", read)
    assert.are.equal(2, reads)
  end)

  it("is erased some time after a guardian has closed the account, unless the consent was given anew", function()
    local function closed(days)
      local who, token = person(), id.secret("gw")
      must(db.education:transaction(function(tx)
        return consent.record(tx, nil, who, { kind = "account", token = token })
      end))
      must(consent.withdraw_by(token))
      must(db.education:run({ "update consents set withdrawn_at = now() - ? * interval '1 day'"
        .. " where person_id = ?::uuid", days, who.id }))
      return who
    end
    local long_ago, lately, anew = closed(31), closed(29), closed(31)
    must(db.education:transaction(function(tx) return consent.record(tx, nil, anew, { kind = "account" }) end))
    must(workflow.erase_closed())
    assert.are.equal(0, must(workflow.erase_closed()))
    local requests = must(db.education:query({ "select id, kind, person_id from data_requests"
      .. " where person_id = any(?::uuid[])", pg.array { long_ago.id, lately.id, anew.id } }))
    assert.are.same({ 1, long_ago.id, "erasure" }, { #requests, requests[1].person_id, requests[1].kind })
    answer(requests[1])
    assert.are.equal("Erased person", must(user.find(long_ago, long_ago.id)).name)
  end)

  it("of a request whose run stops is asked for anew by an admin", function()
    local who = person()
    local admin = factory.person("admin", { school = { id = who.school_id } })
    local request = must(workflow.export(who, who.id))
    assert.are.equal("conflict", code_of(workflow.again(admin, who.id, request.id)))
    must(db.education:run({ "update workflow_runs set state = 'failed', finished_at = now(),"
      .. " error = '{\"message\": \"the disk is full\"}' where input ->> 'request_id' = ?", request.id }))
    local failed = must(data_request.of_school(admin, { state = "failed" }, { limit = 10 })).items[1]
    assert.are.same({ request.id, "failed", "the disk is full", 1 },
      { failed.id, failed.state, failed.problem, failed.attempts })
    assert.are.equal("not_found", code_of(workflow.again(who, who.id, request.id)))
    assert.are.equal("not_found", code_of(workflow.again(factory.person("admin"), who.id, request.id)))
    local again = must(workflow.again(admin, who.id, request.id))
    assert.are.same({ "queued", json.null, 2 }, { again.state, again.problem, again.attempts })
    assert.are.equal(2, #must(db.education:query({ "select id from workflow_runs where input ->> 'request_id' = ?",
      request.id })))
    answer(again)
    assert.are.equal("done", must(data_request.find(who, who.id, request.id)).state)
  end)

  it("is asked for by a workflow that the engine knows", function()
    assert.are.equal(workflow, workflows.scripts[workflow.name])
  end)
end)
