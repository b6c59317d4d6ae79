-- For the open internet, behind deploy/nginx.conf. Secrets and addresses come from outside: TOOLBOX_TOKEN_SECRET_FILE,
-- TOOLBOX_DATA_KEY_FILE, TOOLBOX_INDEX_KEY_FILE, TOOLBOX_DATABASES_EDUCATION_URL_FILE (…CONTENT…, …ROBLOX…, …MEMORY…),
-- TOOLBOX_REDIS_FILE. Where TOOLBOX_DATABASE_ROLE names the role of these URLs, and `toolboxd migrate up` runs with
-- those of the databases' owner, the server can change neither the schema nor what the audit log says.
-- An empty value here is one that must be given: the start is refused without it.

local production = include("development")

for _, database in pairs(production.databases) do
  database.url = "postgresql:///"
  database.pool = 8
end

production.control = "/run/toolboxd/control.sock"
production.media_folder = "/var/lib/toolboxd/media"
production.workers = 0
production.access_log = true
production.development = nil
production.check_answers = nil
production.staff_second_factor = true
production.reload_pages = nil
production.schema_files = nil
production.auth_rate_limit = nil
production.address_failures = nil
production.rate_limit = nil
production.trusted_proxies = { "127.0.0.1", "::1" }
production.redis = "redis://127.0.0.1:6379"
production.token_secret = ""
production.data_key = ""
production.index_key = ""
production.public_url = "https://toolbox.example"

-- Logging in by Roblox (create.roblox.com, OAuth 2.0 apps; redirect: pages_url/login/by/roblox/callback). The secret is
-- TOOLBOX_OIDC_ROBLOX_CLIENT_SECRET_FILE.
local roblox = os.getenv("TOOLBOX_ROBLOX_CLIENT_ID")
if roblox then
  production.oidc = { roblox = { title = "Roblox", issuer = "https://apis.roblox.com/oauth/", client_id = roblox,
    client_secret = "", scope = "openid profile" } }
end

return production
