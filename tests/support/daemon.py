"""Starts toolboxd for a test and sees that nothing of it is left behind."""
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import time

import wire

ROOT = pathlib.Path(__file__).resolve().parents[2]
TOOLBOXD = os.environ.get("TOOLBOXD", str(ROOT / "build" / "toolboxd"))
DEADLINE = 30


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_for(condition, what, deadline=DEADLINE):
    """Returns condition()'s first true value."""
    end = time.monotonic() + deadline
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"{what} did not come within {deadline} s")
        time.sleep(0.02)


def processes():
    """pid → parent's pid, of all processes that live."""
    found = {}
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                rest = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if rest[0] != "Z":
                found[int(entry.name)] = int(rest[1])
    return found


def alive(pid):
    return pid in processes()


class Tree:
    """A private copy of what a configuration needs, so that a test may edit it."""

    def __init__(self, folder, *parts):
        self.root = pathlib.Path(folder)
        for part in ("config",) + parts:
            shutil.copytree(ROOT / part, self.root / part, symlinks=True)

    def __truediv__(self, name):
        return self.root / name

    def write(self, name, text):
        """Replaces a file in one step, as editors do."""
        path = self.root / name
        fresh = path.with_name(path.name + ".new")
        fresh.write_text(text)
        os.replace(fresh, path)


class Daemon:
    """toolboxd with a configuration. Options are settings, given by the environment (body_limit="1 KiB")."""

    def __init__(self, folder, config, environment=(), workers=2, **settings):
        self.folder = pathlib.Path(folder)
        self.config = str(config)
        self.log = self.folder / "log"
        self.control = str(self.folder / "control")
        self.workers_wanted = workers
        self.extra = dict(environment)
        self.extra.update({f"TOOLBOX_{name.upper()}": str(value) for name, value in settings.items()})
        self.process = None
        self.spawned = set()

    def environment(self):
        # Nothing of the caller's TOOLBOX_ variables may leak into a test.
        env = {k: v for k, v in os.environ.items() if not k.startswith("TOOLBOX_")}
        env.update(TOOLBOX_CONTROL=self.control, TOOLBOX_WORKERS=str(self.workers_wanted))
        env.update(self.extra)
        return env

    def spawn(self, *options, env=None, **popen):
        """Starts it without waiting until it serves."""
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [TOOLBOXD, "serve", "--config", self.config, *options], env=env or self.environment(), stdin=subprocess.DEVNULL,
                stdout=log, stderr=log, start_new_session=True, cwd=self.folder, **popen)
        self.spawned.add(self.process.pid)
        return self

    def command(self, *arguments, timeout=DEADLINE):
        return subprocess.run([TOOLBOXD, *arguments], env=self.environment(), stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=timeout, cwd=self.folder)

    def reload(self):
        return self.command("reload")

    def status(self):
        return self.command("status")

    def lines(self):
        """The log so far, each line decoded; a line that is no JSON is an error of its own."""
        out = []
        for line in self.log.read_text(errors="replace").splitlines():
            try:
                out.append(json.loads(line))
            except ValueError:
                out.append({"level": "unreadable", "message": line})
        return out

    def tail(self):
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-40:]) if self.log.exists() else ""

    def family(self):
        """Pids of the master's children."""
        return [pid for pid, parent in processes().items() if parent == self.process.pid]

    def stop(self):
        """Ends it in good order and returns its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(DEADLINE)

    def end(self):
        """For the end of a test: nothing survives, whatever happened."""
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(DEADLINE)
            except subprocess.TimeoutExpired:
                pass
        for leader in self.spawned:
            try:
                os.killpg(leader, signal.SIGKILL)
            except ProcessLookupError:
                pass
        if self.process:
            self.process.wait(DEADLINE)


class Conformance(Daemon):
    """The services of tests/conformance on a free port, on a private tree if one is given."""

    def __init__(self, folder, tree=None, **options):
        root = tree.root if tree else ROOT
        super().__init__(folder, root / "config" / "conformance.lua", **options)
        self.port = free_port()
        self.extra.setdefault("TOOLBOX_LISTEN", f"127.0.0.1:{self.port}")
        self.address = ("127.0.0.1", self.port)

    def start(self, *options):
        self.spawn(*options)
        return self.wait()

    def wait(self):
        """Until it serves."""
        def serves():
            if self.process.poll() is not None:
                raise AssertionError(f"toolboxd ended with {self.process.returncode}:\n{self.tail()}")
            try:
                with self.http() as http:
                    return http.get("/healthz").status == 200
            except (OSError, wire.Closed):
                return False
        wait_for(serves, f"an answer of toolboxd (log: {self.log})")
        return self

    def http(self, **options):
        return wire.Http(self.address, **options)

    def websocket(self, path="/ws", headers=(), **options):
        return wire.WebSocket(self.address, path, headers, **options)

    def get(self, target, **headers):
        """One request on a connection of its own."""
        with self.http() as http:
            return http.get(target, **headers)

    def whoami(self):
        return json.loads(self.get("/whoami").body)

    def worker_pids(self):
        """All workers, found by asking until each has answered."""
        return sorted(wait_for(lambda: self._collect(), "an answer of each worker"))

    def _collect(self):
        seen = {}
        for _ in range(64):
            me = self.whoami()
            seen[me["worker"]] = me["pid"]
            if len(seen) == self.workers_wanted:
                return set(seen.values())
        return None
