#!/usr/bin/python3
"""Every list of the API and every page of the dashboard on one district: server CPU, queries and p99 at a steady rate.

  tools/bench --api                    the whole district (half an hour to fill), 200 requests/s for 5 s each
  tools/bench --api --scale 0.01       a hundredth of it: shows that it works
  tools/bench --api --only classes     operations whose name contains this
  tools/bench --api --no-save          prints only; else tests/results/bench-api-DATE.md is written

One worker. A request's time counts from when it was due, so a server that falls behind is not spared. The generator
runs on the same machine: p99 holds what both and PostgreSQL need; the CPU time is the worker's alone. The asked figures
are 20 ms, and for lists 150 µs and 3 queries.
"""
import argparse
import datetime
import itertools
import json
import pathlib
import platform
import re
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))

import daemon  # noqa: E402
import product  # noqa: E402
import wire  # noqa: E402

PASSWORD = "district-password-1"
LOGINS = {"teacher": "d1-teacher-1", "admin": "d1-admin-1", "student": "d1-student-1", "parent": "d1-parent-1"}
ASKED_P99, ASKED_CPU, ASKED_QUERIES = 20, 150, 3  # ms, µs, per request
CLIENTS, WARM_UP = 16, 30


class Target:
    """One operation as somebody calls it."""

    def __init__(self, service, name, path, role, headers):
        self.service, self.name, self.path, self.role, self.headers = service, name, path, role, headers


class Installation:
    """One worker on a district, and somebody of each role signed in."""

    def __init__(self, folder, stores, scale):
        self.server = product.Product(folder, stores, workers=1, check_answers="false", reload_pages="false",
                                      rate_limit=10_000_000, auth_rate_limit=10_000_000)
        self.server.prepare()
        done = self.server.command("seed", "--config", self.server.config, "--district", "--scale", str(scale),
                                   timeout=7200)
        assert done.returncode == 0, done
        print(done.stdout, file=sys.stderr)
        self.server.start()
        self.tokens = {role: self.token(login) for role, login in LOGINS.items()}
        self.cookies = {role: self.cookie(login) for role, login in LOGINS.items()}

    def token(self, login):
        answer = self.server.call("api", "POST", "/api/v1/auth/log-in", {"login": login, "password": PASSWORD})
        return answer.json["access_token"]

    def cookie(self, login):
        form = urllib.parse.urlencode({"login": login, "password": PASSWORD}).encode()
        answer = self.server.call("dashboard", "POST", "/login", form,
                                  Content_Type="application/x-www-form-urlencoded")
        return answer.header("set-cookie").partition(";")[0]

    def headers(self, service, role):
        if service == "api":
            return {"Authorization": "Bearer " + self.tokens[role]}
        return {"Cookie": self.cookies[role]}

    def get(self, service, path, role):
        return self.server.call(service, "GET", path, **self.headers(service, role))

    def an_id(self, collection, role):
        """Of an object that this person sees, or None."""
        answer = self.get("api", f"{collection}?limit=1", role)
        items = answer.json.get("items") if answer.status == 200 else None
        return items[0].get("id") if items else None

    def filled(self, path, collections, role):
        for name in re.findall(r"\{(\w+)\}", path):
            known = name in collections and self.an_id(collections[name], role)
            if not known:
                return None
            path = path.replace("{%s}" % name, known)
        return path

    def target(self, service, name, path, collections):
        """As the first role that is answered; None if there is nothing in the district to ask for."""
        for role in LOGINS:
            filled = self.filled(path, collections, role)
            if filled and self.get(service, filled, role).status == 200:
                return Target(service, name, filled, role, self.headers(service, role))
        return None

    def targets(self):
        """(name, target or None) of all lists and pages."""
        document = json.loads(self.server.call("api", "GET", "/openapi.json").body)
        collections = {}
        lists = []
        for path, methods in document["paths"].items():
            parameters = methods.get("get", {}).get("parameters", [])
            for each in itertools.chain.from_iterable(m.get("parameters", []) for m in methods.values()):
                if each["in"] == "path" and "x-resource" in each["schema"]:
                    collections[each["name"]] = each["schema"]["x-resource"]
            if any(each["in"] == "query" and each["name"] == "limit" for each in parameters):
                lists.append(path)
        prefix = urllib.parse.urlparse(document["servers"][0]["url"]).path.rstrip("/")
        for path in lists:
            yield f"api GET {path}", self.target("api", f"api GET {path}", prefix + path, collections)
        routes = self.server.command("routes", "--config", self.server.config, "dashboard", timeout=60).stdout
        for path in re.findall(r"^dashboard +GET +(\S+)", routes, re.M):
            if path.startswith(("/login", "/ui/", "/healthz", "/readyz")):
                continue
            yield f"page GET {path}", self.target("dashboard", f"page GET {path}", path, collections)

    def cpu(self):
        """Nanoseconds that the server's processes have run."""
        total = 0
        for pid in [self.server.process.pid] + self.server.family():
            for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
                total += int((task / "schedstat").read_text().split()[0])
        return total

    def queries(self):
        text = self.server.call("admin", "GET", "/metrics").body.decode()
        return sum(float(n) for n in re.findall(r"^toolbox_pg_seconds_count\S* (\S+)", text, re.M))


