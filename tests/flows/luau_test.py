"""What runs inside Roblox is Luau: Luau's own compiler takes every file that we serve."""
import json
import subprocess

from daemon import ROOT

CLIENT = ROOT / "tests" / "support" / "clients" / "luau.mjs"


def compile_files(*files):
    done = subprocess.run(["node", CLIENT, *files], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_every_file_compiles():
    files = sorted(str(path) for path in (ROOT / "lua" / "roblox").rglob("*.luau"))
    assert len(files) >= 10
    assert compile_files(*files) == dict.fromkeys(files)


def test_a_broken_file_is_found(tmp_path):
    broken = tmp_path / "Broken.luau"
    broken.write_text("local x = = 1\n")
    assert "Expected identifier" in compile_files(str(broken))[str(broken)]
