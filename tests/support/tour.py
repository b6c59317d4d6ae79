"""The slice through every service, walked over the network: from a teacher's page of text to a published post.

tools/demo prints it, tests/flows/end_to_end_test.py proves it. Each step is a generator: it asserts what must be and
yields a line about what came back.
"""
import json
import pathlib
import secrets
import subprocess
import uuid
import xml.etree.ElementTree as xml

import browser as browsers
import daemon
import school
import wire

CLIENTS = pathlib.Path(__file__).resolve().parent / "clients"
SERVICES = ("api", "dashboard", "bridge", "mcp", "content")


class Visitor(school.Person):
    """Somebody who signs up, keeps the password and shows what the sessions give."""

    def __init__(self, product, role):
        super().__init__(product, role)
        self.login = self.done("api", "GET", "/api/v1/me")["login"]
        self.password = f"{self.login} likes long walks"

    def log_in(self):
        return self.product.call("api", "POST", "/api/v1/auth/log-in",
                                 {"login": self.login, "password": self.password})


class Tour:
    def __init__(self, product, shots):
        self.product, self.shots = product, pathlib.Path(shots)

    def steps(self):
        return (self.ready, self.people, self.generation, self.studio, self.progress, self.assistants, self.website)

    def ready(self):
        """Every service answers and says that it is ready"""
        for service in SERVICES:
            assert self.product.call(service, "GET", "/healthz").status == 200
            answer = self.product.call(service, "GET", "/readyz")
            assert answer.status == 200, answer
            parts = ", ".join(part["name"] for part in answer.json["parts"])
            yield f"{service} on {self.product.url(service)} is ready: {parts}"

    def people(self):
        """1. Sign-up and log-in, four roles, refresh tokens that work once"""
        people = {role: Visitor(self.product, role) for role in ("teacher", "student", "parent")}
        self.teacher, self.student = people["teacher"], people["student"]
        for role, person in people.items():
            told = person.done("api", "GET", "/api/v1/me")
            assert told["role"] == role
            yield f"{role} {told['login']} signed up"
        assert self.product.call("api", "POST", "/api/v1/auth/sign-up", {
            "birth_date": "2005-05-01",
            "login": "x" + secrets.token_hex(4), "password": "correct horse", "name": "X",
            "role": "admin"}).status in (403, 422)
        yield "nobody signs up as an admin: the school's first one is made by toolboxd seed"
        tokens = self.teacher.log_in()
        assert tokens.status == 200, tokens
        used = {"refresh_token": tokens.json["refresh_token"]}
        assert self.product.call("api", "POST", "/api/v1/auth/refresh", used).status == 200
        again = self.product.call("api", "POST", "/api/v1/auth/refresh", used)
        assert again.status == 401, again
        yield "a refresh token worked once; used again it ended its whole family with 401"

    def generation(self):
        """2. A page of text becomes a lesson, by a durable workflow with live progress"""
        teacher = self.teacher
        self.group = teacher.done("api", "POST", "/api/v1/classes", {"name": "5b", "subject": "Science", "grade": 5})
        self.course = teacher.done("api", "POST", "/api/v1/courses", {
            "title": "Water", "subject": "Science", "grade": 5, "class_id": self.group["id"]})
        self.student.done("api", "POST", "/api/v1/classes/join", {"code": self.group["join_code"]})
        yield f"class {self.group['name']} with join code {self.group['join_code']}, course {self.course['title']}"
        run = teacher.done("api", "POST", "/api/v1/lessons/generate",
                           {"course_id": self.course["id"], "source_text": school.SOURCE})
        heard = self.follow(run)
        yield "over WebSocket: " + ", ".join(heard)
        stream = self.stream(run)
        yield f"the same over SSE: {stream} events"
        now = teacher.done("api", "GET", f"/api/v1/runs/{run['id']}")
        assert now["state"] == "succeeded", now
        self.lesson = teacher.done("api", "GET", f"/api/v1/lessons/{now['output']['lesson_id']}")
        assert self.lesson["state"] == "review" and self.lesson["sections"] and self.lesson["glossary"]
        quiz = teacher.done("api", "GET", f"/api/v1/lessons/{self.lesson['id']}/quiz")
        assert quiz["questions"]
        yield (f"lesson “{self.lesson['title']}” by {self.lesson['provider']}: {len(self.lesson['sections'])} sections, "
               f"{len(self.lesson['glossary'])} terms, {len(quiz['questions'])} questions")
        yield f"its notice: {self.lesson['notice']}"
        self.quiz = quiz

    def follow(self, run):
        """The kinds of a run's events in order, until it ends."""
        kinds, last = [], 0
        headers = {"Authorization": f"Bearer {self.teacher.token}"}
        with wire.WebSocket(self.product.address("api"), "/ws", headers, timeout=120) as socket:
            assert socket.answer.status == 101, socket.answer
            socket.frame(wire.TEXT, json.dumps({"type": "subscribe", "topic": f"run:{run['id']}", "after": 0}))
            while not (kinds and kinds[-1].endswith(("succeeded", "failed", "blocked", "cancelled", "finished"))):
                message = json.loads(socket.receive_text())
                if message["type"] == "event" and message["id"] > last:  # at least once: some come again
                    last = message["id"]
                    kinds.append(" ".join(filter(None, (message["kind"], message["data"].get("step")))))
        return kinds

    def stream(self, run):
        """How many events the stream of a run that has ended holds."""
        with wire.Http(self.product.address("api"), timeout=60) as http:
            http.send(f"GET /api/v1/events?topics=run:{run['id']}&after=0 HTTP/1.1\r\nHost: test\r\n"
                      f"Authorization: Bearer {self.teacher.token}\r\n\r\n")
            assert http.take_until(b"\r\n\r\n").startswith(b"HTTP/1.1 200")
            while b"succeeded" not in http.data:
                http.more()
            return http.data.count(b"\ndata:") + http.data.startswith(b"data:")

    def studio(self):
        """3. The teacher approves, Studio gets the scene as a patch, the lesson downloads as a model"""
        teacher = self.teacher
        code = teacher.done("bridge", "POST", "/v1/pairing-codes")["code"]
        paired = self.product.call("bridge", "POST", "/v1/pair", {
            "code": code, "place_id": 7, "place_name": "Tour", "plugin_version": "1.0.0"})
        assert paired.status == 201, paired
        yield f"Studio paired by code {code}"
        teacher.done("api", "POST", f"/api/v1/lessons/{self.lesson['id']}/approve")

        def delivered():
            answer = self.product.call("bridge", "GET", "/v1/patches?after=0&wait=20", token=paired.json["token"])
            assert answer.status in (200, 204), answer
            return answer.json if answer.status == 200 else None
        patch = daemon.wait_for(delivered, "the patch", 120)
        ids = [node["id"] for node in patch["added"]]
        assert f"lesson:{self.lesson['id']}" in ids
        classes = sorted({node["class"] for node in patch["added"]})
        yield f"a long poll brought revision {patch['to']}: {len(ids)} instances ({', '.join(classes)})"

        def published():
            return teacher.done("api", "GET", f"/api/v1/lessons/{self.lesson['id']}")["state"] == "published"
        daemon.wait_for(published, "the publication", 120)
        model = teacher.call("bridge", "GET", f"/v1/lessons/{self.lesson['id']}/model.rbxmx")
        assert model.status == 200, model
        items = xml.fromstring(model.body).findall(".//Item")
        assert len(items) == len(ids)
        yield f"model.rbxmx: {len(model.body)} octets, the same {len(items)} instances"

    def progress(self):
        """4. A game server reports progress, the teacher's open page shows it, counted once"""
        server = self.teacher.done("bridge", "POST", "/v1/game-servers",
                                   {"name": "Tour", "class_id": self.group["id"]})
        player = secrets.randbelow(1 << 50) + 1
        self.student.done("bridge", "POST", "/v1/players", {"roblox_user_id": player})
        events = [{"key": str(uuid.uuid4()), "kind": kind, "roblox_user_id": player, "lesson_id": self.lesson["id"],
                   "occurred_at": "2026-01-31T08:00:00Z", "percent": percent, "seconds": 30}
                  for kind, percent in (("started", 0), ("checkpoint", 50), ("completed", 100))]
        shot = self.shots / "dashboard.png"
        with browsers.Browser() as browser:
            browser.open(self.product.url("dashboard", "/login"))
            browser.fill("input[name=login]", self.teacher.login)
            browser.fill("input[name=password]", self.teacher.password)
            browser.click("form button")
            browser.wait("location.pathname === '/classes'")
            browser.open(self.product.url("dashboard", f"/classes/{self.group['id']}"))
            browser.wait("document.getElementById('link').dataset.state === 'open'")
            assert "100" not in browser.evaluate("document.getElementById('progress').innerText")
            for expected in ({"accepted": 3, "duplicates": 0}, {"accepted": 0, "duplicates": 3}):
                told = self.product.call("bridge", "POST", "/v1/progress", {"events": events}, token=server["key"])
                assert told.status == 200 and expected.items() <= told.json.items(), told
                yield f"a batch of 3 events: {told.json['accepted']} accepted, {told.json['duplicates']} duplicates"
            browser.wait("document.getElementById('progress').innerText.includes('100')")
            assert not browser.problems(), browser.problems()
            browser.screenshot(shot)
        yield f"the open page shows 100 % without being loaded again: {shot}"

    def assistants(self):
        """5. AI clients: tools over Streamable HTTP and WebSocket, by the official SDK"""
        for kind, scheme in (("http", "http"), ("ws", "ws")):
            url = self.product.url("mcp", "/mcp").replace("http:", scheme + ":")
            told = self.node("mcp.mjs", kind, url, self.teacher.token, "water")
            lessons = told["found"]["structuredContent"]["lessons"]
            assert self.lesson["id"] in [lesson["id"] for lesson in lessons]
            assert {"search_lessons", "generate_lesson", "read_progress"} <= set(told["tools"])
            yield f"{kind}: {len(told['tools'])} tools, search_lessons found {len(lessons)}: {lessons[0]['title']}"
        answer = self.product.call("mcp", "POST", "/mcp", {"jsonrpc": "2.0", "id": 1, "method": "tools/list"})
        assert answer.status == 401, answer
        yield "without a token: 401"

    def website(self):
        """6. The approved lesson is a post that the official Ghost client reads"""
        key = self.teacher.done("content", "POST", "/v1/keys", {"name": "Tour"})["key"]
        posts = self.product.call("content", "GET", f"/ghost/api/content/posts/?key={key}&limit=all&include=authors")
        assert posts.status == 200, posts
        slug = next(post["slug"] for post in posts.json["posts"] if post["title"] == self.lesson["title"])
        told = self.node("content.mjs", self.product.url("content"), key, slug)
        assert told["read"]["title"] == self.lesson["title"] and told["read"]["html"]
        yield f"“{told['read']['title']}”, {len(told['read']['html'])} octets of HTML, at {told['read']['url']}"

    def node(self, script, *arguments):
        done = subprocess.run(["node", CLIENTS / script, *arguments], stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, timeout=120)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)
