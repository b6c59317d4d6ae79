-- model/person_key.lua: a key of its own for each person, for personal values in places that are never changed, such as
-- the audit log. Destroying the key erases them there. Keys are kept sealed under the installation's own
-- (model/personal.lua).

local crypto = require "host.crypto"
local personal = require "model.personal"
local pg = require "host.pg"

local M = {}

local function place(person_id) return "person_keys:" .. person_id end

--- The key of a person, made at the first need.
---@param tx model.connection
---@return string|false|nil key 32 octets; false: it was destroyed
---@return table? err
function M.of(tx, person_id)
  local results, err = tx:batch {
    { { "insert into person_keys (person_id, key_sealed) values (?, ?) on conflict do nothing", person_id,
      personal.seal(crypto.random(32), place(person_id)) } },
    { { "select key_sealed from person_keys where person_id = ?::uuid", person_id } },
  }
  if not results then return nil, err end
  return personal.open(results[2][1].key_sealed, place(person_id)) or false
end

--- Seals a value under a person's key; nothing is kept of somebody whose key was destroyed.
---@return userdata? parameter of type bytea; nil without err: the key was destroyed
---@return table? err
function M.seal(tx, person_id, value, where)
  local key, err = M.of(tx, person_id)
  if not key then return nil, err end
  return pg.bytes(crypto.seal(key, value, where))
end

--- The value that was sealed.
---@return string? value nil without err: there is none, or the key was destroyed
---@return table? err
function M.open(tx, person_id, sealed, where)
  if type(sealed) ~= "string" then return nil end
  local key, err = M.of(tx, person_id)
  if not key then return nil, err end
  return crypto.unseal(key, sealed, where)
end

--- Destroys the key of a person, for good.
---@return integer? count
---@return table? err
function M.destroy(tx, person_id)
  return tx:run({ "insert into person_keys as k (person_id, key_sealed, destroyed_at) values (?, null, now())"
    .. " on conflict (person_id) do update set key_sealed = null, destroyed_at = coalesce(k.destroyed_at, now())",
    person_id })
end

return M
