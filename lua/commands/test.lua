-- toolboxd test [SPECS]: runs busted inside toolboxd, so that specs use the host modules, and may wait, as handlers do.

local usage = [[
usage: toolboxd test [--config FILE] [OPTIONS] [SPECS]

Runs the specs (files or folders, default: tests/lua) with busted; its options (--filter, --tags, --output …) are
described by busted --help. Exit 0 only if every test passed.]]

-- busted ends by os.exit when all is well and by error() with nothing when not; the loop has still to be wound up.
local Exit = {}

local function run(...)
  local arguments = { ... }
  local named = false
  for _, argument in ipairs(arguments) do named = named or argument:sub(1, 1) ~= "-" end
  if not named then arguments[#arguments + 1] = "tests/lua" end
  arguments[0] = "toolboxd test"
  rawset(_G, "arg", arguments)
  os.exit = function() error(Exit, 0) end -- luacheck: ignore
  local failure
  local ok = xpcall(function() require "busted.runner" { standalone = false } end, function(problem)
    failure = problem
    if problem ~= nil and problem ~= Exit then
      io.stderr:write("toolboxd: ", debug.traceback(tostring(problem), 2), "\n")
    end
  end)
  return (ok or failure == Exit) and 0 or 1
end

return { usage = usage, run = run }
