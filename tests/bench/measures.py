"""One measurement of one peer: a sample is a dictionary of figures. cpu is the server's CPU time per request in µs, for
the process and all its children; server and generator are shares of a core that each has used meanwhile."""
import json
import resource
import subprocess
import time

import machine
import prepare
import workloads

CONNECTIONS, IDLE_SOCKETS, ROOM, ROUNDS, HANDSHAKERS = 64, 5000, 5000, 30, 8
WARM_UP = 2  # seconds: what is compiled while it runs (LuaJIT, V8) has been by then


def children_seconds():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


class Clocks:
    """What runs between begin() and end()."""

    def __init__(self, server, stores=None, needs=()):
        self.server, self.stores, self.needs = server, stores, needs

    def read(self):
        stores = self.stores.cpu_seconds(self.needs) if self.needs else 0
        return (time.monotonic(), machine.cpu_seconds(self.server.pid), stores,
                machine.core_busy_seconds(machine.SERVER_CORE))

    def begin(self):
        self.before = self.read()

    def end(self, count, generator_seconds):
        wall, cpu, backend, busy = (b - a for a, b in zip(self.before, self.read()))
        return {"cpu": cpu / count * 1e6, "backend": backend / count * 1e6, "server": cpu / wall * 100,
                "generator": generator_seconds / wall * 100, "foreign": max(0, busy - cpu) / wall * 100}


def wrk(port, work, seconds, folder, connections=CONNECTIONS):
    """Requests, and milliseconds; raises if an answer was no success."""
    body = folder / "sent"
    body.write_bytes(work.body)
    argv = ["taskset", "-c", machine.LOAD_CORE, "wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s",
            "-s", prepare.HERE / "load.lua"]
    for header in work.headers.items():
        argv += ["-H", ": ".join(header)]
    argv += [f"http://127.0.0.1:{port}{work.path}", "--", work.method, body if work.body else "", work.depth]
    out = subprocess.run([str(one) for one in argv], capture_output=True, text=True, timeout=seconds + 60,
                         stdin=subprocess.DEVNULL, check=True).stdout
    result = json.loads(out.rpartition("RESULT ")[2])
    if result["errors"]:
        raise workloads.Wrong(f"{work.name}: {result['errors']} errors under load\n{out}")
    return result


def http(place, name, work, seconds):
    with place.running(name) as server:
        work.check(server.port, place.stores)
        wrk(server.port, work, WARM_UP, place.folder)
        clocks = Clocks(server, place.stores, work.needs)
        generator = children_seconds()
        clocks.begin()
        result = wrk(server.port, work, seconds, place.folder)
        # Requests that were on the way when wrk stopped are not counted: 64 of many thousands.
        if not result["requests"]:
            raise workloads.Wrong(f"{name} answered no {work.name} within {seconds} s")
        sample = clocks.end(result["requests"], children_seconds() - generator)
        sample.update(rate=result["requests"] / result["seconds"], p50=result["p50"], p99=result["p99"],
                      memory=machine.memory(server.pid)["Rss"] / 1024)
        return sample


class Generator:
    """One of our own load generators (tests/bench/generators): ready once its connections stand."""

    def __init__(self, name, *arguments, core=machine.LOAD_CORE):
        self.child = machine.Child([prepare.generator(name), *arguments], core, stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def __enter__(self):
        self.child.__enter__()
        self.pipes = self.child.process
        if self.pipes.stdout.readline() != "ready\n":
            self.fail()
        return self

    def __exit__(self, *_):
        self.child.__exit__()
        for pipe in (self.pipes.stdin, self.pipes.stdout, self.pipes.stderr):
            pipe.close()

    def start(self):
        self.pipes.stdin.write("go\n")
        self.pipes.stdin.flush()

    def result(self):
        line = self.pipes.stdout.readline()
        if not line:
            self.fail()
        return json.loads(line)

    def run(self):
        self.start()
        return self.result()

    def fail(self):
        self.child.process.wait(20)
        raise workloads.Wrong(f"{' '.join(self.child.argv)}: {self.pipes.stderr.read()[-1000:]}")


def measured(server, slowest, *arguments):
    """A generator's run and its own result. slowest: which of its figures stands for the slow ones."""
    with Generator(*arguments) as generator:
        clocks = Clocks(server)
        clocks.begin()
        result = generator.run()
        sample = clocks.end(result["ok"], result["cpu"])
    sample.update(rate=result["ok"] / result["seconds"], p50=result["p50"], p99=result[slowest],
                  memory=machine.memory(server.pid)["Rss"] / 1024)
    return sample, result


def echo(place, name, seconds):
    with place.running(name) as server:
        with Generator("sockets", "echo", server.port, "/ws", CONNECTIONS, WARM_UP) as warm:
            warm.run()
        return measured(server, "p99", "sockets", "echo", server.port, "/ws", CONNECTIONS, seconds)[0]


def idle(place, name, _):
    """KiB of resident memory that each of 5,000 WebSockets adds, after one echo on each."""
    with place.running(name) as server:
        with Generator("sockets", "echo", server.port, "/ws", 1, 0.2) as warm:
            warm.run()
        time.sleep(1)
        before = machine.memory(server.pid)
        with Generator("sockets", "idle", server.port, "/ws", IDLE_SOCKETS):
            time.sleep(1)
            after = machine.memory(server.pid)
        return {"each": (after["Rss"] - before["Rss"]) / IDLE_SOCKETS, "before": before["Rss"] / 1024,
                "memory": after["Rss"] / 1024}


def broadcast(place, name, _):
    """One message to 5,000 WebSockets of a room, 30 times."""
    with place.running(name) as server:
        return measured(server, "most", "sockets", "room", server.port, "/room", ROOM, ROUNDS)[0]


def handshakes(kind):
    def measure(place, name, seconds):
        with place.running(name) as server:
            with Generator("handshakes", server.tls_port, kind, WARM_UP, HANDSHAKERS) as warm:
                warm.run()
            sample, result = measured(server, "p99", "handshakes", server.tls_port, kind, seconds, HANDSHAKERS)
            if result["errors"]:
                raise workloads.Wrong(f"{name}: {result['errors']} handshakes failed or were not {kind}")
            return sample
    return measure


SPECIAL = {"ws-echo": echo, "idle-ws": idle, "broadcast": broadcast, "tls-full": handshakes("full"),
           "tls-resumed": handshakes("resumed")}


def check(work, server):
    """Whether a few answers are right: our generators compare what they get. Raises Wrong."""
    arguments = {"ws-echo": ["sockets", "echo", server.port, "/ws", 4, 0.2],
                 "idle-ws": ["sockets", "room", server.port, "/ws", 1, 3],
                 "broadcast": ["sockets", "room", server.port, "/room", 20, 3],
                 "tls-full": ["handshakes", server.tls_port, "full", 0.3, 2],
                 "tls-resumed": ["handshakes", server.tls_port, "resumed", 0.3, 2]}[work]
    with Generator(*arguments) as generator:
        result = generator.run()
    if not result["ok"] or result.get("errors"):
        raise workloads.Wrong(f"{work}: {result}")
