"""A PostgreSQL and a Redis of our own on the load's core, with the tables of the database workloads."""
import contextlib
import pathlib
import re
import subprocess

import machine

TOOL = machine.ROOT / "tools" / "services"


class Stores:
    """For the length of a with statement. environment is what peers read."""

    def __init__(self, scratch):
        self.scratch = scratch

    def __enter__(self):
        with contextlib.ExitStack() as stack:
            # Durable as by default, in a cluster of its own.
            stack.callback(self.run, TOOL, "drop", self.scratch / "services")
            self.run("taskset", "-c", machine.LOAD_CORE, TOOL, "start", self.scratch / "services", "postgres")
            self.environment = dict(re.findall(r"(PG\w+)=(\S+)", self.run(TOOL, "env", self.scratch / "services")))
            self.environment["PGDATABASE"] = "postgres"
            self.psql("-c", "CREATE DATABASE bench")
            self.environment["PGDATABASE"] = "bench"
            self.psql("-f", str(machine.ROOT / "tests" / "bench" / "tables.sql"))
            port = machine.free_port()
            self.redis = stack.enter_context(machine.Child(
                ["redis-server", "--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir",
                 self.scratch], core=machine.LOAD_CORE, log=self.scratch / "redis.log"))
            self.redis.wait_for_port(port)
            self.run("redis-cli", "-p", port, "set", "bench:key", "v" * 64)
            self.environment["BENCH_REDIS_PORT"] = port
            self.stack = stack.pop_all()
        return self

    def __exit__(self, *_):
        self.stack.close()

    def run(self, *argv):
        return subprocess.run([str(one) for one in argv], check=True, stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, timeout=120).stdout

    def psql(self, *arguments):
        env = self.environment
        return self.run("psql", "-qAtX", "-F", " ", "-v", "ON_ERROR_STOP=1", "-h", env["PGHOST"], "-U", env["PGUSER"],
                        "-d", env["PGDATABASE"], *arguments)

    def numbers(self, ids):
        """id → random number, as the table has them now."""
        lines = self.psql("-c", f"SELECT id, randomnumber FROM world WHERE id IN ({','.join(map(str, ids))})")
        return {int(one): int(number) for one, number in (line.split() for line in lines.splitlines())}

    def renew(self):
        """The tables as at the start: no measurement inherits the dead rows of another one's updates."""
        self.psql("-c", "TRUNCATE world", "-c", "INSERT INTO world SELECT i, (i::bigint * 7919) % 10000 + 1"
                  " FROM generate_series(1, 10000) AS i", "-c", "VACUUM ANALYZE world", "-c", "CHECKPOINT")

    def cpu_seconds(self, needs):
        """CPU time of all processes of the stores that a workload needs."""
        total = 0
        if "postgres" in needs:
            folder = pathlib.Path(self.environment["PGHOST"])
            total += machine.cpu_seconds(int((folder / "pg" / "postmaster.pid").read_text().split()[0]))
        if "redis" in needs:
            total += machine.cpu_seconds(self.redis.pid)
        return total
