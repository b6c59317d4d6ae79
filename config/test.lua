-- Development's configuration on the ports and databases that a test brings: TOOLBOX_TEST_PORTS is
-- "api=41001,dashboard=41002,…"; the rest is as tools/dev has it, so tests run what developers run.

local development = include("development")

development.schema_files = nil -- tests write nothing into the tree

for name, port in (os.getenv("TOOLBOX_TEST_PORTS") or ""):gmatch("(%w+)=(%d+)") do
  if name == "admin" then
    development.admin_listen = "127.0.0.1:" .. port
  else
    development.services[name].listen = { "127.0.0.1:" .. port }
    if name == "dashboard" then development.pages_url = "http://127.0.0.1:" .. port end
  end
end

-- TOOLBOX_TEST_LLM is "openai=http://127.0.0.1:41010": a server of the test's own that speaks as a model's does.
local provider, url = (os.getenv("TOOLBOX_TEST_LLM") or ""):match("^(%l+)=(.+)$")
if provider then development.llm = { provider = provider, url = url, model = "test-model", key = "test-key" } end

-- TOOLBOX_TEST_OIDC is the issuer of a provider of the test's own (tests/support/oidc_provider.py).
local issuer = os.getenv("TOOLBOX_TEST_OIDC")
if issuer then
  development.oidc = { peer = { title = "Peer", issuer = issuer, client_id = "toolbox", client_secret = "peer secret",
    redirects = { "http://127.0.0.1/back" } } }
end

-- TOOLBOX_TEST_SMTP is a mail server of the test's own (tests/support/smtp_peer.py).
local smtp = os.getenv("TOOLBOX_TEST_SMTP")
if smtp then development.mail = { server = smtp, from = "school@example.org", tls = "none" } end

-- TOOLBOX_TEST_S3 is "http://127.0.0.1:41020 BUCKET KEY_ID KEY": an object store of the test's own.
local address, bucket, key_id, key = (os.getenv("TOOLBOX_TEST_S3") or ""):match("^(%S+) (%S+) (%S+) (%S+)$")
if address then
  development.media = { store = "s3", url = address, bucket = bucket, key_id = key_id, key = key, prefix = "people/" }
end

return development
