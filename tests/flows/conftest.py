"""Fixtures of the flows: conversations with a real toolboxd over real sockets. `pytest tests/flows` runs them alone."""
import pathlib
import signal
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

import contract  # noqa: E402
import daemon  # noqa: E402
import product as product_support  # noqa: E402

TEST_LIMIT = 240  # seconds after which a test is ended with a traceback of where it hung


def pytest_report_header():
    return f"generated inputs: TOOLBOX_SEED={contract.SEED} makes the same again"


@pytest.fixture(autouse=True)
def limit():
    def give_up(signum, frame):
        raise AssertionError(f"the test took longer than {TEST_LIMIT} s")
    signal.signal(signal.SIGALRM, give_up)
    signal.alarm(TEST_LIMIT)
    yield
    signal.alarm(0)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """A failure shows the end of each daemon's log."""
    outcome = yield
    report = outcome.get_result()
    if report.when == "call" and report.failed:
        for started in getattr(item, "daemons", []) + getattr(item.module, "started_daemons", []):
            report.sections.append((f"log of {pathlib.Path(started.config).name}", started.tail()))


@pytest.fixture(scope="module")
def shared(request, tmp_path_factory):
    """One conformance daemon for all tests of a module that don't harm it."""
    started = daemon.Conformance(tmp_path_factory.mktemp("daemon"),
                                 **getattr(request.module, "SETTINGS", {}))
    request.module.started_daemons = [started]
    try:
        yield started.start()
    finally:
        started.end()


@pytest.fixture
def conformance(request, tmp_path):
    """Makes conformance daemons of a test's own: conformance(tree=True, workers=1, body_limit="1 KiB")."""
    request.node.daemons = []

    def make(tree=False, start=True, **options):
        folder = tmp_path / f"daemon{len(request.node.daemons)}"
        folder.mkdir()
        copy = daemon.Tree(folder / "tree", "tests/conformance") if tree else None
        made = daemon.Conformance(folder, copy, **options)
        made.tree = copy
        request.node.daemons.append(made)
        return made.start() if start else made

    yield make
    for made in request.node.daemons:
        made.end()


@pytest.fixture(scope="session")
def stores():
    """PostgreSQL and Redis for all flows that need them; a test that stops one starts it again."""
    made = product_support.Stores()
    try:
        yield made.start()
    finally:
        made.end()


@pytest.fixture(scope="module")
def product(request, stores, tmp_path_factory):
    """All five services with demo data, for all tests of a module."""
    made = product_support.Product(tmp_path_factory.mktemp("product"), stores,
                                   **getattr(request.module, "SETTINGS", {}))
    request.module.started_daemons = [made]
    try:
        yield made.prepare(seed=True).start()
    finally:
        made.end()


@pytest.fixture
def installation(request, stores, tmp_path):
    """A copy of the tree with empty databases of its own."""
    made = product_support.Installation(tmp_path, stores)
    request.node.daemons = [made]
    yield made
    made.drop()
