"""One list of the API written with fastify and pg, and with FastAPI and asyncpg: the same token is checked, the same
statement sent to the same database, the same JSON answered. The statement is read from PostgreSQL's log while
toolboxd answers, so it can't differ."""
import contextlib
import json
import pathlib
import re

import api_measures
import machine
import peers
import workloads

CONNECTIONS_TO_POSTGRES = 4  # what toolboxd has for each database


def statement(place, one, mark):
    """{"text", "values"} of the statement that holds mark, as the server sends it for this operation."""
    log = pathlib.Path(place.stores.environment()["PGHOST"]) / "postgres.log"
    begin = log.stat().st_size
    place.psql("alter system set log_statement = 'all'")
    place.psql("select pg_reload_conf()")
    try:
        for _ in range(20):  # the setting reaches each connection before its next statement or so
            place.get(one.service, one.path, one.role)
            said = log.read_bytes()[begin:].decode()
            found = re.search(r"LOG:  execute [^:]*: ((?:(?!LOG:)[\s\S])*?" + re.escape(mark) + r"[\s\S]*?)\n"
                              r"[^\n]*DETAIL:  parameters: ([^\n]*)", said)
            if found:
                values = re.findall(r"\$\d+ = (?:'((?:[^']|'')*)'|NULL)", found[2])
                return {"text": found[1], "values": [value.replace("''", "'") for value in values]}
    finally:
        place.psql("alter system reset log_statement")
        place.psql("select pg_reload_conf()")
    raise workloads.Wrong(f"PostgreSQL's log shows no statement with {mark!r}")


def cursor_scope(place, one):
    """What the cursor of the list is good for, as lua/web/cursor.lua signs it."""
    person = place.get("api", "/api/v1/me", one.role).json["id"]
    return json.dumps({"path": one.path, "query": {"archived": False}, "user": person}, separators=(",", ":"))


@contextlib.contextmanager
def running(place, name, sent, scope):
    port = machine.free_port()
    stores = place.stores.environment()
    environment = {
        "LIST_PORT": port, "LIST_STATEMENT": json.dumps(sent), "LIST_POOL": CONNECTIONS_TO_POSTGRES,
        "LIST_SCOPE": scope, "TOKEN_SECRET": place.stores.keys["TOOLBOX_TOKEN_SECRET"],
        "PGHOST": stores["PGHOST"], "PGPORT": stores["PGPORT"], "PGUSER": stores["PGUSER"],
        "PGDATABASE": "toolbox_education"}
    argv = {"fastify": ["node", peers.PEERS / "list_fastify.mjs"],
            "fastapi": ["/usr/bin/python3", "-m", "uvicorn", "--app-dir", peers.PEERS, "list_fastapi:app", "--host",
                        "127.0.0.1", "--port", port, "--loop", "uvloop", "--http", "httptools", "--no-access-log",
                        "--log-level", "warning"]}[name]
    with machine.Child(argv, None, environment, place.scratch / f"{name}.log", cwd=machine.ROOT) as child:
        child.wait_for_port(port)
        child.port = port
        yield child


def same(body):
    """The expected answer: equal as JSON, and as long (members may stand in another order)."""
    def check(work, port, _):
        answer = work.answer(port)
        work.must(json.loads(answer) == json.loads(body) and len(answer) == len(body), answer)
        refused = workloads.ask(port, "GET", work.path)[0]
        work.must(refused == 401, f"without a token: {refused}, not 401")
        changed = {"Authorization": work.headers["Authorization"][:-4] + "AAAA"}
        status = workloads.ask(port, "GET", work.path, headers=changed)[0]
        work.must(status == 401, f"with a token that somebody has changed: {status}, not 401")
    return check


def compare(place, one, options):
    """name → samples at full load, the servers taking turns."""
    given = statement(place, one, "from classes c"), cursor_scope(place, one)
    expected = place.get(one.service, one.path, one.role).body
    work = workloads.Workload("list", one.path, "application/json", same(expected),
                              headers=place.headers(one.service, one.role))
    results = {"toolbox": [], "fastify": [], "fastapi": []}
    try:
        for _ in range(options.rounds):
            for name, samples in results.items():
                with contextlib.nullcontext(place) if name == "toolbox" else running(place, name, *given) as server:
                    port = place.port("api") if name == "toolbox" else server.port
                    work.check(port, None)
                    samples.append(api_measures.full_load(server.pid, port, work, options.compare_seconds,
                                                          place.scratch))
    finally:
        machine.unpin(place.pid)
    return {"rows": len(json.loads(expected)["items"]), "octets": len(expected), "text": given[0]["text"],
            "results": results}
