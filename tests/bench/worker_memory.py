"""Memory of a worker that serves all five services and idles: the whole product, one worker, empty databases."""
import pathlib
import sys
import tempfile
import time

import machine

sys.path.insert(0, str(machine.ROOT / "tests" / "support"))

import product  # noqa: E402


def worker_of(server):
    """The one child of the master that stays."""
    children = server.family()
    if len(children) != 1:
        raise SystemExit(f"bench: a master with one worker has {len(children)} children")
    return children[0]


def measure():
    stores = product.Stores()
    server = None
    with tempfile.TemporaryDirectory(prefix="toolbox-bench-") as folder:
        try:
            server = product.Product(pathlib.Path(folder), stores.start(), workers=1, check_answers="false",
                                     reload_pages="false", development="false")
            server.prepare().start()
            for name in product.SERVICES:  # each has worked once
                server.call(name, "GET", "/healthz")
            time.sleep(5)
            used = machine.memory(worker_of(server))
            return {"rss": used["Rss"] / 1024, "dirty": used["Private_Dirty"] / 1024}
        finally:
            if server:
                server.end()
            stores.end()
