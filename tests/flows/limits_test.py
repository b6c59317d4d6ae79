"""Scripts that misbehave, clients that go away: each costs itself, never the service."""
import concurrent.futures
import os
import pathlib
import signal
import socket
import time

import daemon as daemons
import pytest
import wire

pytestmark = pytest.mark.core


def try_get(daemon, target):
    """The answer, or None if the connection ended without one."""
    try:
        return daemon.get(target)
    except (wire.Closed, ConnectionError):
        return None


def serves_again(daemon):
    def healthy():
        try:
            with daemon.http(timeout=2) as http:
                return http.get("/healthz").status == 200
        except (OSError, wire.Closed):
            return False
    daemons.wait_for(healthy, "service after the fault")


@pytest.mark.parametrize("target", ["/spin", "/spin?jit=1"])
def test_an_endless_loop_costs_at_worst_its_worker(conformance, target):
    daemon = conformance(workers=1, script_timeout="500 ms")
    answer = try_get(daemon, target)
    assert answer is None or answer.status in (500, 503)
    serves_again(daemon)
    daemons.wait_for(lambda: any("GET /spin" in str(line) or "faults.lua" in str(line) for line in daemon.lines()),
                     "a log line that names the route or the stack")


def test_the_guard_interrupts_a_compiled_loop(conformance):
    daemon = conformance(workers=1, script_timeout="500 ms", script_guard="true")
    pid = daemon.whoami()["pid"]
    for target in ("/spin", "/spin?jit=1"):
        answer = try_get(daemon, target)
        assert answer and answer.status == 500, target
    assert daemon.whoami()["pid"] == pid


def test_endless_memory_costs_its_request(conformance):
    daemon = conformance(workers=1, lua_memory="64 MiB", script_timeout="60 s")
    answer = try_get(daemon, "/hog")
    assert answer is None or answer.status in (500, 503)
    serves_again(daemon)
    assert daemon.get("/answer").body == b"1"
    daemons.wait_for(lambda: any("memory" in str(line) for line in daemon.lines()), "a log line about memory")


def test_a_task_has_a_deadline(conformance):
    daemon = conformance(request_timeout="300 ms")
    answer = try_get(daemon, "/sleep?ms=60000")
    assert answer.status in (500, 503, 504)
    assert daemon.get("/sleep?ms=1").body == b"1"


def hashing_now(daemon):
    """Of the workers, those that sit on one of the seats where passwords are hashed (core/base/seats.c)."""
    workers = set(map(str, daemon.family()))
    rows = [line.split() for line in pathlib.Path("/proc/locks").read_text().splitlines() if "->" not in line]
    return {row[4] for row in rows if row[1] == "POSIX" and row[4] in workers and int(row[6]) % 2 == 0}


def test_hashing_passwords_leaves_a_core(conformance):
    cores = os.sysconf("SC_NPROCESSORS_ONLN")
    daemon = conformance(workers=cores + 1)
    seen = []
    with concurrent.futures.ThreadPoolExecutor(4 * cores) as pool:
        asked = [pool.submit(daemon.get, "/hash") for _ in range(4 * cores)]
        while not all(one.done() for one in asked):
            seen.append(len(hashing_now(daemon)))
            time.sleep(0.01)
    assert all(one.result().text.startswith("$scrypt$") for one in asked)
    assert 1 <= max(seen) <= max(1, cores - 1), seen


def sent_in_pieces(daemon, piece, count=10):
    """The answer to a body whose pieces come 100 ms apart."""
    with daemon.http() as http:
        http.send(f"POST /count HTTP/1.1\r\nHost: test\r\nContent-Length: {len(piece) * count}\r\n\r\n")
        for _ in range(count):
            time.sleep(0.1)
            http.send(piece)
        return http.response()


def test_what_streams_is_not_cut_while_it_moves(conformance):
    daemon = conformance(request_timeout="500 ms")
    answer = sent_in_pieces(daemon, b"x" * 65536)
    assert (answer.status, answer.body) == (200, b"655360")
    try:
        assert sent_in_pieces(daemon, b"x").status == 503, "a trickle was waited for"
    except (wire.Closed, ConnectionError):
        pass  # it was answered while it was sent
    # Pieces of 0.9 KiB, each after a millisecond.
    answer = daemon.get("/stream?pieces=1500")
    assert answer.status == 200 and b"piece 1500 of" in answer.body


def test_a_crash_loses_one_worker_and_no_connection(conformance):
    daemon = conformance()
    for _ in range(30):
        assert try_get(daemon, "/crash") is None
        # The listener belongs to the master: connecting is never refused, and the next worker answers.
        assert daemon.get("/healthz").body == b"ok"
    assert daemon.process.poll() is None


def test_a_killed_worker_is_replaced(conformance):
    daemon = conformance(workers=1)
    pid = daemon.whoami()["pid"]
    os.kill(pid, signal.SIGKILL)
    assert daemon.get("/healthz").body == b"ok"
    assert daemon.whoami()["pid"] != pid


def test_a_stopped_worker_is_replaced(conformance):
    daemon = conformance(workers=1)
    pid = daemon.whoami()["pid"]
    os.kill(pid, signal.SIGSTOP)
    try:
        assert daemon.get("/healthz").body == b"ok"
        assert daemon.whoami()["pid"] != pid
    finally:
        if daemons.alive(pid):
            os.kill(pid, signal.SIGCONT)


def test_64_descriptors_are_enough_to_serve(conformance):
    import resource
    daemon = conformance(start=False, workers=1)
    daemon.spawn(preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64)))
    daemon.wait()
    # More clients than descriptors: some wait in the queue, none spins the worker, all are served in the end.
    held = [daemon.http() for _ in range(100)]
    for http in held[:10]:
        assert http.get("/healthz").body == b"ok"
    for http in held:
        http.close()
    assert daemon.get("/healthz").body == b"ok"


class Silent:
    """An HTTP server that takes a request and never answers; tells when its client has gone."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.listener.settimeout(wire.DEADLINE)
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}/"
        self.client = None

    def asked(self):
        self.client, _ = self.listener.accept()
        self.client.settimeout(wire.DEADLINE)
        data = b""
        while b"\r\n\r\n" not in data:
            data += self.client.recv(65536)

    def has_lost_its_client(self):
        try:
            return self.client.recv(1) == b""
        except ConnectionResetError:
            return True

    def close(self):
        self.listener.close()
        if self.client:
            self.client.close()


@pytest.fixture
def silent():
    server = Silent()
    yield server
    server.close()


@pytest.mark.parametrize("leave", ["reset", "finish_sending", "close"])
def test_a_client_that_leaves_cancels_the_outgoing_call(conformance, silent, leave):
    daemon = conformance(workers=1)
    http = daemon.http()
    http.send(f"GET /sum?url={silent.url} HTTP/1.1\r\nHost: test\r\n\r\n")
    silent.asked()
    getattr(http, leave)()
    assert silent.has_lost_its_client()
    http.close()
    assert daemon.get("/healthz").body == b"ok"


def test_an_outgoing_call_answers_its_length_or_the_failure(conformance):
    daemon = conformance(workers=2)
    assert daemon.get(f"/sum?url=http://127.0.0.1:{daemon.port}/healthz").body == b"2"
    assert daemon.get(f"/sum?url=http://127.0.0.1:{daemons.free_port()}/").status == 502
    assert daemon.get("/sum?url=gopher://x/").status == 502
    assert daemon.get("/sum").status == 400
