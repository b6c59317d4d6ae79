"""Memory of a worker that serves all five services and idles: the whole product on empty databases, two workers (with a
single one the kernel would call the set of scripts, which all workers map, private)."""
import pathlib
import sys
import tempfile
import time

import machine

sys.path.insert(0, str(machine.ROOT / "tests" / "support"))

import product  # noqa: E402

WORKERS = 2
SETTLE = 5  # seconds


def workers_of(server):
    """The children of the master that stay."""
    children = server.family()
    if len(children) != WORKERS:
        raise SystemExit(f"bench: a master of {WORKERS} workers has {len(children)} children")
    return children


def measure():
    """MiB of the worker that has more."""
    stores = product.Stores()
    server = None
    with tempfile.TemporaryDirectory(prefix="toolbox-bench-") as folder:
        try:
            server = product.Product(pathlib.Path(folder), stores.start(), workers=WORKERS, check_answers="false",
                                     reload_pages="false", development="false")
            server.prepare().start()
            time.sleep(SETTLE)
            used = [machine.memory(pid) for pid in workers_of(server)]
            return {"rss": max(one["Rss"] for one in used) / 1024,
                    "dirty": max(one["Private_Dirty"] for one in used) / 1024}
        finally:
            if server:
                server.end()
            stores.end()