class Rate:
    """Requests that are due one after the other, sent by as many clients as it takes."""

    def __init__(self, address, target, rate, count):
        self.address, self.target, self.rate, self.count = address, target, rate, count
        self.numbers, self.lock = iter(range(count)), threading.Lock()
        self.times, self.failures = [], []

    def run(self):
        self.begin = time.perf_counter() + 0.05
        threads = [threading.Thread(target=self.client) for _ in range(CLIENTS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if self.failures:
            raise SystemExit(f"bench: {self.target.name}: {self.failures[0]}")
        return sorted(self.times)

    def client(self):
        try:
            with wire.Http(self.address, timeout=60) as http:
                while (number := self.next()) is not None:
                    due = self.begin + number / self.rate
                    time.sleep(max(0, due - time.perf_counter()))
                    answer = http.get(self.target.path, **self.target.headers)
                    assert answer.status == 200, answer
                    self.times.append(time.perf_counter() - due)
        except (AssertionError, OSError, wire.Closed) as failure:
            self.failures.append(repr(failure))

    def next(self):
        with self.lock:
            return next(self.numbers, None)


def measure(installation, target, options):
    address = installation.server.address(target.service)
    Rate(address, target, options.rate, WARM_UP).run()
    count = max(int(options.rate * options.seconds), 100)
    queries, cpu = installation.queries(), installation.cpu()
    times = Rate(address, target, options.rate, count).run()
    cpu, queries = installation.cpu() - cpu, installation.queries() - queries
    return {"cpu": cpu / count / 1000, "queries": queries / count, "p50": times[count // 2] * 1000,
            "p99": times[count * 99 // 100] * 1000}


def over(target, row):
    """Which asked figures a row misses."""
    missed = ["p99"] * (row["p99"] > ASKED_P99)
    if target.service == "api":
        missed += ["CPU"] * (row["cpu"] > ASKED_CPU) + ["queries"] * (round(row["queries"]) > ASKED_QUERIES)
    return ", ".join(missed)


def table(installation, options):
    yield "| operation | as | CPU µs | queries | p50 ms | p99 ms | over |"
    yield "| --- | --- | ---: | ---: | ---: | ---: | --- |"
    for name, target in installation.targets():
        if options.only and options.only not in name:
            continue
        if not target:
            yield f"| {name} | – | | | | | nothing to ask for in the district |"
            continue
        row = measure(installation, target, options)
        yield (f"| {name} | {target.role} | {row['cpu']:.0f} | {row['queries']:.1f} | {row['p50']:.1f} |"
               f" {row['p99']:.1f} | {over(target, row)} |")


def head(options):
    commit = subprocess.run(["git", "-C", ROOT, "rev-parse", "--short", "HEAD"], capture_output=True, text=True)
    return (f"# API on a district of scale {options.scale:g}\n\n{datetime.date.today()}, commit"
            f" {commit.stdout.strip() or 'unknown'}, `tools/bench {' '.join(sys.argv[1:])}`, {platform.machine()},"
            f" {options.rate:g} requests/s for {options.seconds:g} s each, one worker.\n")


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--api", action="store_true")
    parser.add_argument("--scale", type=float, default=1)
    parser.add_argument("--rate", type=float, default=200)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--only")
    parser.add_argument("--no-save", action="store_true")
    return parser.parse_args()


def main():
    options = parse()
    stores = product.Stores()
    installation, lines = None, [head(options)]
    print(lines[0])
    with tempfile.TemporaryDirectory(prefix="toolbox-bench-") as folder:
        try:
            installation = Installation(folder, stores.start(), options.scale)
            for line in table(installation, options):
                print(line, flush=True)
                lines.append(line)
        finally:
            if installation:
                installation.server.end()
            stores.end()
    if not options.no_save:
        results = ROOT / "tests" / "results"
        results.mkdir(exist_ok=True)
        (results / f"bench-api-{datetime.date.today()}.md").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    daemon.DEADLINE = 120
    main()
