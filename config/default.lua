-- Every setting there is, a row each: name, type, default, bounds, whether a reload may change it, what it means.
-- A configuration file (config/NAME.lua) returns a table of overrides; TOOLBOX_NAME in the environment overrides
-- that, TOOLBOX_NAME_FILE names a file that holds a secret. The types are described in core/vm/settings.h.
-- `toolboxd check` prints the outcome. A row without default is optional. reload = false: a change needs a restart
-- and is refused by name.

local database = {
  type = "record",
  fields = {
    { name = "url", type = "secret", required = true,
      doc = "libpq's connection URL; what it leaves out comes from PGHOST, PGPORT, PGUSER, PGPASSWORD" },
    { name = "pool", type = "integer", default = 4, min = 1, max = 100,
      doc = "connections per worker; many tasks share one" },
    { name = "connect_timeout", type = "duration", default = "5 s", min = "100 ms", max = "5 min" },
    { name = "query_timeout", type = "duration", default = "30 s", min = "10 ms", max = "1 d" },
  },
}

local tls = {
  type = "record",
  fields = {
    { name = "certificate", type = "path", required = true, doc = "PEM, leaf first" },
    { name = "key", type = "path", required = true, doc = "PEM" },
    { name = "ocsp", type = "path", doc = "DER response to staple while it is valid; renew it and reload" },
  },
}

local service = {
  type = "record",
  fields = {
    { name = "listen", type = "list", of = "address", required = true },
    { name = "tls", type = "list", of = tls,
      doc = "certificates, chosen by SNI; the first is for clients that name no host" },
    { name = "static", type = "map", of = "path", default = {},
      doc = "URL prefix to folder, served by the core: ETag, conditional requests, ranges, sendfile" },
  },
}

