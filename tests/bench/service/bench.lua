-- The routes that web frameworks are compared by. Run by config/bench.lua, driven by tools/bench or from outside.

local file = require "host.file"
local json = require "host.json"
local jwt = require "host.jwt"
local pg = require "host.pg"
local redis = require "host.redis"
local server = require "host.server"
local settings = require "host.settings"
local template = require "web.template"
local websockets = require "host.ws"

local random = math.random

local WORLD_ROWS = 10000
local SELECT_WORLD = 'SELECT id, randomnumber AS "randomNumber" FROM world WHERE id = $1'
local UPDATE_WORLDS = "UPDATE world SET randomnumber = new.n"
  .. " FROM (SELECT unnest($1::integer[]) AS id, unnest($2::integer[]) AS n ORDER BY 1) AS new WHERE world.id = new.id"
local SELECT_FORTUNES = "SELECT id, message FROM fortune"

local TEXT = server.headers { ["content-type"] = "text/plain" }
local JSON = server.headers { ["content-type"] = "application/json" }
local HTML = server.headers { ["content-type"] = "text/html; charset=utf-8" }

local database = settings.databases.bench and pg.database("bench")
local token_key = { key = { alg = "HS256", key = settings.token_secret } }
local templates = template.new(file.read)

local function unavailable(err)
  return 503, err.message, TEXT
end

-- n different ids of world rows, in ascending order.
local function distinct_ids(n)
  local taken, ids = {}, {}
  while #ids < n do
    local id = random(WORLD_ROWS)
    if not taken[id] then
      taken[id] = true
      ids[#ids + 1] = id
    end
  end
  table.sort(ids)
  return ids
end

local function selects(ids)
  local statements = {}
  for i, id in ipairs(ids) do
    statements[i] = { SELECT_WORLD, id }
  end
  return statements
end

-- The one row of each result.
local function worlds_of(results)
  local worlds = json.array {}
  for i, rows in ipairs(results) do
    worlds[i] = rows[1]
  end
  return worlds
end

local function plaintext()
  return 200, "Hello, World!", TEXT
end

local function json_small()
  return 200, json.encode { message = "Hello, World!" }, JSON
end

local function json_large(req)
  local body, err = req:body()
  if not body then return 400, err.message, TEXT end
  local value, bad = json.decode(body)
  if bad then return 400, bad.message, TEXT end
  return 200, json.encode(value), JSON
end

local function db1()
  local rows, err = database:query(SELECT_WORLD, random(WORLD_ROWS))
  if not rows then return unavailable(err) end
  return 200, json.encode(rows[1]), JSON
end

local function db20()
  local ids = {}
  for i = 1, 20 do
    ids[i] = random(WORLD_ROWS)
  end
  local results, err = database:batch(selects(ids))
  if not results then return unavailable(err) end
  return 200, json.encode(worlds_of(results)), JSON
end

local function updates5()
  local ids = distinct_ids(5)
  local results, err = database:batch(selects(ids))
  if not results then return unavailable(err) end
  local worlds, numbers = worlds_of(results), {}
  for i, world in ipairs(worlds) do
    world.randomNumber = random(WORLD_ROWS)
    numbers[i] = world.randomNumber
  end
  local done, failed = database:query(UPDATE_WORLDS, pg.array(ids), pg.array(numbers))
  if not done then return unavailable(failed) end
  return 200, json.encode(worlds), JSON
end

-- For a dozen rows: LuaJIT compiles this loop, but not table.sort's calls of a comparison.
local function sort_by_message(rows)
  for i = 2, #rows do
    local row, at = rows[i], i - 1
    local message = row.message
    while at >= 1 and message < rows[at].message do
      rows[at + 1] = rows[at]
      at = at - 1
    end
    rows[at + 1] = row
  end
end

local function fortunes()
  local rows, err = database:query(SELECT_FORTUNES)
  if not rows then return unavailable(err) end
  rows[#rows + 1] = { id = 0, message = "Additional fortune added at request time." }
  sort_by_message(rows)
  return 200, templates:render("tests/bench/service/views/fortunes.html", { fortunes = rows }), HTML
end

local function token_claims(req)
  local header = req:header("authorization")
  local token = header and header:sub(1, 7) == "Bearer " and header:sub(8)
  local claims = token and jwt.verify(token, token_key)
  if not claims then
    return 401, "unauthorized", { ["content-type"] = "text/plain", ["www-authenticate"] = "Bearer" }
  end
  return 200, json.encode(claims), JSON
end

local function redis1()
  local value, err = redis.call("GET", "bench:key")
  if not value then return 503, err and err.message or "no such key", TEXT end
  return 200, value, TEXT
end

local function ws(req)
  req:websocket { handler = "echo" }
end

local function room(req)
  local socket = req:websocket { handler = "room" }
  if socket then socket:join("all") end
end

local ROUTES = {
  ["/plaintext"] = { GET = plaintext },
  ["/json"] = { GET = json_small },
  ["/json-large"] = { POST = json_large },
  ["/db1"] = { GET = db1 },
  ["/db20"] = { GET = db20 },
  ["/updates5"] = { GET = updates5 },
  ["/fortunes"] = { GET = fortunes },
  ["/jwt"] = { GET = token_claims },
  ["/redis1"] = { GET = redis1 },
  ["/ws"] = { GET = ws },
  ["/room"] = { GET = room },
}

local function handle(req, method, path)
  local route = ROUTES[path]
  local run = route and route[method]
  if not run then
    return 404, "no such route", TEXT
  end
  return run(req)
end

return {
  services = {
    bench = {
      handle = handle,
      sockets = {
        echo = {
          message = function(socket, data, binary) socket:send(data, binary) end,
        },
        room = {
          message = function(_, data, binary) websockets.broadcast("all", data, { binary = binary }) end,
        },
      },
    },
    secure = { handle = handle },
  },
}
