-- model/personal.lua: personal values at rest. They are sealed (AES-256-GCM) under the installation's data_key, bound
-- to the row they belong to; each names its key, so that the key can change (model/resealing.lua). What must be found
-- again has a keyed digest under index_key beside it.

local crypto = require "host.crypto"
local pg = require "host.pg"
local settings = require "host.settings"

local M = {}

-- Keys are set as 64 hex digits.
local function key(name)
  local octets = settings[name] and crypto.unhex(settings[name])
  if not octets or #octets ~= 32 then
    error(("setting %s: expected 64 hex digits"):format(name), 0)
  end
  return octets
end

-- A sealed value begins with the name of its key: a mark and four octets of its digest.
local MARK, HEADER = "\1", 5

local names = {}

local function name_of(octets)
  local name = names[octets] or MARK .. crypto.sha256("data_key:" .. octets):sub(1, HEADER - 1)
  names[octets] = name
  return name
end

--- The name with which values begin that are sealed under today's key.
---@return string octets
function M.key_name()
  return name_of(key "data_key")
end

-- Opens a value with the key that it names. Values of before keys had names have none: each key is tried.
local function unseal(sealed, place)
  local keys = { key "data_key", settings.data_key_old and key "data_key_old" }
  for _, octets in ipairs(keys) do
    if sealed:sub(1, HEADER) == name_of(octets) then
      local value = crypto.unseal(octets, sealed:sub(HEADER + 1), place)
      if value then return value end
    end
  end
  for _, octets in ipairs(keys) do
    local value = crypto.unseal(octets, sealed, place)
    if value then return value end
  end
end

--- Seals a value for one column of one row; nil stays nil.
---@param value string?
---@param place string such as "users.email:ID"
---@return userdata? parameter of type bytea
function M.seal(value, place)
  if value == nil then return nil end
  local octets = key "data_key"
  return pg.bytes(name_of(octets) .. crypto.seal(octets, value, place))
end

--- The value that was sealed, nil if there is none. A value that cannot be opened raises: the key is wrong.
function M.open(sealed, place)
  if type(sealed) ~= "string" then return nil end
  local value = unseal(sealed, place)
  if not value then error("a sealed value does not open with data_key or data_key_old: " .. place, 0) end
  return value
end

--- The keyed digest by which a value is found again; nil stays nil.
---@param value string?
---@return userdata? parameter of type bytea
function M.index(value)
  if value == nil then return nil end
  return pg.bytes(crypto.hmac("sha256", key "index_key", value))
end

return M
