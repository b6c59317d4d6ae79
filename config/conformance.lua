-- For protocol test suites: the services of tests/conformance/ with production's defaults but for what they probe.
-- TOOLBOX_LISTEN, TOOLBOX_WORKERS, TOOLBOX_CONTROL and TOOLBOX_ORIGINS (separated by commas) come from outside.

local origins = {}
for origin in (os.getenv("TOOLBOX_ORIGINS") or ""):gmatch("[^,%s]+") do
  origins[#origins + 1] = origin
end

return {
  app = "conformance",
  roots = { "tests/conformance" },
  services = { conformance = { listen = { os.getenv("TOOLBOX_LISTEN") or "127.0.0.1:7000" } } },
  control = ".run/conformance.sock",
  access_log = false,
  fault_drills = true,

  body_limit = "16 MiB",
  header_timeout = "5 s",
  body_timeout = "5 s",
  idle_timeout = "5 s",
  write_timeout = "5 s",
  max_connections_per_address = 0,

  ws_message_limit = "32 MiB",
  ws_queue_limit = "64 MiB",
  ws_origins = origins,

  lua_memory = "256 MiB",
}
