"""Who is measured: how each is started, and which workloads it serves."""
import contextlib
import pathlib
import subprocess

import machine
import prepare
import workloads

PEERS = machine.ROOT / "tests" / "bench" / "peers"
CONNECTIONS_TO_POSTGRES = 16

PLAIN = {"plaintext", "plaintext-p16", "json", "json-large", "jwt"}
DATABASE = {"db1", "db20", "updates5", "fortunes"}
SOCKETS = {"ws-echo", "idle-ws"}
TLS = {"tls-full", "tls-resumed"}


def toolbox(place):
    return [machine.ROOT / "build" / "toolboxd", "serve", "--config", machine.ROOT / "config" / "bench.lua"], {
        "BENCH_WORKERS": 1, "BENCH_TLS_PORT": place.tls_port, "BENCH_DIR": place.folder}


def nginx(place):
    library = next(pathlib.Path("/usr/lib").glob("*-linux-gnu"))
    text = (PEERS / "nginx.conf.in").read_text()
    names = {"DIR": place.folder, "DEPS": prepare.NGINX, "HERE": PEERS, "PORT": place.port, "TLS_PORT": place.tls_port,
             "USER": "nobody nogroup"}
    for name, value in names.items():
        text = text.replace(f"@{name}@", str(value))
    conf = place.folder / "nginx.conf"
    conf.write_text(text)
    return [prepare.NGINX / "usr/sbin/nginx", "-e", "stderr", "-p", f"{place.folder}/", "-c", conf], {
        "LD_LIBRARY_PATH": f"{prepare.NGINX}{library}"}


def fastify(place):
    return ["node", PEERS / "fastify.mjs"], {}


def fastapi(place):
    # uvicorn's pings are put off: nobody else sends any during a measurement.
    return ["/usr/bin/python3", "-m", "uvicorn", "--app-dir", PEERS, "fastapi_app:app", "--host", "127.0.0.1", "--port",
            place.port, "--loop", "uvloop", "--http", "httptools", "--ws", "websockets", "--ws-ping-interval", "86400",
            "--backlog", "1024", "--no-access-log", "--log-level", "warning"], {}


def floor(place):
    return [prepare.program("peers/floor.c"), place.port], {}


# name → how it is started, what it serves, what it is
ALL = {
    "toolbox": (toolbox, PLAIN | DATABASE | SOCKETS | TLS | {"redis1", "static-100k", "broadcast"}),
    "nginx-lua": (nginx, PLAIN | SOCKETS | TLS | {"redis1", "static-100k"}),
    "fastify": (fastify, PLAIN | DATABASE | SOCKETS | {"redis1", "broadcast"}),
    "fastapi": (fastapi, PLAIN | DATABASE | SOCKETS | {"redis1"}),
    "floor": (floor, {"plaintext", "plaintext-p16"}),
}


def serving(names, workload):
    return [name for name in names if workload in ALL[name][1]]


class Place:
    """Where peers run: a scratch folder with the certificate and the static file, and the stores."""

    def __init__(self, folder, stores):
        self.folder, self.stores, self.started = folder, stores, 0
        (folder / "static").mkdir()
        (folder / "static" / "100k.bin").write_bytes(workloads.static_file())
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                        "-subj", "/CN=bench.test", "-addext", "subjectAltName=DNS:bench.test", "-keyout",
                        folder / "key.pem", "-out", folder / "certificate.pem"], check=True, stdin=subprocess.DEVNULL,
                       capture_output=True)

    @contextlib.contextmanager
    def running(self, name, core=machine.SERVER_CORE):
        """A peer freshly started, until the with statement ends: with .pid, .port and .tls_port."""
        self.port, self.tls_port = machine.free_port(), machine.free_port()
        self.started += 1
        argv, environment = ALL[name][0](self)
        environment = {"BENCH_PORT": self.port, "BENCH_DB_POOL": CONNECTIONS_TO_POSTGRES,
                       "BENCH_JWT_SECRET": workloads.SECRET, **self.stores.environment, **environment}
        log = self.folder / f"{name}-{self.started}.log"
        with machine.Child(argv, core, environment, log, cwd=machine.ROOT) as child:
            child.wait_for_port(self.port)
            child.port, child.tls_port = self.port, self.tls_port
            yield child
