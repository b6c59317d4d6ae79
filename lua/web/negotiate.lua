-- web/negotiate.lua: which media type an answer may have (Accept, RFC 9110 section 12.5.1), and what type a body has.

local errors = require "web.errors"

local M = {}

local match, gmatch, lower = string.match, string.gmatch, string.lower

-- How well a range fits a type: 3 exact, 2 type/*, 1 */*, 0 not at all.
local function fit(range, wanted, group)
  if range == wanted then return 3 end
  if range == group then return 2 end
  if range == "*/*" then return 1 end
  return 0
end

-- The most specific range decides; q=0 means "not this". A header that names nothing asks for nothing.
local function decide(header, wanted)
  local group = match(wanted, "^[^/]+/") .. "*"
  local best, quality, named = 0, nil, false
  for part in gmatch(lower(header), "[^,]+") do
    local range = match(part, "^%s*([^;%s]+)") -- nil: an empty element, which means nothing
    local fits = range and fit(range, wanted, group) or 0
    named = named or range ~= nil
    if fits > best then
      best = fits
      quality = tonumber(match(part, ";%s*q=([%d.]+)") or "1") or 0
    end
  end
  return not named or best > 0 and quality > 0
end

-- Clients send few different Accept headers, and short ones: answers are remembered, boundedly.
local known, count = {}, 0
local MOST, LONGEST = 500, 200

---@param header string? the Accept header
---@param wanted string media type in lower case without parameters
---@return boolean
function M.accepts(header, wanted)
  if not header or header == "*/*" or header == wanted then return true end
  if #header > LONGEST then return decide(header, wanted) end
  local by_type = known[wanted]
  if not by_type then
    by_type = {}
    known[wanted] = by_type
  end
  local answer = by_type[header]
  if answer == nil then
    if count >= MOST then
      by_type = {}
      known, count = { [wanted] = by_type }, 0
    end
    answer = decide(header, wanted)
    by_type[header] = answer
    count = count + 1
  end
  return answer
end

---Whether a Content-Type header names this type; a charset other than UTF-8 does not.
---@param header string?
---@param wanted string
---@return boolean
function M.is(header, wanted)
  if header == wanted then return true end
  if not header then return false end
  header = lower(header)
  if match(header, "^%s*([^;%s]+)%s*;") ~= wanted and match(header, "^%s*([^;%s]+)%s*$") ~= wanted then return false end
  local charset = match(header, ";%s*charset%s*=%s*\"?([^\";%s]+)")
  return charset == nil or charset == "utf-8" or charset == "utf8"
end

---Why a body is not read: it is of another type, or was encoded, such as compressed, which no route takes.
---@param http table the host's request
---@param wanted string
---@return host.error?
function M.refuse(http, wanted)
  if not M.is(http:header("content-type"), wanted) then
    return errors.new("media_type", "The body must be " .. wanted)
  end
  local coding = http:header("content-encoding")
  if coding and lower(coding) ~= "identity" then
    return errors.new("media_type", "The body must be sent as it is, without a Content-Encoding",
      { headers = { ["accept-encoding"] = "identity" } })
  end
end

return M
