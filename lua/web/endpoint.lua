-- web/endpoint.lua: compiles one declared route into one function req → status, body, headers.
--
-- The order is that of the wire's rules, and it is the same for every route of every service:
--   who calls (401, 403) · how often (429) · what he accepts (406) · parameters and body parse (400, 415, 413)
--   · and fit the schema (422) · If-Match (428) · handler · the answer is shaped, tagged and written.
-- Everything that can be decided when the scripts load is decided there.

local clone = require "table.clone"
local crypto = require "host.crypto"
local errors = require "web.errors"
local guard = require "web.guard"
local idempotency = require "web.idempotency"
local json = require "host.json"
local negotiate = require "web.negotiate"
local parameters = require "web.parameters"
local precondition = require "web.precondition"
local refusals = require "web.refusals"
local shape = require "web.shape"
local validate = require "web.validate"

local M = {}

local JSON, FORM = "application/json", "application/x-www-form-urlencoded"

-- A step takes req and returns nil to go on or an error to stop.

-- Who is nobody is limited by the address, so that guessing tokens and keys has an end too.
local function guarding(route, service, limit)
  local rule, schemes, admit = route.guard, service.schemes, guard.admit
  if not rule.scheme then return nil end
  return function(req)
    local caller, err = admit(rule, schemes, req)
    if not caller then return err.code == "unauthenticated" and limit and limit(req) or err end
    req.user = caller
  end
end

local function limiting(route, service)
  local limiter = service.limiter
  if not limiter or route.limit == false then return nil end
  return limiter(route)
end

local function accepting(route)
  if not route.negotiated then return nil end
  local produces = route.produces
  local message = "This route answers with " .. produces
  return function(req)
    if not negotiate.accepts(req.http:header("accept"), produces) then return errors.new("not_acceptable", message) end
  end
end

local function read_json(req, limit)
  local refusal = negotiate.refuse(req.http, JSON)
  if refusal then return nil, refusal end
  local text, err = req.http:body(limit)
  if not text then return nil, err end
  local value, bad = json.decode(text)
  if bad then
    return nil, errors.new("malformed", bad.message, {
      errors = { { pointer = "#", code = "json", message = bad.message .. " at octet " .. tostring(bad.offset) } },
    }), text
  end
  return value, nil, text
end

local function read_form(parse)
  return function(req, limit)
    local refusal = negotiate.refuse(req.http, FORM)
    if refusal then return nil, refusal end
    local text, err = req.http:body(limit)
    if not text then return nil, err end
    local value = parse(text)
    if not value then return nil, errors.new("malformed", "The form cannot be parsed") end
    return value, nil, text
  end
end

local body_errors = { too_large = "too_large", timeout = "request_timeout" }

-- Parameters and body: everything that can be wrong with the input is told at once.
local function checking(route)
  local path = route.params and next(route.params) and parameters.path(route.params)
  local query = route.query ~= false and parameters.query(route.query)
  local declared = route.body or route.form
  local check = declared and validate.compile(declared)
  local read = route.form and read_form(parameters.form(route.form)) or read_json
  local limit = route.body_limit
  return function(req)
    local found = {}
    if path then req.params = path(req.params, found) end
    if query then
      local values = query(req.http.query, found)
      if not values then return errors.new("malformed", "The query cannot be parsed") end
      req.query = values
    end
    if check then
      local value, err, text = read(req, limit)
      if err then
        local code = body_errors[err.code]
        return code and errors.new(code) or err
      end
      req.text = text
      req.body = check(value, "#", found)
    end
    if found[1] then return errors.new("invalid", "The request breaks the schema", { errors = found }) end
  end
end

-- A body that arrives piece by piece (web/upload.lua): what came is req.body, its identity stands for the text.
local function receiving(route)
  local receive = route.receive
  if not receive then return nil end
  return function(req)
    local received, err = receive(req)
    if not received then return err end
    req.body, req.text = received, received.identity
  end
end

-- What was received is discarded unless the handler has made something of it: after a failure, or a repeated request.
local function discarding(run)
  return function(req)
    local ok, status, body, headers = pcall(run, req)
    req.body:discard()
    if not ok then error(status, 0) end
    return status, body, headers
  end
end

-- The tag of an object: its revision, for If-Match, and a digest of what is sent, so that it is a strong one.
local function tag_of(value, text)
  local digest = crypto.base64url(crypto.sha256(text):sub(1, 9))
  return ('"%s-%s"'):format(tostring(value.revision or 0), digest)
end

local function plain_headers(route, service)
  local kind = route.produces
  if kind:find("^text/") then kind = kind .. "; charset=utf-8" end
  local headers = { ["content-type"] = kind, ["cache-control"] = route.cache or "no-store" }
  for name, value in pairs(service.headers or {}) do headers[name] = value end
  return headers
