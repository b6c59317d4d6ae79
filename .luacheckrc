-- What the scripts may use: LuaJIT's globals, nothing accidental.
std = "luajit"
max_line_length = 120
exclude_files = { "build*/", ".run/", "tools/web/node_modules/", "tests/fuzz/", "lua/roblox/", "lua/types/" }
-- A parameter that a signature asks for may go unused.
unused_args = false
-- Stubs declare and do nothing; their annotations can't be wrapped.
files["lua/host"] = { ignore = { "211", "212", "221", "241", "631" } }
files["tests/**/*_spec.lua"] = { std = "+busted" }
files["tools/skeleton/*_spec.lua"] = { std = "+busted" }
files["config"] = { read_globals = { "include" } }
files["tests/bench/peers/nginx_app.lua"] = { globals = { "ngx" } }
files["tests/bench/load.lua"] = { globals = { "wrk", "init", "request", "done" } }
