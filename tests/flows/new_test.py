"""tools/new: what each generator writes is clean, passes its spec and serves at once."""
import ast
import shutil
import subprocess

import pytest

import daemon
from product import DATABASES

PIECES = [("resource", "badge"), ("resource", "story", "short_stories"), ("model", "pen"), ("route", "dashboard", "shelves"),
          ("sync", "poster"), ("workflow", "archive_course"), ("migration", "content", "add_badges")]
TABLES = ("badges", "short_stories", "pens")
EDITED = ("tests/flows/access_test.py", "tests/support/world.py")


@pytest.fixture
def copy(installation):
    """A copy of the tree with databases of its own and the generator in it."""
    (installation.tree / "tools").unlink()
    shutil.copytree(daemon.ROOT / "tools/skeleton", installation.tree / "tools/skeleton")
    shutil.copytree(daemon.ROOT / "tests/support", installation.tree / "tests/support")
    (installation.tree / "tests/flows").mkdir()
    for name in ("tools/new", "tools/lib.sh", ".luacheckrc", "tests/flows/access_test.py"):
        shutil.copy(daemon.ROOT / name, installation.tree / name)
    shutil.copytree(daemon.ROOT / "tests/lua/model", installation.tree / "tests/lua/model",
                    ignore=lambda _, names: set(names) - {"personal_data_spec.lua"})
    return installation


def run(copy, *command):
    return subprocess.run(command, cwd=copy.tree.root, env=copy.environment(), stdin=subprocess.DEVNULL, text=True,
                          capture_output=True, timeout=120)


def contents(copy):
    root = copy.tree.root
    return {str(path): path.read_bytes() for folder in ("lua", "migrations", "tests") for path in root.glob(folder + "/**/*")
            if path.is_file()}


def walk(copy):
    """The life of a resource as it was written, over the wire."""
    def call(method, path, body=None, who=None, **headers):
        return copy.call("api", method, path, body, token=who, **headers)

    tokens = {}
    for role in ("teacher", "student"):
        made = call("POST", "/api/v1/auth/sign-up", {"login": f"new-{role}", "password": "correct horse", "name": role,
                                                     "role": role, "birth_date": "1985-05-01"})
        assert made.status == 201, made
        tokens[role] = made.json["access_token"]
    teacher = tokens["teacher"]
    made = call("POST", "/api/v1/short-stories", {"title": "Rain"}, teacher)
    assert made.status == 201 and made.header("etag"), made
    path = made.header("location")
    assert path == f"/api/v1/short-stories/{made.json['id']}"
    assert call("POST", "/api/v1/short-stories", {}, teacher).json["errors"][0]["pointer"] == "#/title"
    assert call("POST", "/api/v1/short-stories", {"title": "Snow"}, tokens["student"]).status == 403
    assert call("PATCH", path, {"title": "Hail"}, teacher).status == 428
    changed = call("PATCH", path, {"title": "Hail"}, teacher, If_Match=made.header("etag"))
    assert (changed.status, changed.json["title"]) == (200, "Hail")
    assert call("GET", "/api/v1/short-stories", None, teacher).json == {"items": [changed.json], "next": None}
    assert call("DELETE", path, None, teacher).status == 204
    assert call("GET", path, None, teacher).status == 404
    document = call("GET", "/openapi.json").json["paths"]
    assert document["/api/v1/short-stories/{story_id}"]["get"]["operationId"] == "showStory"
    assert document["/api/v1/badges"]["post"]["summary"] == "Make a badge"


def test_what_is_written_passes_at_once(copy):
    for piece in PIECES:
        done = run(copy, "tools/new", *piece)
        assert done.returncode == 0, (piece, done.stderr)
    written = contents(copy)
    for piece in PIECES[:-1]:
        assert run(copy, "tools/new", *piece).returncode != 0, piece
    assert contents(copy) == written  # over nothing, and nothing half
    for wrong in (["model", "Not A Name"], ["resource", "x", "y-z"], ["migration", "nowhere", "x"], ["nonsense"], []):
        assert run(copy, "tools/new", *wrong).returncode == 2, wrong
    assert copy.migrate("up").returncode == 0
    for table in TABLES:
        assert copy.sql(copy.name(DATABASES[0]), f"select to_regclass('{table}') is null") == "f"
    for name in EDITED:
        ast.parse((copy.tree / name).read_text(), name)
    assert (copy.tree / EDITED[0]).read_text().count('"short-stories": {T},') == 2
    specs = sorted(str(path.relative_to(copy.tree.root)) for path in (copy.tree / "tests/lua").rglob("*_spec.lua"))
    assert len(specs) == 9
    done = run(copy, str(daemon.TOOLBOXD), "test", "--config", copy.config, *specs)
    assert done.returncode == 0 and " / 0 failures / 0 errors" in done.stdout, done.stdout + done.stderr
    checked = run(copy, "luacheck", "-q", "lua", "tests/lua")
    assert checked.returncode == 0, checked.stdout
    copy.start()
    walk(copy)
