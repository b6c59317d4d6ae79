-- Development's configuration on the ports and databases that a test brings: TOOLBOX_TEST_PORTS is
-- "api=41001,dashboard=41002,…"; the rest is as tools/dev has it, so tests run what developers run.

local development = include("development")

for name, port in (os.getenv("TOOLBOX_TEST_PORTS") or ""):gmatch("(%w+)=(%d+)") do
  if name == "admin" then
    development.admin_listen = "127.0.0.1:" .. port
  else
    development.services[name].listen = { "127.0.0.1:" .. port }
  end
end

return development
