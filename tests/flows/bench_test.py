"""tools/bench believes no answer that it has not checked, and its generators count what they say."""
import contextlib
import http.server
import json
import subprocess
import sys
import threading
import types

import pytest

import daemon

sys.path.insert(0, str(daemon.ROOT / "tests" / "bench"))

import api_measures  # noqa: E402
import api_report  # noqa: E402
import asked  # noqa: E402
import measures  # noqa: E402
import operations  # noqa: E402
import reloads  # noqa: E402
import workloads  # noqa: E402

WORKS = {work.name: work for work in workloads.HTTP}
WITHOUT_STORES = ["plaintext", "json", "json-large", "jwt", "static-100k"]


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    """toolboxd with config/bench.lua as tools/bench starts it, but without stores."""
    folder = tmp_path_factory.mktemp("bench")
    (folder / "static").mkdir()
    (folder / "static" / "100k.bin").write_bytes(workloads.static_file())
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                           "-subj", "/CN=bench.test", "-keyout", folder / "key.pem", "-out",
                           folder / "certificate.pem"], check=True, capture_output=True, stdin=subprocess.DEVNULL)
    port, tls_port = daemon.free_port(), daemon.free_port()
    server = daemon.Daemon(folder, daemon.ROOT / "config" / "bench.lua", workers=1, environment={
        "BENCH_PORT": str(port), "BENCH_TLS_PORT": str(tls_port), "BENCH_DIR": str(folder),
        "BENCH_JWT_SECRET": workloads.SECRET})
    server.port, server.tls_port = port, tls_port

    def answers():
        with contextlib.suppress(OSError):
            return workloads.ask(port, "GET", "/plaintext")[0] == 200
    try:
        server.spawn()
        daemon.wait_for(answers, "an answer of the bench's service")
        yield server
    finally:
        server.end()


@pytest.fixture
def liar():
    """A server that says 200 and the same to everything; set its .says."""
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.send_response(200)
            self.send_header("Content-Type", server.kind)
            self.end_headers()
            self.wfile.write(server.says)
        do_POST = do_GET

        def log_message(self, *_):
            pass
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.parametrize("name", WITHOUT_STORES)
def test_our_answers_are_right(bench, name):
    WORKS[name].check(bench.port, None)


@pytest.mark.parametrize("name,says", [
    ("plaintext", b"Hello, world!"), ("json", b'{"message": "Hello, World!"}'), ("json-large", b'{"order":1}'),
    ("static-100k", b"\0" * workloads.STATIC_SIZE)], ids=["plaintext", "json", "json-large", "static-100k"])
def test_a_wrong_answer_is_found(liar, name, says):
    liar.says, liar.kind = says, WORKS[name].kind
    with pytest.raises(workloads.Wrong):
        WORKS[name].check(liar.server_port, None)


def test_claims_that_nobody_verified_are_found(liar):
    """The right claims for every token, also for those that are none."""
    liar.says, liar.kind = json.dumps(workloads.CLAIMS).encode(), "application/json"
    with pytest.raises(workloads.Wrong, match="of another key gets 200"):
        WORKS["jwt"].check(liar.server_port, None)


def test_rows_that_are_not_in_the_table_are_found(liar):
    class Table:
        def numbers(self, ids):
            return {one: 5 for one in ids}
    liar.says, liar.kind = b'{"id":1,"randomNumber":4}', "application/json"
    with pytest.raises(workloads.Wrong):
        WORKS["db1"].check(liar.server_port, Table())
    liar.says = b'{"id":1,"randomNumber":5}'
    with pytest.raises(workloads.Wrong, match="the same rows"):
        WORKS["db1"].check(liar.server_port, Table())


def test_a_fixed_rate_counts_answers(bench, tmp_path):
    sample = reloads.steady(bench.port, reloads.request_file(tmp_path, "/json"), 100, 0.5, 4)
    assert sample["ok"] == 50 and sample["lost"] == 0 and 0 < sample["p50"] <= sample["p99"] <= sample["most"]


