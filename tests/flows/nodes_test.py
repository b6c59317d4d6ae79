"""Two nodes of two workers each, on one PostgreSQL and one Redis: what one is told, all know."""
import contextlib
import os
import pathlib
import time

import psycopg2
import pytest

import daemon
import product as product_support
import school
import wire

READERS = 1000
CONNECTIONS = 24  # to each node: that none of them reaches one of its two workers is less likely than a broken disk
LOCK = 2  # seconds after which another worker may read what one is reading still (lua/model/cache.lua)


@pytest.fixture(scope="module")
def nodes(request, stores, tmp_path_factory):
    request.module.started_daemons = []
    try:
        for _ in range(2):
            request.module.started_daemons.append(product_support.Product(
                tmp_path_factory.mktemp("node"), stores, max_connections_per_address=0))
        first, second = request.module.started_daemons
        first.prepare().start()
        yield [first, second.start()]
    finally:
        for node in request.module.started_daemons:
            node.end()


@pytest.fixture
def no_redis(stores):
    stores.stop("redis")
    try:
        yield
    finally:
        stores.start("redis")


# -- the cache: equal misses ------------------------------------------------------------------------------------------

@pytest.fixture(scope="module")
def site(nodes):
    """A published post, its address for readers, and a way to have all posts forgotten."""
    made = school.School(nodes[0])
    made.lessons = [made.lesson(), made.lesson()]
    made.approve(made.lessons.pop())
    key = made.teacher.done("content", "POST", "/v1/keys", {"name": "Website"})["key"]
    posts = nodes[0].call("content", "GET", f"/ghost/api/content/posts/?key={key}").json["posts"]
    made.target = f"/ghost/api/content/posts/slug/{posts[0]['slug']}/?key={key}"
    return made


class Statements:
    """What PostgreSQL is asked, by its own log."""

    def __init__(self, stores):
        self.environment = stores.environment()
        self.log = pathlib.Path(self.environment["PGHOST"], "postgres.log")

    def connect(self, database):
        return psycopg2.connect(host=self.environment["PGHOST"], port=self.environment["PGPORT"],
                                user=self.environment["PGUSER"], dbname=database)

    def set(self, what):
        with contextlib.closing(self.connect("postgres")) as database:
            database.autocommit = True
            with database.cursor() as rows:
                rows.execute(f"alter system {what}")
                rows.execute("select pg_reload_conf()")

    @contextlib.contextmanager
    def logged(self):
        self.set("set log_statement = 'all'")
        try:
            yield self
        finally:
            self.set("reset log_statement")

    def count(self, text):
        return self.log.read_text(errors="replace").count(text)


READS, KEYS = "from posts p where p.status", "from content_keys k where"


def read_at_once(nodes, site, statements):
    """1,000 readers of one post, on both nodes. The table is locked until no more of them come in, so that they find nothing
    that another has stored. (Not all come in meanwhile: some wait for the connection that waits for the lock.) How often
    the post was read, and how long that was held up."""
    readers = [wire.Http(nodes[i % 2].address("content"), timeout=60) for i in range(READERS)]
    request = f"GET {site.target} HTTP/1.1\r\nHost: site.example\r\n\r\n".encode()
    reads, keys = statements.count(READS), statements.count(KEYS)
    try:
        with contextlib.closing(statements.connect("toolbox_content")) as database, database.cursor() as rows:
            rows.execute("lock table posts in access exclusive mode")
            began = time.monotonic()
            for reader in readers:
                reader.send(request)
            come = 0
            while come == 0 or come < statements.count(KEYS) - keys:
                come = statements.count(KEYS) - keys
                time.sleep(0.2)
            database.rollback()
            held = time.monotonic() - began
        answers = [reader.response() for reader in readers]
    finally:
        for reader in readers:
            reader.close()
    assert come > 4, "these were no equal misses"
    assert {answer.status for answer in answers} == {200}
    assert len({answer.body for answer in answers}) == 1
    return statements.count(READS) - reads, held


def test_equal_misses_make_one_query_on_all_nodes(nodes, site, stores):
    with Statements(stores).logged() as statements:
        def read():
            before = statements.count(READS)
            assert nodes[0].call("content", "GET", site.target).status == 200
            return statements.count(READS) - before
        daemon.wait_for(lambda: statements.count(KEYS) > 0 or read(), "PostgreSQL's log")
        read()
        assert read() == 0  # it is cached
        site.approve(site.lessons.pop())  # what is published anew makes all posts be forgotten
        reads, held = read_at_once(nodes, site, statements)
        assert 1 <= reads <= 1 + held // LOCK, (reads, held)
        assert read() == 0


def test_without_redis_equal_misses_make_one_query_in_each_worker(nodes, site, stores, no_redis):
    with Statements(stores).logged() as statements:
        daemon.wait_for(lambda: nodes[0].call("content", "GET", site.target).status == 200 and statements.count(READS),
                        "PostgreSQL's log")
        reads, _ = read_at_once(nodes, site, statements)
        assert 1 <= reads <= 4, reads


# -- the end of a session ---------------------------------------------------------------------------------------------

class Session:
    """Somebody who is logged in, over connections that every worker of both nodes has some of."""

    def __init__(self, nodes):
        self.nodes = nodes
        self.person = school.Person(nodes[0], "teacher")
        self.tokens = nodes[0].call("api", "POST", "/api/v1/auth/log-in", {
            "login": self.person.login, "password": self.person.password}).json
        self.open = [wire.Http(node.address("api"), timeout=60) for node in nodes for _ in range(CONNECTIONS)]

    def close(self):
        for connection in self.open:
            connection.close()

    def statuses(self):
        headers = {"Authorization": "Bearer " + self.tokens["access_token"]}
        return [connection.request("GET", "/api/v1/me", headers).status for connection in self.open]

    def refresh(self, node, token):
        return node.call("api", "POST", "/api/v1/auth/refresh", {"refresh_token": token})

    def is_over_within(self):
        """Seconds until nobody takes the access token; then nobody takes the refresh token either."""
        began = time.monotonic()
        daemon.wait_for(lambda: set(self.statuses()) == {401}, "the end on every worker of both nodes", 20)
        took = time.monotonic() - began
        for node in self.nodes:
            assert self.refresh(node, self.tokens["refresh_token"]).status == 401
        return took


@pytest.fixture
def session(nodes):
    made = Session(nodes)
    yield made
    made.close()


def log_out(session):
    first = session.nodes[0]
    assert first.call("api", "POST", "/api/v1/auth/log-out", None, session.tokens["access_token"]).status == 204


def use_a_refresh_token_twice(session):
    stolen, (first, second) = session.tokens["refresh_token"], session.nodes
    renewed = session.refresh(second, stolen)
    assert renewed.status == 200
    session.tokens = renewed.json
    assert set(session.statuses()) == {200}
    assert session.refresh(first, stolen).status == 401


def tell(what, seconds):
    if os.environ.get("TOOLBOX_FIGURES"):
        print(f"figures: {what}: over on 4 workers of 2 nodes after {seconds * 1000:.0f} ms")


@pytest.mark.parametrize("end", [log_out, use_a_refresh_token_twice])
def test_a_session_ends_on_every_worker_of_every_node(session, end):
    assert set(session.statuses()) == {200}
    end(session)
    tell(end.__name__, session.is_over_within())


@pytest.mark.parametrize("end", [log_out, use_a_refresh_token_twice])
def test_it_does_so_without_redis(session, no_redis, end):
    assert set(session.statuses()) == {200}  # nobody is let in or kept out by Redis
    end(session)
    tell(end.__name__ + " without Redis", session.is_over_within())
