-- services/api/data_requests.lua: what people ask for about their data: an archive of all of it, or that it be erased.

local cursor = require "web.cursor"
local data_request = require "model.data_request"
local guard = require "web.guard"
local media = require "model.media"
local schema = require "web.schema"
local secure = require "web.secure"
local shapes = require "services.api.shapes"
local store = require "storage.media"
local user = require "model.user"
local workflow = require "workflows.data_request"
local zip = require "util.zip"

local nullable = schema.nullable

local state = schema.enum { "queued", "done", "failed" }

local Request = schema.named("DataRequest", schema.object {
  id = schema.id(shapes.DATA_REQUESTS), person_id = schema.id(shapes.USERS), kind = schema.enum { "export", "erasure" },
  requested_by = schema.id(shapes.USERS), state = state,
  problem = schema.describe(nullable(schema.text(0, 2000)), "Why it failed"),
  attempts = schema.describe(schema.integer(1), "How often it was started"),
  finished_at = nullable(schema.time()),
  expires_at = schema.describe(nullable(schema.time()), "Until then the archive can be fetched"),
  created_at = schema.time(), updated_at = schema.time(),
})

local Erase = schema.object { password = schema.describe(schema.password(1, user.MAX_PASSWORD), "Of whoever asks") }

---@param req api.listDataRequests
local function list(req)
  return cursor.list(req, function(page) return data_request.list(req.user, req.params.user_id, page) end)
end

---@param req api.showDataRequest
local function show(req)
  return data_request.find(req.user, req.params.user_id, req.params.request_id)
end

---@param req api.askForData
local function export(req)
  local made, err = workflow.export(req.user, req.params.user_id)
  if not made then return nil, err end
  return 201, made, { location = ("%s/%s/data-requests/%s"):format(shapes.USERS, made.person_id, made.id) }
end

---@param req api.erasePerson
local function erase(req)
  local made, err = workflow.erase(req.user, req.params.user_id, { password = req.body.password,
    address = req:remote() })
  if not made then return nil, err end
  return 202, made
end

---@param req api.startDataRequestAnew
local function again(req)
  local made, err = workflow.again(req.user, req.params.user_id, req.params.request_id)
  if not made then return nil, err end
  return 202, made
end

---@param req api.listSchoolDataRequests
local function of_school(req)
  return cursor.list(req, function(page) return data_request.of_school(req.user, req.query, page) end)
end

-- A file that was deleted since the list was read is left out.
local function add_file(writer, file)
  local reader, err = store.open(file.id, 0, file.octets - 1)
  if not reader then return err.code == "not_found" or error("a file cannot be read: " .. tostring(err.message), 0) end
  local left = file.octets
  local ran, read_on = pcall(writer.stream, writer, ("media/%s/%s"):format(file.id, file.name), function()
    if left == 0 then return nil end
    local piece = reader:read() or error("a file ended early", 0)
    left = left - #piece
    return piece
  end)
  reader:close()
  if not ran then error(read_on, 0) end
  return read_on
end

-- What was gathered, and behind it the files as they lie in the store: they are not kept twice.
local function send(req, octets, files, headers)
  req.http:start(200, headers)
  if req.method == "HEAD" then return req.http:finish() end
  local writer = zip.reopen(octets, function(piece) return req.http:write(piece) end)
  for _, file in ipairs(files) do
    if not add_file(writer, file) then return end -- nobody reads any more
  end
  writer:finish()
  req.http:finish()
end

---@param req api.fetchData
local function archive(req)
  local octets, err = data_request.archive(req.user, req.params.user_id, req.params.request_id)
  if not octets then return nil, err end
  local files, failure = media.of(req.params.user_id)
  if not files then return nil, failure end
  local headers = { ["content-type"] = "application/zip", ["cache-control"] = "no-store",
    ["content-disposition"] = 'attachment; filename="data.zip"' }
  for name, value in pairs(secure.data) do headers[name] = value end
  return send(req, octets, files, headers)
end

local signed_in = guard.signed_in
local tags = { "Privacy" }
local of_person = { user_id = schema.id(shapes.USERS) }
local one = { user_id = schema.id(shapes.USERS), request_id = schema.id(shapes.DATA_REQUESTS) }

return {
  ["/data-requests"] = {
    GET = { "List what was asked for about the school's people", guard.role("admin", of_school),
      out = schema.list(Request), query = cursor.query({}, { state = schema.optional(state) }),
      id = "listSchoolDataRequests", tags = tags,
      description = "With state=failed: those that wait for somebody to start them anew." },
  },
  ["/users/{user_id}/data-requests/{request_id}/again"] = {
    POST = { "Start a request anew that has failed", guard.role("admin", again), params = one, out = Request,
      status = 202, errors = { "conflict" }, id = "startDataRequestAnew", tags = tags },
  },
  ["/users/{user_id}/data-requests"] = {
    GET = { "List what was asked for about a person's data", signed_in(list), params = of_person,
      query = cursor.query {}, out = schema.list(Request), id = "listDataRequests", tags = tags },
    POST = { "Ask for all data about a person", signed_in(export), params = of_person, out = Request, creates = true,
      errors = { "conflict", "not_found" }, id = "askForData", tags = tags,
      description = "For oneself, for the own child, or for somebody of the own school. It becomes an archive." },
  },
  ["/users/{user_id}/data-requests/{request_id}"] = {
    GET = { "Show a request", signed_in(show), params = one, out = Request, id = "showDataRequest", tags = tags },
  },
  ["/users/{user_id}/data-requests/{request_id}/archive"] = {
    GET = { "Fetch all data about a person", signed_in(archive), params = one, raw = true,
      produces = "application/zip", id = "fetchData", tags = tags,
      description = "Each kind of data twice, as JSON and as CSV, and the uploaded files below media/." },
  },
  ["/users/{user_id}/erasure"] = {
    POST = { "Erase a person", signed_in(erase), params = of_person, body = Erase, out = Request, status = 202,
      errors = { "conflict", "not_found", "rate_limited" }, limit = "auth", id = "erasePerson", tags = tags,
      description = "Grades stay without the person's name, as schools must keep them; all else goes. It cannot be"
        .. " undone." },
  },
}