return {
  -- What runs.
  { name = "app", type = "string", default = "app", reload = true,
    doc = "module that returns the services and the start function" },
  { name = "roots", type = "list", of = "path", default = { "lua" }, reload = true,
    doc = "folders that require searches; names are relative to them" },
  { name = "assets", type = "list", of = "path", default = {}, reload = true,
    doc = "folders whose files (views, Luau) belong to the set that is checked and handed over as one" },
  { name = "services", type = "map", of = service, default = {}, reload = false,
    doc = "which services this process runs, and where each listens" },

  -- Processes.
  { name = "workers", type = "integer", default = 0, min = 0, max = 256, reload = false,
    doc = "worker processes; 0: one per core" },
  { name = "control", type = "path", default = "/run/toolboxd/control.sock", reload = false,
    doc = "Unix socket by which reload, status and stop find the server" },
  { name = "admin_listen", type = "address", reload = false,
    doc = "listener of /metrics; keep it off the public network. Not set: none" },
  { name = "drain_timeout", type = "duration", default = "10 s", min = "0 s", max = "10 min", reload = true,
    doc = "at a stop: how long requests in flight may take before they are cancelled" },
  { name = "load_timeout", type = "duration", default = "3 s", min = "100 ms", max = "1 min", reload = true,
    doc = "how long loading the scripts may take" },
  { name = "generations", type = "integer", default = 16, min = 2, max = 64, reload = true,
    doc = "generations alive while long tasks last; above it the oldest's tasks are cancelled" },

  -- Logs.
  { name = "log_file", type = "path", reload = false, doc = "not set: standard error" },
  { name = "log_level", type = "enum", values = { "debug", "info", "warn", "error" }, default = "info", reload = true },
  { name = "access_log", type = "boolean", default = true, reload = true, doc = "a line per request" },

  -- HTTP.
  { name = "body_limit", type = "size", default = "1 MiB", min = 0, max = "1 GiB", reload = true,
    doc = "a longer request body gets 413; a route may read with its own limit" },
  { name = "target_limit", type = "size", default = "8 KiB", min = 64, max = "64 KiB", reload = true,
    doc = "a longer request line gets 414" },
  { name = "header_limit", type = "size", default = "16 KiB", min = 256, max = "256 KiB", reload = true,
    doc = "all header lines together; more gets 431" },
  { name = "header_timeout", type = "duration", default = "10 s", min = "100 ms", max = "10 min", reload = true,
    doc = "from a request's first octet to the end of its head, else 408" },
  { name = "body_timeout", type = "duration", default = "20 s", min = "100 ms", max = "10 min", reload = true,
    doc = "without an octet of the body, else 408" },
  { name = "idle_timeout", type = "duration", default = "60 s", min = "100 ms", max = "1 h", reload = true,
    doc = "between two requests of a connection" },
  { name = "write_timeout", type = "duration", default = "30 s", min = "100 ms", max = "1 h", reload = true,
    doc = "without progress while the client does not read" },
  { name = "request_timeout", type = "duration", default = "60 s", min = "100 ms", max = "1 d", reload = true,
    doc = "deadline of a request's task" },
  { name = "max_connections", type = "integer", default = 10000, min = 1, max = 1000000, reload = true,
    doc = "per worker" },
  { name = "max_connections_per_address", type = "integer", default = 256, min = 0, max = 1000000, reload = true,
    doc = "per worker and client address; 0: no limit" },
  { name = "trusted_proxies", type = "list", of = "string", default = {}, reload = true,
    doc = "addresses or networks (10.0.0.0/8) whose X-Forwarded-For and -Proto are believed" },

  -- WebSockets and event streams.
  { name = "ws_message_limit", type = "size", default = "1 MiB", min = 128, max = "1 GiB", reload = true,
    doc = "a longer message closes with 1009" },
  { name = "ws_queue_limit", type = "size", default = "1 MiB", min = "1 KiB", max = "1 GiB", reload = true,
    doc = "what may wait for a slow reader before it is closed with 1013" },
  { name = "ws_ping_interval", type = "duration", default = "30 s", min = "100 ms", max = "1 h", reload = true },
  { name = "ws_idle_timeout", type = "duration", default = "75 s", min = "100 ms", max = "1 d", reload = true,
    doc = "without anything received, pongs included" },
  { name = "ws_origins", type = "list", of = "string", default = {}, reload = true,
    doc = "origins of pages that may open a WebSocket besides the host's own; clients that send no Origin may" },

  -- Limits on scripts.
  { name = "lua_memory", type = "size", default = "256 MiB", min = "8 MiB", max = "4 GiB", reload = false,
    doc = "per worker, all its generations together" },
  { name = "script_timeout", type = "duration", default = "500 ms", min = "50 ms", max = "5 min", reload = true,
    doc = "how long a script may hold the loop before it is interrupted, or else its worker replaced" },
  { name = "script_guard", type = "boolean", default = false, reload = false,
    doc = "makes compiled loops interruptible too; tight loops cost about twice as much" },

  -- Stores.
  { name = "databases", type = "map", of = database, default = {}, reload = false,
    doc = "PostgreSQL databases by the name that scripts use" },
  { name = "redis", type = "secret", reload = false,
    doc = "redis://[user:password@]host:port[/n] or unix:/path; not set: no Redis" },

  -- The product.
  { name = "public_url", type = "string", default = "http://localhost", reload = true,
    doc = "how clients reach this installation from outside, without a port or a trailing slash" },
  { name = "token_secret", type = "secret", min = 32, reload = false,
    doc = "signs access tokens; 32 random octets or more" },
  { name = "data_key", type = "secret", min = 64, max = 64, reload = false,
    doc = "encrypts personal values at rest; 32 octets in hex. Losing it loses the values" },
  { name = "data_key_old", type = "secret", min = 64, max = 64, reload = false,
    doc = "the data_key before this one: what it has sealed is still opened, and sealed anew in the background" },
  { name = "index_key", type = "secret", min = 64, max = 64, reload = false,
    doc = "finds an encrypted email address by its HMAC; 32 octets in hex" },
  { name = "media_folder", type = "path", default = ".run/media", reload = false,
    doc = "where uploaded files lie; a folder that nothing serves by itself" },
  { name = "media_limit", type = "size", default = "20 MiB", min = "1 KiB", max = "1 GiB", reload = true,
    doc = "a larger file is refused with 413" },
  { name = "media_quota", type = "size", default = "1 GiB", min = "1 KiB", max = "1000 GiB", reload = true,
    doc = "what the files of one person may take up together" },
  { name = "origins", type = "list", of = "string", default = {}, reload = true,
    doc = "origins of pages elsewhere that may call the services, such as https://school.example; * for all" },
  { name = "rate_limit", type = "integer", default = 600, min = 1, max = 10000000, reload = true,
    doc = "requests per minute of a user, or of an address where nobody is signed in" },
  { name = "auth_rate_limit", type = "integer", default = 20, min = 1, max = 10000000, reload = true,
    doc = "attempts to log in, sign up or refresh per minute and address" },
  { name = "login_failures", type = "integer", default = 10, min = 1, max = 1000000, reload = true,
    doc = "wrong passwords for a login from an address before the next ones must wait, twice as long each time" },
  { name = "address_failures", type = "integer", default = 100, min = 1, max = 1000000, reload = true,
    doc = "the same for all logins from an address: a school's many people may share one" },
  { name = "staff_second_factor", type = "boolean", default = false, reload = true,
    doc = "teachers and admins must have a second factor: who has none sets it up at the next log-in" },
  { name = "pages_url", type = "string", default = "http://localhost:8001", reload = true,
    doc = "how people reach the dashboard: where links in mails and log-ins by other providers lead" },
  { name = "mail", type = "record", reload = true, doc = "how mail goes out",
    fields = {
      { name = "server", type = "string",
        doc = "smtp://host:587 or smtps://host:465; not set: development shows mail at the dashboard's /outbox" },
      { name = "user", type = "string" },
      { name = "password", type = "secret" },
      { name = "from", type = "string", default = "toolbox@localhost" },
      { name = "tls", type = "enum", values = { "required", "offered", "none" }, default = "required",
        doc = "STARTTLS on smtp://" },
    } },
  { name = "oidc", type = "map", reload = true, default = {},
    doc = "OpenID providers that people may log in by; the name stands in addresses",
    of = {
      type = "record",
      fields = {
        { name = "title", type = "string", required = true, doc = "as people read it" },
        { name = "issuer", type = "string", required = true,
          doc = "https URL below which /.well-known/openid-configuration lies" },
        { name = "client_id", type = "string", required = true },
        { name = "client_secret", type = "secret" },
        { name = "scope", type = "string", default = "openid profile email" },
        { name = "redirects", type = "list", of = "string", default = {},
          doc = "where clients of the API may be sent back to, besides the dashboard's own page" },
      },
    } },
  { name = "check_answers", type = "boolean", default = false, reload = true,
    doc = "every answer is checked against its declared schema: for development and tests" },
  { name = "reload_pages", type = "boolean", default = false, reload = true,
    doc = "open dashboard pages load themselves again after a reload: for development" },
  { name = "development", type = "boolean", default = false, reload = true,
    doc = "allows what would be a mistake elsewhere, such as migrate reset" },
  { name = "schema_files", type = "boolean", default = false, reload = true,
    doc = "migrate up writes what the migrations have made to migrations/DATABASE/schema.sql: for development" },
  { name = "workflow_lease", type = "duration", default = "15 s", min = "1 s", max = "10 min", reload = true,
    doc = "a runner of a workflow that is not heard of for so long is given up, and another goes on" },
  { name = "workflow_slots", type = "integer", default = 4, min = 1, max = 1000, reload = true,
    doc = "workflow runs at the same time, per worker" },
  { name = "llm", type = "record", reload = true, doc = "what writes lessons",
    fields = {
      { name = "provider", type = "enum", values = { "extractive", "openai", "anthropic" }, default = "extractive",
        doc = "extractive works from the teacher's own text alone and needs no key" },
      { name = "url", type = "string", doc = "base address, for servers that speak the same protocol" },
      { name = "model", type = "string" },
      { name = "key", type = "secret" },
    } },
}
