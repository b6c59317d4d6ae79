"""What a plaintext request costs once the worker is warm: nothing of the C heap, and no new coroutine."""
import os
import re
import struct
import subprocess

import daemon
import pytest
import wire

pytestmark = pytest.mark.core

CONNECTIONS = 4
WARM, MEASURED = 2000, 4000
REQUEST = b"GET /plaintext HTTP/1.1\r\nHost: steady.test\r\n\r\n"


class Counted(daemon.Daemon):
    """One worker of config/bench.lua whose calls of malloc and the like are counted."""

    def __init__(self, folder, counter):
        self.port, self.admin_port = daemon.free_port(), daemon.free_port()
        self.counts = folder / "allocations"
        self.counts.mkdir()
        super().__init__(folder, daemon.ROOT / "config" / "bench.lua", workers=1,
                         admin_listen=f"127.0.0.1:{self.admin_port}", environment={
                             "BENCH_PORT": str(self.port), "BENCH_DIR": str(folder), "LD_PRELOAD": str(counter),
                             "ALLOCATIONS_FOLDER": str(self.counts)})

    def http(self, port=None):
        return wire.Http(("127.0.0.1", port or self.port))

    def answers(self):
        try:
            with self.http() as http:
                return http.get("/plaintext").status == 200
        except (OSError, wire.Closed):
            return False

    def allocations(self):
        """Of the one worker, since it was forked."""
        pid = re.search(r"worker=0 pid=(\d+)", self.status().stdout)[1]
        return struct.unpack("L", (self.counts / pid).read_bytes())[0]

    def metric(self, name):
        with self.http(self.admin_port) as http:
            text = http.get("/metrics").text
        return float(re.search(rf"^{name} (\S+)$", text, re.MULTILINE)[1])


@pytest.fixture(scope="module")
def server(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("steady")
    counter = folder / "allocations.so"
    subprocess.run([os.environ.get("CC", "cc"), "-std=gnu17", "-O2", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC",
                    "-D_GNU_SOURCE", "-o", counter, daemon.ROOT / "tests" / "support" / "allocations.c"], check=True)
    made = Counted(folder, counter)
    request.module.started_daemons = [made]
    try:
        made.spawn()
        daemon.wait_for(made.answers, "an answer of the bench's service")
        yield made
    finally:
        made.end()


@pytest.fixture(scope="module")
def connections(server):
    opened = [server.http() for _ in range(CONNECTIONS)]
    ask(opened, WARM)
    yield opened
    for http in opened:
        http.close()


def ask(connections, count):
    """Round trips on all connections, so that several requests are in the worker at once."""
    for _ in range(count // len(connections)):
        for http in connections:
            http.send(REQUEST)
        for http in connections:
            answer = http.response()
            assert (answer.status, answer.body) == (200, b"Hello, World!")


def test_a_plaintext_request_takes_nothing_from_the_c_heap(server, connections):
    before = server.allocations()
    ask(connections, MEASURED)
    assert server.allocations() - before == 0


def test_a_task_takes_the_coroutine_of_one_that_ended(server, connections):
    before = server.metric("toolbox_coroutines_total")
    ask(connections, MEASURED)
    assert 1 <= server.metric("toolbox_coroutines_total") == before


def test_the_counter_sees_what_allocates(server, connections):
    """What is too large for the slabs of Lua's heap comes from malloc."""
    before = server.allocations()
    document = b"[" + b'"%s"' % (b"x" * 100_000) + b"]"
    with server.http() as http:
        http.send(b"POST /json-large HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%s" % (len(document), document))
        assert http.response().body == document
    assert server.allocations() > before
