-- workflows/data_request.lua: answers what somebody has asked for about a person's data. Each step may run twice
-- without doing anything twice.
--
--   export:   gather everything, once as JSON and once as CSV, into an archive
--   erasure:  memories → Roblox → posts → files → the person; the last one ends sessions and destroys the person's key
--
-- A step that meets a passing trouble is tried again by the engine; a run that stops otherwise makes its request
-- "failed" with the reason (model/data_request.lua), and an admin can start it anew: a new run, from the first step on.

local account = require "model.account"
local consent = require "model.consent"
local data_request = require "model.data_request"
local db = require "model.db"
local json = require "host.json"
local media = require "model.media"
local personal_data = require "model.personal_data"
local table_text = require "util.table_text"
local run = require "workflow.run"
local settings = require "host.settings"
local zip = require "util.zip"

local M = { name = "data_request" }

-- A run for the request that make(tx) gives, in the same transaction.
local function start(make)
  return db.education:transaction(function(tx)
    local request, err = make(tx)
    if not request then return nil, err end
    local started, failure = run.start({ workflow = M.name, dedup_key = ("%s/%d"):format(request.id, request.attempts),
      input = { request_id = request.id } }, tx)
    return started and request, failure
  end)
end

local function ask(by, person_id, kind)
  return start(function(tx) return data_request.create(tx, by, person_id, kind) end)
end

--- Asks for an archive of all that is kept about a person.
---@return table? request
---@return table? err not_found, conflict
function M.export(by, person_id)
  return ask(by, person_id, "export")
end

--- Asks that a person be erased. Whoever asks proves it with the own password: it cannot be undone.
---@param proof { password: string, address: string }
---@return table? request
---@return table? err not_found, conflict, invalid with field password, rate_limited
function M.erase(by, person_id, proof)
  local person, unseen = consent.subject(by, person_id)
  if not person then return nil, unseen end
  local confirmed, err = account.confirm(by, proof.password, proof.address)
  if not confirmed then return nil, err end
  return ask(by, person_id, "erasure")
end

-- Accounts that are taken up in one go.
local PORTION = 50

--- Erases people whose accounts a guardian has closed long ago: without the consent nothing may be kept, and nobody may
--- be left who could ask for it. Called by a timer; several at once do no more than one.
---@return integer? count
---@return table? err
function M.erase_closed()
  local people, err = consent.closed_for(settings.retention.closed_accounts, PORTION)
  if not people then return nil, err end
  for _, person in ipairs(people) do
    local started, failure = start(function(tx) return data_request.create_due(tx, person) end)
    if not started and failure.code ~= "conflict" then return nil, failure end
  end
  return #people
end

--- Starts a request anew that has failed.
---@return table? request
---@return table? err not_found, conflict
function M.again(by, person_id, request_id)
  return start(function(tx) return data_request.again(tx, by, person_id, request_id) end)
end

-- Each section twice: as JSON for programs, as CSV for people.
local function archive_of(sections)
  local files = {}
  for i, section in ipairs(sections) do
    files[2 * i - 1] = { name = section.name .. ".json", text = json.encode(json.array(section.rows)) }
    files[2 * i] = { name = section.name .. ".csv", text = table_text.csv(section.rows) }
  end
  return zip.archive(files)
end

local function export(request)
  local sections, err = personal_data.gather(request.person_id)
  if not sections then return nil, err end
  local archive = archive_of(sections)
  local done, failure = db.education:transaction(function(tx) return data_request.finish(tx, request, archive) end)
  return done and { octets = #archive }, failure
end

local function erase_person(request)
  local done, err = db.education:transaction(function(tx)
    local erased, failure = personal_data.erase(tx, request.person_id)
    if not erased then return nil, failure end
    return data_request.finish(tx, request)
  end)
  return done and { erased = true }, err
end

-- What a person has in another database.
local function forget(database)
  return function(request)
    local done, err = personal_data.forget(database, request.person_id)
    return done and { forgotten = true }, err
  end
end

local function forget_files(request)
  local done, err = media.forget(request.person_id)
  return done and { forgotten = true }, err
end

--- The script of a run.
function M.run(flow, input)
  local request = flow:step("read", input, function() return data_request.get(input.request_id) end)
  local function step(name, fn) return flow:step(name, input, function() return fn(request) end) end
  if request.kind == "export" then return step("export", export) end
  step("memories", forget "memory")
  step("roblox", forget "roblox")
  step("posts", forget "content")
  step("files", forget_files)
  return step("person", erase_person)
end

return M
