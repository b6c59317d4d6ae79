"""tools/new: what each generator writes is clean and passes its spec at once."""
import shutil
import subprocess

import pytest

import daemon
from product import DATABASES

PIECES = [("model", "badge"), ("route", "api", "badges"), ("sync", "poster"), ("workflow", "archive_course"),
          ("migration", "content", "add_badges")]


@pytest.fixture
def copy(installation):
    """A copy of the tree with databases of its own and the generator in it."""
    (installation.tree / "tools").unlink()
    (installation.tree / "tools").mkdir()
    for name in ("tools/new", "tools/lib.sh", ".luacheckrc"):
        shutil.copy(daemon.ROOT / name, installation.tree / name)
    shutil.copytree(daemon.ROOT / "tests/support", installation.tree / "tests/support")
    return installation


def run(copy, *command):
    return subprocess.run(command, cwd=copy.tree.root, env=copy.environment(), stdin=subprocess.DEVNULL, text=True,
                          capture_output=True, timeout=120)


def test_what_is_written_passes_at_once(copy):
    for piece in PIECES:
        done = run(copy, "tools/new", *piece)
        assert done.returncode == 0, (piece, done.stderr)
    assert run(copy, "tools/new", "model", "badge").returncode != 0  # writes over nothing
    for wrong in (["model", "Not A Name"], ["migration", "nowhere", "x"], ["nonsense"], []):
        assert run(copy, "tools/new", *wrong).returncode == 2, wrong
    assert copy.migrate("up").returncode == 0
    assert copy.sql(copy.name(DATABASES[0]), "select to_regclass('badges') is null") == "f"
    specs = sorted(str(path.relative_to(copy.tree.root)) for path in (copy.tree / "tests/lua").rglob("*_spec.lua"))
    assert len(specs) == 4
    done = run(copy, str(daemon.TOOLBOXD), "test", "--config", copy.config, *specs)
    assert done.returncode == 0 and " / 0 failures / 0 errors" in done.stdout, done.stdout + done.stderr
    checked = run(copy, "luacheck", "-q", "lua/model/badge.lua", "lua/services/api/badges.lua", "lua/sync/poster.lua",
                  "lua/workflows/archive_course.lua", "tests/lua")
    assert checked.returncode == 0, checked.stdout