def test_refusals_at_a_fixed_rate_are_no_answers(bench, tmp_path):
    with pytest.raises(workloads.Wrong, match="'refused': 10"):
        reloads.steady(bench.port, reloads.request_file(tmp_path, "/nothing-here"), 100, 0.1, 2)


def test_every_socket_of_a_room_gets_every_message(bench):
    with measures.Generator("sockets", "room", bench.port, "/room", 20, 3, core=None) as generator:
        assert generator.run()["ok"] == 60


def test_echoes_are_compared(bench):
    with measures.Generator("sockets", "echo", bench.port, "/ws", 4, 0.2, core=None) as generator:
        assert generator.run()["ok"] > 4


@pytest.mark.parametrize("kind", ["full", "resumed"])
def test_handshakes_are_of_the_kind_that_is_counted(bench, kind):
    with measures.Generator("handshakes", bench.tls_port, kind, 0.3, 2, core=None) as generator:
        result = generator.run()
    assert result["ok"] > 0 and result["errors"] == 0


def test_what_is_asked_is_told_from_what_is_not():
    def results(own, peer):
        return {"plaintext": {"toolbox": [{"cpu": own}], "nginx-lua": [{"cpu": peer}]}}
    ask = asked.Ask("plaintext", "cpu", 0.9, ["nginx-lua"])
    assert "0.80 | met by 11 %" in ask.row(results(8, 10))
    assert "0.99 | **missed** by 10 %" in ask.row(results(9.9, 10))
    assert ask.row({"plaintext": {"toolbox": [{"cpu": 1}]}}) is None
    most = asked.Ask("plaintext", "cpu", 5, ["nginx-lua"], least=True)
    assert "met" in most.row(results(50, 10)) and "missed" in most.row(results(49, 10))


def test_a_list_that_does_not_answer_in_time_is_missed_and_not_left_out():
    quick, slow = (operations.Operation("api", f"GET /{name}", f"/{name}", "admin") for name in ("quick", "slow"))
    rows = [(quick, {"cpu": 50, "queries": 1, "p50": 1, "p99": 2, "alone": 50, "full": 50}), (slow, api_measures.failed(slow))]
    table = list(api_report.asked_table({"operations": rows}))
    for line in table[2:]:
        assert "1 of 2; furthest: GET /slow" in line and line.endswith("**missed**: it failed |"), table
    assert any("GET /slow" in line and "it failed" in line for line in api_report.operation_rows(rows))


def test_of_several_turns_the_one_in_the_middle_counts():
    turns = [{"without": {"p99": 2}, "with": {"p99": p99}} for p99 in (9, 3, 2, 40, 4)]
    assert api_measures.middle(turns)["slower"] == 2


class PlaceOfOne:
    """Of a district that shows one list, to students alone, and its things to nobody."""

    def __init__(self):
        thing = {"name": "thing_id", "in": "path", "schema": {"x-resource": "/api/v1/things"}}
        document = {"servers": [{"url": "/"}], "paths": {
            "/api/v1/things": {"get": {"parameters": [{"name": "limit", "in": "query", "schema": {}}]}, "post": {}},
            "/api/v1/things/{thing_id}/parts": {"get": {"parameters": [
                thing, {"name": "limit", "in": "query", "schema": {}}]}},
            "/api/v1/things/{thing_id}": {"get": {"parameters": [thing]}}}}
        self.server, self.document = self, document

    def call(self, *_):
        return self.answer(200, self.document)

    def get(self, _, path, role):
        allowed = role == "student" and path.startswith("/api/v1/things") and not path.endswith("/parts")
        return self.answer(200 if allowed else 403, {"items": [{"id": "1"}]})

    @staticmethod
    def answer(status, value):
        return types.SimpleNamespace(status=status, json=value, body=json.dumps(value))


def test_a_list_is_asked_as_somebody_who_is_answered_or_not_at_all():
    found = list(operations.Finder(PlaceOfOne()).lists())
    assert [(one.name, one.path, one.role) for one in found] == [
        ("GET /api/v1/things", "/api/v1/things", "student"),
        ("GET /api/v1/things/{thing_id}/parts", "/api/v1/things/{thing_id}/parts", None)]
