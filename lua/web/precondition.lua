-- web/precondition.lua: If-Match and If-None-Match (RFC 9110, section 13). web/endpoint.lua makes the tags: an
-- object's revision and a digest of what is sent.

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

--- If-Match of what is changed or deleted: what is there now is looked at just before, by the route that shows it, and
--- must have one of the tags that were sent. Its revision goes to the handler (req.revision): the model compares it in
--- the statement that changes the row. What nothing shows has no tag, so none matches.
---@param route table
---@param look? fun(req: table): table?, string|host.error what is there and its tag
function M.of_change(route, look)
  local needed = route.if_match
  if not needed and route.method ~= "DELETE" then return nil end
  return function(req)
    local header = req.http:header("if-match")
    if not header and not needed then return nil end
    if not header then
      return errors.new("no_precondition", "Send the ETag that you have seen in If-Match, or *")
    end
    local tags, malformed = wanted_tags(header)
    if not tags then return malformed end
    if tags == "*" then return nil end
    if not look then return errors.new("stale") end
    local value, tag = look(req)
    if not value then return tag end
    if not tags[tag] then return errors.new("stale") end
    req.revision = value.revision
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
