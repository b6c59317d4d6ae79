"""Measurements of the product on a district: one operation at a steady rate, other routes while passwords are hashed,
reloads of all the code."""
import json
import math
import re
import threading

import district
import machine
import measures
import reloads
import workloads

CLIENTS = 16
HASHERS = 4  # log-ins on the way at any time
LIST = "/api/v1/classes"  # as an admin sees them: 20 rows and a cursor


def queries(place):
    """How many the server has made since its start."""
    text = place.server.call("admin", "GET", "/metrics").body.decode()
    return sum(float(n) for n in re.findall(r"^toolbox_pg_seconds_count\S* (\S+)", text, re.M))


def steady(place, one, rate, seconds):
    file = reloads.request_file(place.scratch, one.path, place.headers(one.service, one.role))
    return reloads.steady(place.port(one.service), file, rate, seconds, CLIENTS)


def operation(place, one, options):
    """At the steady rate. What the API answers is also asked one by one, and at full load as everything else is compared."""
    steady(place, one, options.rate, 0.2)
    asked, used = queries(place), machine.cpu_seconds(place.pid)
    result = steady(place, one, options.rate, options.seconds)
    used, asked = machine.cpu_seconds(place.pid) - used, queries(place) - asked
    sample = {"cpu": used / result["ok"] * 1e6, "queries": asked / result["ok"], "p50": result["p50"],
              "p99": result["p99"]}
    if one.service == "api":
        work = workloads.Workload(one.name, one.path, "application/json", None, headers=place.headers("api", one.role))
        for key, connections in (("alone", 1), ("full", measures.CONNECTIONS)):
            sample[key] = cpu_per_request(place.pid, place.port("api"), work, options.full_seconds, place.scratch,
                                          connections)["cpu"]
    return sample


def failed(one):
    """The sample of an operation that did not answer at that rate: every figure is missed by as much as can be."""
    return dict.fromkeys(["cpu", "queries", "p50", "p99"] + ["alone", "full"] * (one.service == "api"), math.inf)


class LogIns:
    """Log-ins one after the other on HASHERS connections, for the length of a with statement that takes `seconds`: each
    hashes a password. wrk asks for them: a client in Python takes as much of a core as it takes the server."""

    def __init__(self, place, seconds):
        body = json.dumps({"login": district.LOGINS["teacher"], "password": district.PASSWORD}).encode()
        work = workloads.Workload("log-in", "/api/v1/auth/log-in", "application/json", None, method="POST", body=body,
                                  headers={"Content-Type": "application/json"})
        self.rate, self.failed = None, None
        self.thread = threading.Thread(target=self.run, args=(place, work, seconds))

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.thread.join()

    def run(self, place, work, seconds):
        try:
            result = measures.wrk(place.port("api"), work, seconds, place.scratch, HASHERS)
            self.rate = result["requests"] / result["seconds"]
        except workloads.Wrong as fault:
            self.failed = fault


def middle(turns):
    """Of several turns without and with, the one whose ratio lies in the middle: what else this machine does for a
    moment meets one turn, not all."""
    for turn in turns:
        turn["slower"] = turn["with"]["p99"] / turn["without"]["p99"]
    return sorted(turns, key=lambda turn: turn["slower"])[len(turns) // 2]


def hashing(place, one, options):
    """The p99 of a list without and with log-ins."""
    def turn():
        without = steady(place, one, options.rate, options.turn)
        with LogIns(place, options.turn) as log_ins:
            during = steady(place, one, options.rate, options.turn)
        if log_ins.failed:
            raise log_ins.failed
        return {"without": without, "with": during, "rate": log_ins.rate}
    return middle([turn() for _ in range(options.turns)])


def reloading(place, one, options):
    file = reloads.request_file(place.scratch, one.path, place.headers(one.service, one.role))
    return middle([reloads.compare(place.port(one.service), file, place.server.control, options.rate, options.turn)
                   for _ in range(options.turns)])


def full_load(pid, port, work, seconds, folder):
    """As tools/bench measures: 64 connections, the server on one core, the generator on the other."""
    machine.pin(pid, machine.SERVER_CORE)
    measures.wrk(port, work, measures.WARM_UP, folder)
    return cpu_per_request(pid, port, work, seconds, folder)


def cpu_per_request(pid, port, work, seconds, folder, connections=measures.CONNECTIONS):
    before, used = machine.core_busy_seconds(machine.SERVER_CORE), machine.cpu_seconds(pid)
    result = measures.wrk(port, work, seconds, folder, connections)
    used, busy = machine.cpu_seconds(pid) - used, machine.core_busy_seconds(machine.SERVER_CORE) - before
    count, took = result["requests"], result["seconds"]
    return {"cpu": used / count * 1e6, "rate": count / took, "p50": result["p50"], "p99": result["p99"],
            "foreign": max(0, busy - used) / took * 100}
