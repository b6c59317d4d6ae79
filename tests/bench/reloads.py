"""Requests at a fixed rate while the server's code is exchanged, against the same without. Used by tools/bench on the
service of tests/bench/service; the whole product is measured by tools/bench --api."""
import socket
import threading
import time

import measures
import workloads

RATE, CONNECTIONS = 5000, 64
EVERY = 1.0  # seconds from one reload to the next


def ask(control):
    """One reload, asked over the control socket as `toolboxd reload` does; the answer. The start of that process itself
    takes a core for as long as the reload does, and belongs to no server."""
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(30)
        client.connect(str(control))
        client.sendall(b"reload\n")
        return b"".join(iter(lambda: client.recv(4096), b"")).decode()


class Reloads:
    """Reloads again and again in the background, for the length of a with statement."""

    def __init__(self, control):
        self.control, self.times, self.failed, self.over = control, [], None, threading.Event()
        self.thread = threading.Thread(target=self.work)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()

    def work(self):
        while not self.over.is_set():
            begin = time.monotonic()
            answer = ask(self.control)
            self.times.append(time.monotonic() - begin)
            if not answer.startswith("ok\n"):
                self.failed = answer
                return
            self.over.wait(max(0, EVERY - self.times[-1]))


def request_file(folder, path, headers=()):
    """A GET as it goes over the wire."""
    lines = [f"GET {path} HTTP/1.1", "Host: 127.0.0.1", *(f"{name}: {value}" for name, value in dict(headers).items())]
    file = folder / "request"
    file.write_text("\r\n".join(lines) + "\r\n\r\n", newline="")
    return file


def steady(port, file, rate, seconds, connections=CONNECTIONS):
    """One run at a fixed rate; what did not come, or not with 200, ends the measurement."""
    with measures.Generator("rate", port, rate, seconds, connections, file, core=None) as generator:
        result = generator.run()
    if result["refused"] or result["lost"]:
        raise workloads.Wrong(f"at {rate} requests per second: {result}")
    return result


def compare(port, file, control, rate, seconds):
    """{"without", "with": samples of generators/rate.c, "reloads": how many, "took": median seconds of one}"""
    steady(port, file, rate, 1)
    without = steady(port, file, rate, seconds)
    with Reloads(control) as reloads:
        during = steady(port, file, rate, seconds)
    if reloads.failed:
        raise workloads.Wrong(f"a reload failed: {reloads.failed}")
    times = sorted(reloads.times)
    return {"without": without, "with": during, "reloads": len(times), "took": times[len(times) // 2]}


def measure(place, seconds):
    """Nothing is pinned here: while new code is loaded, candidate and side thread take the core that is free."""
    with place.running("toolbox", core=None) as server:
        return compare(server.port, request_file(place.folder, "/json"), place.folder / "bench.sock", RATE, seconds)
