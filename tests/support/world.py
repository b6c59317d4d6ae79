"""People, and one object of each collection, made through the API: so that requests made from the document hit something."""
import base64
import hashlib
import hmac
import json
import time
import urllib.parse
import uuid

import contract
import daemon
import product as product_support
import wire

SIGNED_UP = ("teacher", "student", "parent")
ROLES = SIGNED_UP + ("admin",)  # the admin is the demo school's, whom none of the others belongs to


def segment(octets):
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def token_like(token, secret, **claims):
    """A token as the one given but for some claims, signed with the installation's secret."""
    body = token.split(".")[1]
    made = {**json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))), **claims}
    text = segment(b'{"alg":"HS256","typ":"JWT"}') + "." + segment(json.dumps(made).encode())
    return text + "." + segment(hmac.new(secret.encode(), text.encode(), hashlib.sha256).digest())


class World:
    def __init__(self, product):
        self.product, self.http = product, None
        # On a machine with more to do than it can, the first one may take longer than a script may.
        written = daemon.wait_for(lambda: (lambda a: a if a.status == 200 else None)(
            product.call("api", "GET", "/openapi.json")), "the document")
        self.document = contract.Document(written.json)
        self.tokens, self.ids = {}, {}
        self.people()
        self.things()

    def people(self):
        product = self.product
        for role in SIGNED_UP:
            login = f"{role}-{uuid.uuid4().hex[:12]}"
            made = product.call("api", "POST", "/api/v1/auth/sign-up", {
                "birth_date": "2005-05-01",
                "login": login, "password": "correct horse", "name": role.title(), "role": role})
            assert made.status == 201, made
            self.tokens[role] = made.json["access_token"]
            self.keep("/api/v1/users", made.json["user"]["id"])
        answer = product.call("api", "POST", "/api/v1/auth/log-in", {"login": "admin", "password": "admin-password-1"})
        assert answer.status == 200, answer
        self.tokens["admin"] = answer.json["access_token"]

    def things(self):
        one = self.make("/api/v1/classes", {"name": "5b", "subject": "Science", "grade": 5})
        joined = self.call("POST", "/api/v1/classes/join", {"code": one["join_code"]}, "student")
        assert joined.status == 200, joined
        course = self.make("/api/v1/courses", {"title": "Water", "subject": "Science", "grade": 5, "class_id": one["id"]})
        self.make("/api/v1/lessons", {"course_id": course["id"], "title": "Rain"})
        self.upload(bytes.fromhex("89504e470d0a1a0a") + bytes(60))
        self.make("/api/v1/prompt-templates", {"title": "Short", "body": "Write short sentences."})
        self.make("/api/v1/meetings", {"class_id": one["id"], "weekday": 1, "starts_at": "09:00", "minutes": 45,
                                       "time_zone": "Europe/Berlin", "from_date": "2026-01-01"})
        asked = self.make("/api/v1/quizzes", {"title": "Words", "max_attempts": 100, "questions": [
            {"kind": "true_false", "prompt": "Rain is dry.", "answer": {"value": False}}]})
        self.make("/api/v1/grade-categories", {"class_id": one["id"], "name": "Tests", "weight": 50})
        quiz = self.make("/api/v1/assignments", {"class_id": one["id"], "title": "Test", "quiz_id": asked["id"]})
        attempt = self.call("POST", f"/api/v1/assignments/{quiz['id']}/attempts", None, "student")
        assert attempt.status == 200, attempt
        self.keep("/api/v1/attempts", attempt.json["id"])
        essay = self.make("/api/v1/assignments", {"class_id": one["id"], "title": "Essay"})
        work = self.call("POST", f"/api/v1/assignments/{essay['id']}/submissions", {"content": "Rain."}, "student")
        assert work.status == 201, work
        self.keep("/api/v1/submissions", work.json["id"])
        text = "Water is a liquid that falls as rain. Rain is water that falls from clouds. " * 5
        run = self.call("POST", "/api/v1/lessons/generate", {"course_id": course["id"], "source_text": text}, "teacher")
        assert run.status == 202, run
        self.keep("/api/v1/runs", run.json["id"])
        self.make("/api/v1/api-keys", {"name": "sync", "scopes": ["classes:read"]})
        sessions = self.call("GET", "/api/v1/sessions", None, "teacher").json["items"]
        self.keep("/api/v1/sessions", sessions[0]["id"])

    def keep(self, collection, found):
        self.ids.setdefault(collection, []).append(found)

    def make(self, collection, body):
        made = self.call("POST", collection, body, "teacher")
        assert made.status == 201, made
        self.keep(collection, made.json["id"])
        return made.json

    def upload(self, content):
        body = (b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n\r\n' + content
                + b"\r\n--x--\r\n")
        made = self.call("POST", "/api/v1/media", body, "teacher", Content_Type="multipart/form-data; boundary=x")
        assert made.status == 201, made
        self.keep("/api/v1/media", made.json["id"])

    def call(self, method, target, body=None, role=None, **headers):
        """One request over a connection that is kept; role: who asks, or a token."""
        fields = {name.replace("_", "-"): value for name, value in headers.items()}
        token = self.tokens.get(role, role)
        if token:
            fields["Authorization"] = f"Bearer {token}"
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
            fields.setdefault("Content-Type", "application/json")
        for last in (False, True):
            self.http = self.http or wire.Http(self.product.address("api"), timeout=60)
            try:
                response = self.http.request(method, target, fields, body)
                break
            except BaseException as err:  # also at a test's time limit: the rest of an answer must not meet the next request
                self.http = self.http.close()
                if last or not isinstance(err, (wire.Closed, OSError)):
                    raise
        if response.header("connection") == "close":
            self.http = self.http.close()
        return product_support.Answer(response)

    def target(self, path, operation, chance, wrong=None):
        """The path with its parameters filled in; wrong: name → text that takes a parameter's place."""
        query = {}
        for parameter in operation.get("parameters", []):
            name = parameter["name"]
            value = self.document.valid(parameter["schema"], chance, self.ids)
            if wrong and name in wrong:
                value = wrong[name]
            if isinstance(value, list):
                value = ",".join(str(item) for item in value)
            if isinstance(value, bool):
                value = str(value).lower()
            if parameter["in"] == "path":
                path = path.replace("{" + name + "}", urllib.parse.quote(str(value), safe=""))
            elif parameter["in"] == "query" and name != "cursor" and (parameter["required"] or chance.random() < 0.6):
                query[name] = value
        return path + ("?" + urllib.parse.urlencode(query) if query else "")

    def headers(self, operation):
        names = {parameter["name"] for parameter in operation.get("parameters", []) if parameter["in"] == "header"}
        made = {}
        if "If-Match" in names:
            made["If_Match"] = "*"
        if "Idempotency-Key" in names:
            made["Idempotency_Key"] = uuid.uuid4().hex
        return made

    def check(self, answer, path, method, operation):
        """The answer is declared, and its body fits."""
        what = f"{method} {path} answered {answer}"
        assert answer.status < 500, what
        declared = operation["responses"].get(str(answer.status))
        assert declared, f"{what}, which is not declared: {sorted(operation['responses'])}"
        content = declared.get("content")
        if not content:
            assert answer.body == b"", what
            return
        kind = answer.header("content-type").partition(";")[0]
        assert kind in content, what
        if kind.endswith("json"):
            faults = self.document.faults(content[kind]["schema"], answer.json)
            assert not faults, f"{what}: {faults}"
