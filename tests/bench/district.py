"""The whole product on a district, one worker, and somebody of each role signed in. The district's databases stay where
they are from run to run: filling them takes long."""
import json
import os
import pathlib
import secrets
import subprocess
import sys
import time
import urllib.parse

import machine

sys.path.insert(0, str(machine.ROOT / "tests" / "support"))

import product  # noqa: E402

PASSWORD = "district-password-1"
LOGINS = {"teacher": "d1-teacher-1", "admin": "d1-admin-1", "student": "d1-student-1", "parent": "d1-parent-1"}
TOKEN_LIFE = 600  # seconds after which we log in again; tokens live for 900


class Kept(product.Stores):
    """A PostgreSQL and a Redis whose data, and the keys of it, outlive the run."""

    def __init__(self, folder):
        self.folder = str(folder)
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / "keys.json"
        if not file.exists():
            file.write_text(json.dumps({f"TOOLBOX_{name}": secrets.token_hex(32)
                                        for name in ("TOKEN_SECRET", "DATA_KEY", "INDEX_KEY")}))
            file.chmod(0o600)
        self.keys = json.loads(file.read_text())

    def end(self):
        self.stop()


class District:
    """For the length of a with statement."""

    def __init__(self, data, scratch, scale, serve=True):
        self.stores, self.scratch, self.scale, self.serve = Kept(data), pathlib.Path(scratch), scale, serve
        self.signed_in = {}

    def __enter__(self):
        try:
            self.stores.start()
            self.server = product.Product(self.scratch, self.stores, workers=1, check_answers="false",
                                          reload_pages="false", rate_limit=10_000_000, auth_rate_limit=10_000_000)
            self.toolboxd("migrate")
            if self.psql("select exists (select from users where login = 'd1-teacher-1')") == "f":
                print("bench: filling the district", file=sys.stderr, flush=True)
                print(self.toolboxd("seed", "--district", "--scale", str(self.scale)), file=sys.stderr, flush=True)
            if self.serve:
                self.server.extra["TOOLBOX_DEVELOPMENT"] = "false"  # only filling needed it
                self.server.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        if hasattr(self, "server"):
            self.server.end()
        self.stores.end()

    def psql(self, text):
        environment = {**os.environ, **self.stores.environment()}
        return subprocess.run(["psql", "-qAtX", "-v", "ON_ERROR_STOP=1", "-d", "toolbox_education", "-c", text],
                              env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True,
                              timeout=600).stdout.strip()

    def toolboxd(self, command, *arguments):
        """What it prints. On ten million rows commands take long."""
        done = self.server.command(command, "--config", self.server.config, *arguments, timeout=7200)
        if done.returncode != 0:
            raise SystemExit(f"bench: toolboxd {command}: {done.stdout}{done.stderr}")
        return done.stdout

    def size(self):
        """For the report: what the district holds."""
        counts = self.psql("select (select count(*) from schools) || ' schools, ' || (select count(*) from users) ||"
                           " ' people, ' || (select count(*) from progress) || ' rows of progress'")
        return f"{counts}, {self.psql('select pg_size_pretty(pg_database_size(current_database()))')}"

    def log_in(self, role):
        body = {"login": LOGINS[role], "password": PASSWORD}
        answer = self.server.call("api", "POST", "/api/v1/auth/log-in", body)
        form = self.server.call("dashboard", "POST", "/login", urllib.parse.urlencode(body).encode(),
                                Content_Type="application/x-www-form-urlencoded")
        return {"api": {"Authorization": "Bearer " + answer.json["access_token"]},
                "dashboard": {"Cookie": form.header("set-cookie").partition(";")[0]}}

    def headers(self, service, role):
        """By which somebody of this role is known to a service."""
        known = self.signed_in.get(role)
        if not known or time.monotonic() - known[0] > TOKEN_LIFE:
            known = self.signed_in[role] = (time.monotonic(), self.log_in(role))
        return known[1][service]

    def get(self, service, path, role):
        return self.server.call(service, "GET", path, **self.headers(service, role))

    def port(self, service):
        return self.server.ports[service]

    @property
    def pid(self):
        return self.server.process.pid
