-- toolboxd keys: the keys that sign access tokens and cookies.

local signing_key = require "model.signing_key"

local usage = [[
usage: toolboxd keys [--config FILE] list | rotate [ES256|RS256|HS256] [SECONDS]

  list    the keys that verify, and which one signs
  rotate  make the next key, by default ES256; it signs in SECONDS (60), when every worker knows it. What was signed
          before stays good, so nobody is logged out; replaced keys go when the last of it has expired.

The public keys stand at /.well-known/jwks.json.]]

local function say(...)
  io.write(string.format(...), "\n")
end

local function complain(err)
  io.stderr:write("toolboxd keys: ", err.reason or err.message, "\n")
  return 1
end

local commands = {}

function commands.list()
  local keys, err = signing_key.load()
  if not keys then return complain(err) end
  local signs
  for _, key in ipairs(keys) do
    local state = "verifies"
    if key.active_at > os.time() then
      state = "signs soon"
    elseif not signs then
      signs, state = key, "signs"
    end
    say("%s  %-5s  %-10s  since %s", key.kid, key.alg, state, key.created_at)
  end
  if not signs then say("the setting token_secret signs (HS256)") end
  return 0
end

local known = { HS256 = true, RS256 = true, ES256 = true }

function commands.rotate(alg, seconds)
  alg, seconds = alg or "ES256", tonumber(seconds or 60)
  if not known[alg] or not seconds or seconds < 0 or seconds > 86400 then
    io.stderr:write(usage, "\n")
    return 2
  end
  local kid, err = signing_key.rotate(alg, seconds)
  if not kid then return complain(err) end
  say("%s (%s) signs in %d s", kid, alg, seconds)
  return 0
end

local function run(name, ...)
  local command = commands[name or ""]
  if not command then
    io.stderr:write(usage, "\n")
    return 2
  end
  return command(...)
end

return { usage = usage, run = run }
