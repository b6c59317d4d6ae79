-- toolboxd run FILE.lua [ARGUMENTS]: runs a script as a task, with the host modules and the project's own.

local usage = [[
usage: toolboxd run [--config FILE] FILE.lua [ARGUMENTS]

Runs the script as a task with every host module and the modules of the configuration's roots; its arguments are "...".
What it returns, a number, is the exit code.]]

local function run(file, ...)
  if not file then
    io.stderr:write(usage, "\n")
    return 2
  end
  local chunk, problem = loadfile(file)
  if not chunk then
    io.stderr:write("toolboxd: ", problem, "\n")
    return 2
  end
  return chunk(...)
end

return { usage = usage, run = run }
