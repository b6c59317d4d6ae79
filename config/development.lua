-- What tools/dev runs: all five services on this machine. The private PostgreSQL and Redis, and the secrets of this
-- installation, come from the environment that tools/dev prepares (.run/env).

local function here(port, static)
  return { listen = { "127.0.0.1:" .. port }, static = static }
end

local modules = "tools/web/node_modules/"

local function database(name)
  return { url = "postgresql:///toolbox_" .. name }
end

return {
  services = {
    api = here(8008, { ["/docs/assets"] = modules .. "swagger-ui-dist" }),
    dashboard = here(8001, {
      ["/assets/htmx"] = modules .. "htmx.org/dist",
      ["/assets/uplot"] = modules .. "uplot/dist",
    }),
    bridge = here(5001),
    mcp = here(9876),
    content = here(2368),
  },
  admin_listen = "127.0.0.1:9100",
  assets = { "lua/services", "lua/roblox", "lua/workflows", "migrations" },
  control = ".run/control.sock",
  workers = 2,
  log_level = "info",
  access_log = false,
  development = true,
  check_answers = true,
  reload_pages = true,
  schema_files = true,
  auth_rate_limit = 1000,
  address_failures = 1000000,
  rate_limit = 60000,
  databases = {
    education = database("education"),
    content = database("content"),
    roblox = database("roblox"),
    memory = database("memory"),
  },
}
