-- For benchmarks: the service of tests/bench/service as an outside driver starts it. It sets BENCH_PORT, BENCH_WORKERS,
-- BENCH_DIR (scratch), BENCH_DB_POOL (connections per worker), PGHOST PGPORT PGUSER PGDATABASE, BENCH_REDIS_PORT and
-- BENCH_JWT_SECRET. With BENCH_TLS_PORT the same is served over TLS, and BENCH_DIR/static as files; certificate.pem and
-- key.pem lie in BENCH_DIR then. Everything else is production's default but the access log and the limit per client
-- address, because one client makes all the connections.

local env = os.getenv
local folder = env("BENCH_DIR") or ".run"
local tls_port = env("BENCH_TLS_PORT")
local redis_port = env("BENCH_REDIS_PORT")
local database = env("PGDATABASE")

return {
  app = "bench",
  roots = { "tests/bench/service", "lua" },
  assets = { "tests/bench/service/views" },
  services = {
    bench = {
      listen = { "127.0.0.1:" .. (env("BENCH_PORT") or "63880") },
      static = tls_port and { ["/static"] = folder .. "/static" } or nil,
    },
    secure = tls_port and {
      listen = { "127.0.0.1:" .. tls_port },
      tls = { { certificate = folder .. "/certificate.pem", key = folder .. "/key.pem" } },
    } or nil,
  },
  workers = tonumber(env("BENCH_WORKERS") or "1"),
  control = folder .. "/bench.sock",
  access_log = false,
  max_connections = 20000,
  max_connections_per_address = 0,
  databases = database and {
    bench = { url = "postgresql:///" .. database, pool = tonumber(env("BENCH_DB_POOL") or "8") },
  } or {},
  redis = redis_port and "redis://127.0.0.1:" .. redis_port or nil,
  token_secret = env("BENCH_JWT_SECRET"),
}
