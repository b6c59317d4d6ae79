"""toolboxd migrate: forward only, checksummed, one node at a time; a service says what its database lacks."""
import os
import subprocess

import daemon
import product as product_support
import pytest

DATABASES = ("education", "content", "roblox", "memory")


class Installation(product_support.Product):
    """A copy of the tree with empty databases of its own."""

    def __init__(self, folder, stores):
        super().__init__(folder, stores)
        self.tree = daemon.Tree(folder / "tree", "lua", "migrations")
        os.symlink(daemon.ROOT / "tools", folder / "tree" / "tools")
        self.config = str(folder / "tree" / "config" / "test.lua")
        self.sql("template1", f"create database {self.name('education')}")
        for database in DATABASES[1:]:
            self.sql("template1", f"create database {self.name(database)}")
        self.extra.update({f"TOOLBOX_DATABASES_{database.upper()}_URL": f"postgresql:///{self.name(database)}"
                           for database in DATABASES})

    def name(self, database):
        return f"migrate_{os.path.basename(self.folder)[-20:].replace('-', '_')}_{database}"

    def sql(self, database, text):
        done = subprocess.run(["psql", "-qAtX", "-v", "ON_ERROR_STOP=1", "-d", database, "-c", text],
                              env={**os.environ, **self.stores.environment()}, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=60, check=True)
        return done.stdout.strip()

    def migrate(self, *arguments):
        return self.command("migrate", "--config", self.config, *arguments, timeout=120)


@pytest.fixture
def installation(request, stores, tmp_path):
    made = Installation(tmp_path, stores)
    request.node.daemons = [made]
    yield made
    made.end()
    for database in DATABASES:
        made.sql("template1", f"drop database if exists {made.name(database)} with (force)")


def test_everything_is_applied_once(installation):
    assert installation.migrate("check").returncode == 1
    first = installation.migrate("up")
    assert first.returncode == 0 and "0001_accounts.sql applied" in first.stdout, first
    second = installation.migrate("up")
    assert second.returncode == 0 and "applied" not in second.stdout, second
    assert installation.migrate("check").returncode == 0
    assert "pending" not in installation.migrate("status").stdout


def test_two_nodes_that_migrate_at_once_take_turns(installation):
    both = [subprocess.Popen([daemon.TOOLBOXD, "migrate", "--config", installation.config], text=True,
                             env=installation.environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT) for _ in range(2)]
    told = [process.communicate(timeout=120)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0], told
    for name in sorted(os.listdir(installation.tree / "migrations" / "education")):
        if name[:4].isdigit():
            assert sum(f"{name} applied" in text for text in told) == 1, (name, told)


def test_a_file_that_was_changed_after_it_was_applied_is_named(installation):
    assert installation.migrate("up").returncode == 0
    path = installation.tree / "migrations" / "memory" / "0001_memories.sql"
    path.write_text(path.read_text() + "\n-- changed\n")
    for command in ("up", "check", "status"):
        done = installation.migrate(command)
        assert done.returncode == 1, command
        assert "0001_memories.sql was applied and has been changed since" in done.stderr


def test_a_file_that_is_missing_or_comes_too_late_is_named(installation):
    assert installation.migrate("up").returncode == 0
    folder = installation.tree / "migrations" / "roblox"
    (folder / "0000_late.sql").write_text("select 1;\n")
    assert "0000_late.sql comes before 0001_studio.sql" in installation.migrate("check").stderr
    (folder / "0000_late.sql").unlink()
    (folder / "0001_studio.sql").rename(folder / "0002_studio.sql")
    assert "0001_studio.sql was applied and is missing" in installation.migrate("check").stderr


def test_a_file_that_fails_leaves_nothing_behind(installation):
    assert installation.migrate("up").returncode == 0
    made = installation.migrate("new", "content", "add_badges")
    assert made.stdout.strip() == "migrations/content/0002_add_badges.sql"
    path = installation.tree / "migrations" / "content" / "0002_add_badges.sql"
    path.write_text("create table badges (id uuid primary key);\nselect nonsense;\n")
    failed = installation.migrate("up")
    assert failed.returncode == 1 and "0002_add_badges.sql" in failed.stderr and "nonsense" in failed.stderr
    assert installation.sql(installation.name("content"), "select to_regclass('badges') is null") == "t"
    path.write_text("create table badges (id uuid primary key);\n")
    assert installation.migrate("up").returncode == 0
    assert installation.sql(installation.name("content"), "select to_regclass('badges') is null") == "f"


def test_a_service_says_what_its_database_lacks(installation):
    for database in ("education", "content", "roblox"):
        installation.sql(installation.name(database), "create table other (id integer)")
    installation.spawn()

    def answer():
        try:
            return installation.call("api", "GET", "/readyz")
        except OSError:
            return None
    ready = daemon.wait_for(answer, "an answer", 60)
    assert ready.status == 503, ready
    lacking = {part["name"]: part["reason"] for part in ready.json["parts"] if not part["ok"]}
    assert "0001_accounts.sql" in lacking["education"]
    assert installation.migrate("up").returncode == 0
    daemon.wait_for(lambda: installation.call("api", "GET", "/readyz").status == 200, "readiness", 60)


def test_nothing_is_thrown_away_outside_of_development(installation):
    installation.extra["TOOLBOX_DEVELOPMENT"] = "false"
    refused = installation.migrate("reset", "all")
    assert refused.returncode == 2 and "development" in refused.stderr
    installation.extra["TOOLBOX_DEVELOPMENT"] = "true"
    assert installation.migrate("up").returncode == 0
    installation.sql(installation.name("memory"), "create table leftover (id integer)")
    assert installation.migrate("reset", "memory").returncode == 0
    assert installation.sql(installation.name("memory"), "select to_regclass('leftover') is null") == "t"
