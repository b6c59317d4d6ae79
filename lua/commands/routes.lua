-- toolboxd routes [SERVICE]: every route of the configured services, with who may call it and where it is written;
-- or the types of a service's requests, for editors.

local keys = require "util.keys"
local luals = require "web.luals"

local usage = [[
usage: toolboxd routes [--config FILE] [SERVICE]
       toolboxd routes [--config FILE] --types SERVICE

Lists method, path, who may call it and file:line of every route, of all services or of one. --types writes what the
handlers of a service get as LuaLS types; lua/types/SERVICE.lua holds them.]]

local function who(rule)
  if not rule.scheme then return "public" end
  if rule.permissions then return table.concat(rule.permissions, ",") end
  return rule.scheme == "user" and "signed in" or rule.scheme
end

-- Columns as wide as their widest entry.
local function write(rows)
  local widths = {}
  for _, row in ipairs(rows) do
    for i, text in ipairs(row) do widths[i] = math.max(widths[i] or 0, #text) end
  end
  for _, row in ipairs(rows) do
    for i = 1, #row - 1 do row[i] = row[i] .. (" "):rep(widths[i] - #row[i]) end
    io.write(table.concat(row, "  "), "\n")
  end
end

local function run(wanted, more, rest)
  local types = wanted == "--types"
  if types then wanted, more = more, rest end
  local settings = require "host.settings"
  local app = require(settings.app)
  if more or (types and not wanted) or (wanted and not app.services[wanted]) then
    io.stderr:write("toolboxd routes: there is no service ", more or wanted or "", "\n", usage, "\n")
    return 2
  end
  if types then
    io.write(luals.write(app.services[wanted]))
    return 0
  end
  local rows = {}
  for _, name in ipairs(wanted and { wanted } or keys.sorted(app.services)) do
    for _, route in ipairs(app.services[name].routes) do
      rows[#rows + 1] = { name, route.method, route.path, who(route.guard), route.where }
    end
  end
  write(rows)
  return 0
end

return { usage = usage, run = run }
