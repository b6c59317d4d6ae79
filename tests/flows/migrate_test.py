"""toolboxd migrate: forward only, checksummed, one node at a time; a service says what its database lacks."""
import os
import shutil
import subprocess

import daemon
from product import DATABASES


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


def test_the_schema_in_the_tree_is_what_the_migrations_make(installation):
    installation.extra["TOOLBOX_SCHEMA_FILES"] = "true"
    for database in DATABASES:
        (installation.tree / "migrations" / database / "schema.sql").unlink()
    assert installation.migrate("up").returncode == 0
    for database in DATABASES:
        name = f"migrations/{database}/schema.sql"
        assert (installation.tree / name).read_text() == (daemon.ROOT / name).read_text(), (
            f"{name} is old: tools/dev --setup writes it anew")
    assert "written" not in installation.migrate("up").stdout
    bare = installation.folder / "bin"
    bare.mkdir()
    (bare / "ls").symlink_to(shutil.which("ls"))
    installation.extra["PATH"] = str(bare)
    assert "no pg_dump" in installation.migrate("up").stdout


def refusal(installation):
    """Why the server does not start: one line, exit 2."""
    offset = installation.log.stat().st_size if installation.log.exists() else 0
    installation.spawn()
    assert installation.process.wait(daemon.DEADLINE) == 2, installation.tail()
    said = installation.log.read_text()[offset:]
    assert said.startswith("toolboxd: ") and said.count("\n") == 1, said
    return said


def test_a_server_does_not_start_on_a_missing_or_changed_migration(installation):
    said = refusal(installation)
    assert "education: not applied: 0001_accounts.sql, 0002_classes.sql" in said and "migrate up" in said
    assert installation.migrate("up").returncode == 0
    path = installation.tree / "migrations" / "memory" / "0001_memories.sql"
    text = path.read_text()
    path.write_text(text + "\n-- changed\n")
    assert "memory: 0001_memories.sql was applied and has been changed since" in refusal(installation)
    checked = installation.command("check", "--config", installation.config, "--start")
    assert checked.returncode == 2 and "0001_memories.sql" in checked.stderr, checked
    assert installation.command("check", "--config", installation.config).returncode == 0
    path.write_text(text)
    installation.start()


def test_a_server_starts_without_its_database_and_says_so(installation):
    assert installation.migrate("up").returncode == 0
    installation.sql("template1", f"alter database {installation.name('memory')} rename to {installation.name('away')}")
    installation.spawn()

    def answer():
        try:
            return installation.call("api", "GET", "/readyz")
        except OSError:
            return None
    ready = daemon.wait_for(answer, "an answer", 60)
    assert ready.status == 503, ready
    assert [part["name"] for part in ready.json["parts"] if not part["ok"]] == ["memory"]
    installation.sql("template1", f"alter database {installation.name('away')} rename to {installation.name('memory')}")
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
