"""GET /api/v1/classes of the API with FastAPI, asyncpg and PyJWT: token, parameters, statement, cursor and answer are
those of toolboxd (tests/bench/list_peers.py). The answer goes out as JSONResponse: a response model would cost more."""
import base64
import hmac
import json
import os

import asyncpg
import fastapi
import jwt
from fastapi.responses import JSONResponse

STATEMENT = json.loads(os.environ["LIST_STATEMENT"])
SCOPE, SECRET, POOL = os.environ["LIST_SCOPE"], os.environ["TOKEN_SECRET"], int(os.environ["LIST_POOL"])
CURSOR_KEY = hmac.digest(SECRET.encode(), b"cursor", "sha256")
FIELDS = ("id", "school_id", "teacher_id", "name", "subject", "grade", "archived_at", "join_code", "created_at",
          "updated_at")
ENDED = set()  # sessions that have ended: filled by NOTIFY in a whole server

app = fastapi.FastAPI(openapi_url=None)


class Connection(asyncpg.Connection):
    """Without the query that asyncpg sends to reset a connection that goes back to the pool."""

    def _get_reset_query(self):
        return ""


async def prepare(connection):
    """UUIDs and timestamps as text, as they go out."""
    await connection.set_type_codec("uuid", schema="pg_catalog", encoder=str, decoder=str, format="text")
    await connection.set_type_codec("timestamptz", schema="pg_catalog", encoder=str, format="text",
                                    decoder=lambda at: at.replace(" ", "T").replace("+00", "Z"))


def typed(value, kind):
    """A parameter as asyncpg wants it."""
    if value is not None and kind.startswith("int"):
        return int(value)
    return value in ("t", "true") if kind == "bool" else value


@app.on_event("startup")
async def start():
    app.state.pool = await asyncpg.create_pool(min_size=POOL, max_size=POOL, connection_class=Connection, init=prepare,
                                               server_settings={"jit": "off"})
    async with app.state.pool.acquire() as connection:
        kinds = (await connection.prepare(STATEMENT["text"])).get_parameters()
    app.state.values = [typed(value, kind.name) for value, kind in zip(STATEMENT["values"], kinds)]


def encoded(raw):
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def cursor(last):
    body = encoded(json.dumps([last]).encode())
    return f"{body}.{encoded(hmac.digest(CURSOR_KEY, f'{SCOPE}{chr(10)}{body}'.encode(), 'sha256')[:12])}"


async def signed_in(request: fastapi.Request):
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    try:
        claims = jwt.decode(token, SECRET, algorithms=["HS256"], issuer="toolboxai", audience="api")
    except jwt.InvalidTokenError:
        claims = None
    if scheme != "Bearer" or not claims or claims["sid"] in ENDED:
        raise fastapi.HTTPException(401, headers={"WWW-Authenticate": "Bearer"})
    return claims


@app.get("/api/v1/classes")
async def classes(limit: int = fastapi.Query(20, ge=1, le=100), archived: bool = False,
                  user: dict = fastapi.Depends(signed_in)):
    async with app.state.pool.acquire() as connection:
        rows = await connection.fetch(STATEMENT["text"], *app.state.values)
    items = [{name: row[name] for name in FIELDS} for row in rows[:limit]]
    return JSONResponse({"items": items, "next": cursor(items[-1]["id"]) if len(rows) > limit else None})
