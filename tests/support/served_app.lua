-- For specs of what only a worker can show: writes an application into a folder of its own, serves it with this very
-- daemon, and asks it over HTTP.
--
--   local app = served_app.start(source_of_app_lua, { ws_queue_limit = "4 KiB" })
--   app:get("/path") → response of host.http      app:reload()      app:stop()

local http = require "host.http"
local task = require "host.task"

local M = {}

local Served = {}
Served.__index = Served

local function run(command, ...)
  return os.execute(command:format(...)) == 0
end

local function write(path, text)
  local file = assert(io.open(path, "w"))
  file:write(text)
  file:close()
end

local function read(path)
  local file = io.open(path)
  if not file then return "" end
  local text = file:read("*a")
  file:close()
  return text
end

local function settings_source(folder, settings)
  local lines = { 'return { app = "app", roots = { "lua" }, workers = 1, access_log = false,',
    'services = { spec = { listen = { "127.0.0.1:0" }, static = { ["/static/"] = "static" } } },' }
  for name, value in pairs(settings or {}) do
    lines[#lines + 1] = ("%s = %s,"):format(name, type(value) == "string" and ("%q"):format(value) or tostring(value))
  end
  lines[#lines + 1] = "}"
  return table.concat(lines, "\n")
end

-- The address in the log's line "listening".
local function wait_for_address(folder)
  for _ = 1, 3000 do
    local log = read(folder .. "/log")
    if log:find('"message":"worker started"', 1, true) then
      return assert(log:match('"message":"listening"[^\n]-"address":"([^"]+)"'))
    end
    task.sleep(0.01)
  end
  error("the daemon did not start: " .. read(folder .. "/log"))
end

function M.start(source, settings)
  local folder = os.tmpname()
  os.remove(folder)
  assert(run("mkdir -p %s/config %s/lua %s/static && cp config/default.lua %s/config/", folder, folder, folder, folder))
  local self = setmetatable({ folder = folder, daemon = io.open("/proc/self/cmdline"):read("*a"):match("^[^%z]+") },
    Served)
  self:write("lua/app.lua", source)
  self:write("static/hello.txt", "hello, file\n")
  self:write("config/spec.lua", settings_source(folder, settings))
  local serve = "TOOLBOX_CONTROL=%s/control %s serve --config %s/config/spec.lua"
  assert(run(serve .. " >%s/log 2>&1 </dev/null & echo $! >%s/pid", folder, self.daemon, folder, folder, folder))
  self.base = "http://" .. wait_for_address(folder)
  return self
end

function Served:write(name, text)
  write(self.folder .. "/" .. name, text)
end

function Served:log()
  return read(self.folder .. "/log")
end

function Served:request(options)
  options.url = self.base .. options.path
  options.path = nil
  return http.request(options)
end

function Served:get(path, headers)
  return assert(self:request { path = path, headers = headers })
end

function Served:reload()
  return run("TOOLBOX_CONTROL=%s/control %s reload >/dev/null 2>&1", self.folder, self.daemon)
end

function Served:stop()
  run("kill $(cat %s/pid)", self.folder)
  for _ = 1, 3000 do
    if not run("kill -0 $(cat %s/pid) 2>/dev/null", self.folder) then break end
    task.sleep(0.01)
  end
  run("rm -rf %s", self.folder)
end

return M
