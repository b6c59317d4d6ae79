-- For benchmarks: the service of tests/bench/service as an outside driver starts it. It sets BENCH_PORT, BENCH_WORKERS,
-- BENCH_DIR (scratch), BENCH_DB_POOL (connections per worker), PGHOST PGPORT PGUSER PGDATABASE, BENCH_REDIS_PORT and
-- BENCH_JWT_SECRET. Everything else is production's default but the access log and the limit per client address,
-- because one client makes all the connections.

local env = os.getenv
local redis_port = env("BENCH_REDIS_PORT")
local database = env("PGDATABASE")

return {
  app = "bench",
  roots = { "tests/bench/service", "lua" },
  assets = { "tests/bench/service/views" },
  services = { bench = { listen = { "127.0.0.1:" .. (env("BENCH_PORT") or "63880") } } },
  workers = tonumber(env("BENCH_WORKERS") or "1"),
  control = (env("BENCH_DIR") or ".run") .. "/bench.sock",
  access_log = false,
  max_connections = 20000,
  max_connections_per_address = 0,
  databases = database and {
    bench = { url = "postgresql:///" .. database, pool = tonumber(env("BENCH_DB_POOL") or "8") },
  } or {},
  redis = redis_port and "redis://127.0.0.1:" .. redis_port or nil,
  token_secret = env("BENCH_JWT_SECRET"),
}
