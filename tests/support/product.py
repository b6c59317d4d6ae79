"""The whole product on free ports, with a PostgreSQL and a Redis of its own."""
import json
import os
import pathlib
import re
import secrets
import subprocess
import tempfile

import daemon
import wire

DATABASES = ("education", "content", "roblox", "memory")
SERVICES = ("api", "dashboard", "bridge", "mcp", "content")


class Stores:
    """A private PostgreSQL and Redis (tools/services); either may be stopped and started again."""

    def __init__(self):
        # Below /var/tmp: reachable for the user that PostgreSQL runs as, and short enough for a socket's name.
        self.folder = tempfile.mkdtemp(prefix="toolbox-flows-", dir="/var/tmp")
        os.chmod(self.folder, 0o755)
        # Of the databases, not of a product: what one has sealed, the next one opens.
        self.keys = {f"TOOLBOX_{name}": secrets.token_hex(32) for name in ("TOKEN_SECRET", "DATA_KEY", "INDEX_KEY")}

    def run(self, *arguments):
        return subprocess.run([daemon.ROOT / "tools" / "services", *arguments], stdin=subprocess.DEVNULL, check=True,
                              capture_output=True, text=True, timeout=120)

    def start(self, *parts):
        self.run("start", self.folder, *parts, "--throw-away")
        return self

    def stop(self, *parts):
        self.run("stop", self.folder, *parts)

    def environment(self):
        return dict(re.findall(r"(\w+)=(\S+)", self.run("env", self.folder).stdout))

    def end(self):
        try:
            self.stop()
        finally:
            subprocess.run(["rm", "-rf", self.folder])


class Answer:
    def __init__(self, response):
        self.status, self.headers, self.body, self.header = (
            response.status, response.headers, response.body, response.header)

    @property
    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"<{self.status} {self.body[:500]!r}>"


class Client:
    """Speaks with the services of an installation: ports says where."""

    host = "127.0.0.1"

    def address(self, service):
        return (self.host, self.ports[service])

    def url(self, service, path=""):
        return f"http://{self.host}:{self.ports[service]}{path}"

    def call(self, service, method, target, body=None, token=None, **headers):
        """One request; a body that is no octets is sent as JSON."""
        fields = {name.replace("_", "-"): value for name, value in headers.items()}
        fields["Connection"] = "close"
        if token:
            fields["Authorization"] = f"Bearer {token}"
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
            fields.setdefault("Content-Type", "application/json")
        with wire.Http(self.address(service), timeout=60) as http:
            return Answer(http.request(method, target, fields, body))


class Product(daemon.Daemon, Client):
    """toolboxd with config/test.lua: all five services and the admin listener."""

    def __init__(self, folder, stores, **options):
        super().__init__(folder, daemon.ROOT / "config" / "test.lua", **options)
        self.stores = stores
        self.ports = {name: daemon.free_port() for name in SERVICES + ("admin",)}
        self.extra = {
            **stores.environment(),
            "TOOLBOX_TEST_PORTS": ",".join(f"{name}={port}" for name, port in self.ports.items()),
            **stores.keys,
            "TOOLBOX_MEDIA_FOLDER": str(pathlib.Path(folder) / "media"),
            **self.extra,
        }

    def prepare(self, seed=False):
        """Migrations and, if asked, the demo data."""
        for command in ["migrate"] + ["seed"] * seed:
            done = self.command(command, "--config", self.config, timeout=120)
            assert done.returncode == 0, (command, done.stdout, done.stderr)
            self.told = done.stdout
        return self

    def start(self, *options):
        # Commands work as the owner of the databases, the server as a role that may do less.
        self.spawn(*options, env={**self.environment(), "PGUSER": self.extra["TOOLBOX_DATABASE_ROLE"]})

        def ready():
            if self.process.poll() is not None:
                raise AssertionError(f"toolboxd ended with {self.process.returncode}:\n{self.tail()}")
            try:
                return all(self.call(name, "GET", "/readyz").status == 200 for name in SERVICES)
            except (OSError, wire.Closed):
                return False
        daemon.wait_for(ready, f"readiness of all services (log: {self.log})", 60)
        return self

    def sql(self, database, text):
        """What psql prints for a statement of ours."""
        done = subprocess.run(["psql", "-qAtX", "-v", "ON_ERROR_STOP=1", "-d", database, "-c", text],
                              env={**os.environ, **self.stores.environment()}, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=60, check=True)
        return done.stdout.strip()


class Installation(Product):
    """A copy of the tree with empty databases of its own."""

    def __init__(self, folder, stores, config="test.lua"):
        super().__init__(folder, stores)
        self.tree = daemon.Tree(folder / "tree", "lua", "migrations")
        os.symlink(daemon.ROOT / "tools", folder / "tree" / "tools")
        self.config = str(folder / "tree" / "config" / config)
        self.sql("template1", f"create database {self.name('education')}")
        for database in DATABASES[1:]:
            self.sql("template1", f"create database {self.name(database)}")
        self.extra.update({f"TOOLBOX_DATABASES_{database.upper()}_URL": f"postgresql:///{self.name(database)}"
                           for database in DATABASES})

    def name(self, database):
        return f"own_{os.path.basename(self.folder)[-20:].replace('-', '_')}_{database}"

    def migrate(self, *arguments):
        return self.command("migrate", "--config", self.config, *arguments, timeout=120)

    def drop(self):
        self.end()
        for database in DATABASES:
            self.sql("template1", f"drop database if exists {self.name(database)} with (force)")
