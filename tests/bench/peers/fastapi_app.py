"""The routes of tests/bench/service/bench.lua with FastAPI, asyncpg, redis-py, PyJWT and Jinja2, as one would write
them who wants them fast. uvicorn runs it on uvloop and httptools."""
import os
import random

import asyncpg
import fastapi
import jinja2
import jwt
import redis.asyncio
from fastapi.responses import HTMLResponse, JSONResponse, PlainTextResponse

SECRET = os.environ["BENCH_JWT_SECRET"]
POOL = int(os.environ["BENCH_DB_POOL"])
SELECT = "SELECT id, randomnumber FROM world WHERE id = $1"
UPDATE = ("UPDATE world SET randomnumber = new.n FROM (SELECT unnest($1::integer[]) AS id,"
          " unnest($2::integer[]) AS n ORDER BY 1) AS new WHERE world.id = new.id")
FORTUNES = jinja2.Environment(autoescape=True).from_string(
    "<!DOCTYPE html><html><head><title>Fortunes</title></head><body><table><tr><th>id</th><th>message</th></tr>"
    "{% for row in rows %}<tr><td>{{ row[0] }}</td><td>{{ row[1] }}</td></tr>{% endfor %}</table></body></html>")

app = fastapi.FastAPI(openapi_url=None)


class Connection(asyncpg.Connection):
    """Without the query that asyncpg sends to reset a connection that goes back to the pool."""

    def _get_reset_query(self):
        return ""


@app.on_event("startup")
async def start():
    # Statements with arrays make asyncpg ask for their types, once per connection: before anything is measured.
    app.state.pool = await asyncpg.create_pool(
        min_size=POOL, max_size=POOL, connection_class=Connection, server_settings={"jit": "off"},
        init=lambda connection: connection.prepare(UPDATE))
    app.state.redis = redis.asyncio.Redis(port=int(os.environ["BENCH_REDIS_PORT"]), max_connections=64)


@app.get("/plaintext")
async def plaintext():
    return PlainTextResponse("Hello, World!")


@app.get("/json")
async def json():
    return JSONResponse({"message": "Hello, World!"})


@app.post("/json-large")
async def json_large(request: fastapi.Request):
    return JSONResponse(await request.json())


@app.get("/db1")
async def db1():
    async with app.state.pool.acquire() as connection:
        row = await connection.fetchrow(SELECT, random.randint(1, 10000))
    return JSONResponse({"id": row[0], "randomNumber": row[1]})


async def worlds(connection, ids):
    select = await connection.prepare(SELECT)
    return [await select.fetchrow(one) for one in ids]


@app.get("/db20")
async def db20():
    async with app.state.pool.acquire() as connection:
        rows = await worlds(connection, [random.randint(1, 10000) for _ in range(20)])
    return JSONResponse([{"id": row[0], "randomNumber": row[1]} for row in rows])


@app.get("/updates5")
async def updates5():
    async with app.state.pool.acquire() as connection:
        rows = await worlds(connection, sorted(random.sample(range(1, 10001), 5)))
        changed = [{"id": row[0], "randomNumber": random.randint(1, 10000)} for row in rows]
        await connection.execute(UPDATE, [one["id"] for one in changed], [one["randomNumber"] for one in changed])
    return JSONResponse(changed)


@app.get("/fortunes")
async def fortunes():
    async with app.state.pool.acquire() as connection:
        rows = [tuple(row) for row in await connection.fetch("SELECT id, message FROM fortune")]
    rows.append((0, "Additional fortune added at request time."))
    rows.sort(key=lambda row: row[1])
    return HTMLResponse(FORTUNES.render(rows=rows))


@app.get("/jwt")
async def token(request: fastapi.Request):
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    try:
        if scheme != "Bearer":
            raise jwt.InvalidTokenError
        return JSONResponse(jwt.decode(given, SECRET, algorithms=["HS256"]))
    except jwt.InvalidTokenError:
        return PlainTextResponse("unauthorized", status_code=401)


@app.get("/redis1")
async def redis1():
    return PlainTextResponse(await app.state.redis.get("bench:key"))


@app.websocket("/ws")
async def echo(socket: fastapi.WebSocket):
    await socket.accept()
    try:
        while True:
            await socket.send_text(await socket.receive_text())
    except fastapi.WebSocketDisconnect:
        pass