end

local function copy(headers, more)
  local out = clone(headers)
  for name, value in pairs(more or {}) do out[name] = value end
  return out
end

-- Headers that say how many more requests are allowed now.
local function tell_limit(req, headers)
  headers["ratelimit-limit"] = req.rate_limit
  headers["ratelimit-remaining"] = req.rate_remaining
  headers["ratelimit-reset"] = req.rate_reset
  return headers
end

-- What is shown has a tag; who has it already, or wants another one, is told so.
local function show_tagged(req, text, headers)
  headers["cache-control"] = "private, no-cache"
  local changed, err = precondition.of_reading(req, headers.etag)
  if err then return nil, err end
  if changed then return 200, text, headers end
  headers["content-type"] = nil
  return 304, nil, headers
end

local function check_answer(check, text)
  local found = {}
  check(json.decode(text), "#", found)
  if found[1] then error(("the answer breaks its schema: %s"):format(json.encode(json.array(found))), 0) end
end

-- Value → text, with its members in order: the same octets in every worker, and so the same tag.
local function encoding(route)
  if not route.out then return json.canonical end
  local cut = route.sparse and route.sparse.cut
  local out, write = cut and shape.compile(route.out), shape.writer(route.out)
  return function(value, fields)
    if fields then return json.canonical(cut(out(value), fields)) end
    return write(value)
  end
end

-- How to look at what is there before it is changed: the value and its tag, as the route shows it.
local function looking(shown)
  if not shown then return nil end
  local show, encode = shown.guard.handler, encoding(shown)
  return function(req)
    local value, err = show(req)
    if not value then return nil, err end
    return value, tag_of(value, encode(value))
  end
end

-- The tag of what an answer holds. What was made has the one that it is shown with, whatever the answer adds to it.
local function tagger(route)
  if not route.tagged then return nil end
  local made, shown = route.made, route.creates and route.shown
  local encode = shown and shown.out ~= route.out and encoding(shown)
  return function(value, text)
    local object = made and value[made] or value
    return tag_of(object, encode and encode(object) or text)
  end
end

-- A handler returned a value: write it.
local function writing(route, service)
  local encode = encoding(route)
  local check = route.out and service.check_answers and validate.compile(route.out)
  local cut = route.sparse and route.sparse.cut
  local check_some = check and cut and validate.compile(route.sparse.out)
  local default, is_json, creates = route.status, route.produces == JSON, route.creates
  local tagged, reads = tagger(route), route.method == "GET"
  local collection = type(creates) == "string" and creates
  local base = plain_headers(route, service)
  local bare = copy(base)
  bare["content-type"] = nil
  return function(req, status, value, headers)
    if type(status) ~= "number" then status, value, headers = default, status, value end
    local sent = value == nil and bare or base
    if headers or tagged or creates or req.rate_limit then
      sent = copy(sent, headers)
      if req.rate_limit then tell_limit(req, sent) end
    end
    if value == nil or not is_json then return status, value, sent end
    local fields = cut and req.query.fields
    local text = encode(value, fields)
    if check then check_answer(fields and check_some or check, text) end
    if creates and value.id and not sent.location then sent.location = (collection or req.path) .. "/" .. value.id end
    if tagged then
      sent.etag = tagged(value, text)
      if reads and status == 200 then return show_tagged(req, text, sent) end
    end
    return status, text, sent
  end
end

---Compiles a route whose declaration the router has completed.
---@param route table
---@param service table
---@return fun(req: table): integer?, string?, table?
function M.compile(route, service)
  local steps = {}
  local function add(step) if step then steps[#steps + 1] = step end end
  local limit = limiting(route, service)
  add(guarding(route, service, limit))
  add(limit)
  add(accepting(route))
  add(checking(route))
  add(precondition.of_change(route, looking(not route.creates and route.shown)))
  add(receiving(route))
  local handler, count, write = route.guard.handler, #steps, writing(route, service)

  local function finish(req, status, value, headers)
    if status == nil then
      if type(value) == "table" then return nil, value end
      if route.raw then return nil end
      error(("%s returned nothing"):format(route.label), 0)
    end
    if route.raw then return status, value, copy(service.headers or {}, headers) end
    return write(req, status, value, headers)
  end

  local function run(req) return finish(req, handler(req)) end
  if route.creates and service.idempotency then run = idempotency.wrap(run, route, service.idempotency) end
  if route.receive then run = discarding(run) end

  local function answer(req)
    for i = 1, count do
      local err = steps[i](req)
      if err then return nil, err end
    end
    return run(req)
  end

  if not service.check_answers or not route.id then return answer end
  local check = refusals.checker(route)
  return function(req)
    local status, value, headers = answer(req)
    if status == nil and value then check(value) end
    return status, value, headers
  end
end

return M
