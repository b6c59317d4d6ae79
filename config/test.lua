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

-- TOOLBOX_TEST_LLM is "openai=http://127.0.0.1:41010": a server of the test's own that speaks as a model's does.
local provider, url = (os.getenv("TOOLBOX_TEST_LLM") or ""):match("^(%l+)=(.+)$")
if provider then development.llm = { provider = provider, url = url, model = "test-model", key = "test-key" } end

return development
