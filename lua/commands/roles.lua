-- toolboxd roles: which role may do what. A running server follows within a moment.

local permission = require "model.permission"

local usage = [[
usage: toolboxd roles [--config FILE] [COMMAND]

  list                     also without a command
  grant ROLE PERMISSION    gives a role a permission
  revoke ROLE PERMISSION   takes it away

Changes are recorded in the audit log.]]

local function complain(err)
  io.stderr:write("toolboxd roles: ", err.reason or err.message, "\n")
  return 1
end

local commands = {}

function commands.list()
  local rows, err = permission.load()
  if not rows then return complain(err) end
  for _, row in ipairs(rows) do
    io.write(("%-8s  %-12s  %s\n"):format(row.role, row.permission, row.description))
  end
  return 0
end

local function changing(change)
  return function(role, name)
    local count, err = change(role, name)
    if not count then return complain(err) end
    if count == 0 then io.write("nothing to change\n") end
    return 0
  end
end

commands.grant, commands.revoke = changing(permission.grant), changing(permission.revoke)

local arguments = { list = 0, grant = 2, revoke = 2 }

local function run(name, ...)
  name = name or "list"
  if arguments[name] ~= select("#", ...) then
    io.stderr:write(usage, "\n")
    return 2
  end
  return commands[name](...)
end

return { usage = usage, run = run }
