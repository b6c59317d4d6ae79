-- Handlers that misbehave on purpose, so that the watchdog, the memory cap and the supervision have something to do.

local server = require "host.server"

local M = {}

function M.spin_interpreted()
  while true do end
end
jit.off(M.spin_interpreted)

function M.spin_compiled()
  local n = 0
  while true do
    n = n + 1
  end
end

function M.hog()
  local kept = {}
  while true do
    kept[#kept + 1] = ("x"):rep(100000) .. #kept
  end
end

function M.crash()
  server.crash()
end

return M
