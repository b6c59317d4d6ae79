-- model/personal.lua: personal values at rest. They are sealed (AES-256-GCM) under the installation's data_key, bound
-- to the row they belong to; what must be found again has a keyed digest under index_key beside it.

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

--- Seals a value for one column of one row; nil stays nil.
---@param value string?
---@param place string such as "users.email:ID"
---@return userdata? parameter of type bytea
function M.seal(value, place)
  if value == nil then return nil end
  return pg.bytes(crypto.seal(key "data_key", value, place))
end

--- The value that was sealed, nil if there is none. A value that cannot be opened raises: the key is wrong.
function M.open(sealed, place)
  if type(sealed) ~= "string" then return nil end
  local value = crypto.unseal(key "data_key", sealed, place)
  if not value then error("a sealed value does not open with data_key: " .. place, 0) end
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
