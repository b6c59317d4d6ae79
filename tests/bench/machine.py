"""Processes on cores of their own, and what the kernel says that they cost. Used by everything in tests/bench."""
import os
import pathlib
import re
import signal
import socket
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
SERVER_CORE, LOAD_CORE = "0", "1"  # what is measured; load generators, PostgreSQL and Redis


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def tree(pid):
    """pid and all its living descendants."""
    children = {}
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
            children.setdefault(parent, []).append(int(entry.name))
    found, todo = [], [pid]
    while todo:
        one = todo.pop()
        found.append(one)
        todo += children.get(one, [])
    return found


def cpu_seconds(pid):
    """User and system time of a process and its living descendants, exact to the nanosecond: each one's CPU clock."""
    total = 0
    for one in tree(pid):
        try:
            total += time.clock_gettime_ns(~one << 3 | 2)  # what clock_getcpuclockid(3) gives for a process
        except OSError:
            continue  # ended meanwhile
    return total / 1e9


def core_busy_seconds(core):
    """What a core has done besides idling, the time that a hypervisor took included."""
    line = re.search(rf"^cpu{core} (.*)$", pathlib.Path("/proc/stat").read_text(), re.M)[1]
    ticks = [int(n) for n in line.split()]
    return (sum(ticks[:8]) - ticks[3] - ticks[4]) / os.sysconf("SC_CLK_TCK")


def memory(pid):
    """KiB of a process and its descendants: all resident pages, and those that no other process shares and that are
    written."""
    total = {"Rss": 0, "Private_Dirty": 0}
    for one in tree(pid):
        try:
            text = pathlib.Path(f"/proc/{one}/smaps_rollup").read_text()
        except OSError:
            continue
        for name in total:
            total[name] += int(re.search(rf"^{name}: +(\d+)", text, re.M)[1])
    return total


class NotStarted(OSError):
    """A process that should listen does not."""


class Child:
    """A process in a session of its own, on one core or any, for the length of a with statement."""

    def __init__(self, argv, core=None, environment=None, log=None, **popen):
        self.argv = ["taskset", "-c", core] * bool(core) + [str(one) for one in argv]
        # Only what is meant for it: nothing of the caller's environment may change what is measured.
        self.environment = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), "LC_ALL": "C.UTF-8",
                            "PYTHONDONTWRITEBYTECODE": "1",
                            **{name: str(value) for name, value in (environment or {}).items()}}
        self.log, self.popen = log, {"stdin": subprocess.DEVNULL, **popen}

    def __enter__(self):
        with open(self.log or os.devnull, "wb") as log:
            self.process = subprocess.Popen(self.argv, env=self.environment, start_new_session=True,
                                            **{"stdout": log, "stderr": log, **self.popen})
        self.pid = self.process.pid
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            pass
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()

    def wait_for_port(self, port):
        end = time.monotonic() + 30
        while True:
            try:
                return socket.create_connection(("127.0.0.1", port), timeout=1).close()
            except OSError:
                if self.process.poll() is not None or time.monotonic() > end:
                    said = pathlib.Path(self.log).read_text(errors="replace")[-2000:] if self.log else ""
                    raise NotStarted(f"{' '.join(self.argv[:6])} … did not start:\n{said}") from None
                time.sleep(0.05)


def pin(pid, core):
    """Puts a running process with all its threads and descendants on one core."""
    for one in tree(pid):
        for task in pathlib.Path(f"/proc/{one}/task").iterdir():
            os.sched_setaffinity(int(task.name), {int(core)})


def unpin(pid):
    """Back to every core."""
    for one in tree(pid):
        for task in pathlib.Path(f"/proc/{one}/task").iterdir():
            os.sched_setaffinity(int(task.name), range(os.cpu_count()))
