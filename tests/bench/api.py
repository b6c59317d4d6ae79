#!/usr/bin/python3
"""Every list of the API and every page of the dashboard on one district: server CPU, queries and p99 at a steady rate.
Beside them: a list while passwords are hashed and while code is reloaded, and the same list with fastify and FastAPI.

  tools/bench --api                    all of it on the district in .run/district, filled if it is not there
  tools/bench --api --fill             only fills it (for long: half an hour on a slow machine)
  tools/bench --api --data DIR         the district lies there
  tools/bench --api --quick            a hundredth of a district in .run/district-small: shows that it works
  tools/bench --api --only classes     operations whose name contains this
  tools/bench --api --parts operations,hashing,reload,peers
  tools/bench --api --no-save          prints only; else tests/results/bench-api-DATE.md is written

About 8 minutes on a district that is there. How it measures is said in the report.
"""
import argparse
import pathlib
import shutil
import signal
import sys
import tempfile

import api_measures
import api_report
import district
import list_peers
import machine
import operations
import prepare
import report
import workloads

PARTS = ["operations", "hashing", "reload", "peers"]


def parse():
    parser = argparse.ArgumentParser(prog="bench --api", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    for flag in ("--api", "--quick", "--fill", "--no-save"):
        parser.add_argument(flag, action="store_true")
    parser.add_argument("--data", type=pathlib.Path)
    parser.add_argument("--scale", type=float)
    parser.add_argument("--rate", type=float, default=200)
    parser.add_argument("--seconds", type=float, help="for each operation")
    parser.add_argument("--only")
    parser.add_argument("--parts", default=",".join(PARTS))
    options = parser.parse_args()
    unknown = set(options.parts.split(",")) - set(PARTS)
    if unknown:
        parser.error(f"unknown parts: {', '.join(unknown)}; there are {', '.join(PARTS)}")
    options.scale = options.scale or (0.01 if options.quick else 1)
    default = machine.ROOT / ".run" / ("district-small" if options.quick else "district")
    options.data = (options.data or default).resolve()
    options.seconds = options.seconds or (1 if options.quick else 3)
    options.full_seconds = 1  # each list at full load
    options.turns, options.turn = (1, 2) if options.quick else (5, 8)  # seconds, hashing and reload
    options.rounds, options.compare_seconds = (1, 2) if options.quick else (3, 4)
    return options


def say(*words):
    print(*words, file=sys.stderr, flush=True)


def measure_operations(place, options, faults):
    rows = []
    for one in operations.everything(place, options.only):
        try:
            sample = api_measures.operation(place, one, options) if one.role else None
        except workloads.Wrong as fault:
            faults.append(f"{one.name}: {fault}")
            sample = api_measures.failed(one)
        rows.append((one, sample))
        say(f"{one.name}: " + (", ".join(f"{key} {value:.4g}" for key, value in sample.items()) if sample else "nothing"))
    return rows


def measure(place, options, faults):
    """part → what was found; faults gets what failed"""
    one = operations.Operation("api", f"GET {api_measures.LIST}", api_measures.LIST, "admin")
    parts = {"operations": lambda: measure_operations(place, options, faults),
             "hashing": lambda: api_measures.hashing(place, one, options),
             "reload": lambda: api_measures.reloading(place, one, options),
             "peers": lambda: list_peers.compare(place, one, options)}
    found = {}
    for name in PARTS:
        if name in options.parts.split(","):
            say(f"bench: {name}")
            try:
                found[name] = parts[name]()
            except workloads.Wrong as fault:
                faults.append(f"{name}: {fault}")
    return found


def main():
    options = parse()
    prepare.everything()
    district.product.daemon.DEADLINE = 120  # seconds that a command or a stop may take
    for end in (signal.SIGINT, signal.SIGTERM):  # with statements end
        signal.signal(end, signal.default_int_handler)
    scratch = pathlib.Path(tempfile.mkdtemp(prefix="toolbox-bench-"))
    try:
        with district.District(options.data, scratch, options.scale, serve=not options.fill) as place:
            if options.fill:
                print(place.size())
                return 0
            size, faults = place.size(), []
            found = measure(place, options, faults)
    except workloads.Wrong as fault:
        say("bench:", fault)
        return 1
    except KeyboardInterrupt:
        return 130
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    text = api_report.text(found, faults, size, options)
    print(text)
    if not options.no_save:
        report.save("bench-api", text)
    for fault in faults:
        say("bench: FAILED:", fault)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
