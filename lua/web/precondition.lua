-- web/precondition.lua: If-Match and If-None-Match (RFC 9110, section 13). web/endpoint.lua makes the tags: an
-- object's revision and a digest of what was sent.

local errors = require "web.errors"
local parameters = require "web.parameters"

local M = {}

-- The tags of an If-Match; nil, and a refusal, if it cannot be parsed. Weak ones match nothing.
local function wanted_tags(header)
  local tags = parameters.entity_tags(header, true)
  if tags then return tags end
  return nil, errors.new("malformed", "If-Match cannot be parsed", {
    errors = { { header = "If-Match", code = "malformed", message = "expected entity tags or *" } },
  })
end

-- The revisions inside tags of ours.
local function revisions_of(tags)
  local revisions = {}
  for tag in pairs(tags) do
    local revision = tag:match('^"(%d+)%-[%w_-]+"$')
    if revision and #revision <= 15 then revisions[#revisions + 1] = tonumber(revision) end
  end
  return revisions
end

--- If-Match where it must be: the model compares the revision in the statement that changes the row (trying says how
--- several are tried). What has no tag (if_match = "*") no tag can match.
function M.required(route)
  if not route.if_match then return nil end
  local untagged = route.if_match == "*"
  return function(req)
    local header = req.http:header("if-match")
    if not header then
      return errors.new("no_precondition", "Send the ETag that you have seen in If-Match, or *")
    end
    local tags, malformed = wanted_tags(header)
    if not tags then return malformed end
    if tags == "*" then return nil end
    req.revisions = untagged and {} or revisions_of(tags)
    req.revision = req.revisions[1]
    if not req.revision then return errors.new("stale") end
  end
end

--- If-Match where it may be: what is deleted is looked at just before, by the route that shows it, if there is one.
function M.of_deletion(route)
  if route.method ~= "DELETE" then return nil end
  local show = route.shown and route.shown.guard.handler
  return function(req)
    local header = req.http:header("if-match")
    if not header then return nil end
    local tags, malformed = wanted_tags(header)
    if not tags then return malformed end
    if tags == "*" then return nil end
    if not show then return errors.new("stale") end -- what nothing shows has no tag
    local value, err = show(req)
    if not value then return err end
    for _, revision in ipairs(revisions_of(tags)) do
      if revision == (value.revision or 0) then return nil end
    end
    return errors.new("stale")
  end
end

--- Of several revisions that a client would take each is tried: one that the object has not changes nothing.
function M.trying(handler)
  return function(req)
    local revisions = req.revisions
    if not revisions or not revisions[2] then return handler(req) end
    local status, value, headers
    for _, revision in ipairs(revisions) do
      req.revision = revision
      status, value, headers = handler(req)
      if status ~= nil or value.code ~= "stale" then break end
    end
    return status, value, headers
  end
end

--- Whether what is shown has to be sent.
---@param etag string
---@return boolean changed false: the client has it
---@return host.error? err the client wants another one
function M.of_reading(req, etag)
  local wanted, seen = req.http:header("if-match"), req.http:header("if-none-match")
  if wanted then
    local tags, malformed = wanted_tags(wanted)
    if not tags then return false, malformed end
    if tags ~= "*" and not tags[etag] then return false, errors.new("stale") end
  end
  local tags = seen and parameters.entity_tags(seen)
  return not (tags and (tags == "*" or tags[etag]))
end

return M
