"""What a measurement needs besides toolboxd: Debian packages, nginx with its Lua module, npm packages, C programs.
Does only what is missing. Below .run/bench; nothing is started or changed elsewhere but by apt."""
import shutil
import subprocess
import sys

import machine

HERE = machine.ROOT / "tests" / "bench"
FOLDER = machine.ROOT / ".run" / "bench"
NGINX = FOLDER / "nginx"
# Unpacked, never installed: a benchmark must not start a web server on somebody's machine.
UNPACKED = ["nginx", "libnginx-mod-http-ndk", "libnginx-mod-http-lua", "lua-resty-core", "lua-resty-lrucache",
            "lua-nginx-redis", "lua-nginx-websocket"]


def run(*argv, **options):
    subprocess.run([str(one) for one in argv], check=True, stdin=subprocess.DEVNULL, stdout=sys.stderr, **options)


def debian_packages():
    run(machine.ROOT / "tools" / "setup", "--bench")


def nginx():
    if (NGINX / "done").exists():
        return
    shutil.rmtree(NGINX, ignore_errors=True)
    NGINX.mkdir(parents=True)
    download = ["apt-get", "-q", "-o", "APT::Sandbox::User=root", "download", *UNPACKED]
    try:
        run(*download, cwd=NGINX)
    except subprocess.CalledProcessError:  # the lists that apt has may be too old
        run("apt-get", "-q", "update")
        run(*download, cwd=NGINX)
    for package in NGINX.glob("*.deb"):
        run("dpkg-deb", "-x", package, NGINX)
    (NGINX / "done").touch()


def npm_packages():
    """The peers in Node: their versions are in tests/bench/peers/package-lock.json."""
    folder = HERE / "peers"
    stamp = folder / "node_modules" / ".installed"
    if not stamp.exists() or stamp.stat().st_mtime < (folder / "package-lock.json").stat().st_mtime:
        run("npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error", cwd=folder)
        stamp.touch()


def program(source):
    """The path of a compiled C program of this folder."""
    source = HERE / source
    made = FOLDER / source.stem
    newest = max(one.stat().st_mtime for one in [source, *source.parent.glob("*.h")])
    if not made.exists() or made.stat().st_mtime < newest:
        FOLDER.mkdir(parents=True, exist_ok=True)
        run("cc", "-std=c17", "-O2", "-Wall", "-Wextra", "-o", made, source, "-lssl", "-lcrypto", "-pthread")
    return made


def everything():
    debian_packages()
    nginx()
    npm_packages()


def generator(name):
    return program(f"generators/{name}.c")


def versions():
    """One line for the report: what was measured beside."""
    debian = ["postgresql-15", "redis-server", "wrk", "python3-fastapi", "python3-uvicorn", "python3-uvloop",
              "python3-httptools", "python3-asyncpg", "python3-websockets", "libluajit2-5.1-2"]
    query = subprocess.run(["dpkg-query", "-W", "-f", "${Package} ${Version}, ", *debian], capture_output=True,
                           text=True)
    unpacked = [one.name.removesuffix(".deb").rpartition("_")[0].replace("_", " ").replace("%3a", ":")
                for one in sorted(NGINX.glob("*.deb"))]
    node = subprocess.run(["node", "--version"], capture_output=True, text=True).stdout.strip()
    return (f"Debian: {query.stdout}unpacked {', '.join(unpacked)}. Node {node}, npm:"
            " tests/bench/peers/package-lock.json.")
