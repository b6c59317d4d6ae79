"""The API as its clients meet it: sessions, conditional changes, repeated requests, lists, live topics."""
import concurrent.futures
import json
import time
import uuid

import pytest

import contract
import daemon
import wire

TEXT = """The water cycle is the movement of water on the Earth. Evaporation is the process by which liquid water becomes
vapour. The sun warms the oceans and water evaporates into the air. Condensation is the process by which vapour turns
into drops. The drops gather around dust and form clouds. Precipitation is water that falls from clouds as rain or snow.
Rivers carry the water back to the oceans. Groundwater is water that is stored between rocks. A watershed is an area of
land where all water drains into the same river. People depend on water for drinking and farming."""


class Person:
    def __init__(self, product, role):
        self.product, self.role = product, role
        self.login = f"{role}-{uuid.uuid4().hex[:12]}"
        self.password = "correct horse"
        made = self.post("/auth/sign-up", {
            "birth_date": "2005-05-01",
            "login": self.login, "password": self.password, "name": f"A {role}", "role": role}, status=201)
        self.take(made.json)
        self.id = made.json["user"]["id"]

    def take(self, tokens):
        self.token, self.refresh_token = tokens["access_token"], tokens["refresh_token"]

    def call(self, method, path, body=None, **headers):
        return self.product.call("api", method, "/api/v1" + path, body, getattr(self, "token", None), **headers)

    def get(self, path, status=200, **headers):
        answer = self.call("GET", path, **headers)
        assert answer.status == status, answer
        return answer

    def post(self, path, body=None, status=200, **headers):
        answer = self.call("POST", path, body, **headers)
        assert answer.status == status, answer
        return answer

    def make_class(self, name="5b"):
        return self.post("/classes", {"name": name, "subject": "Science", "grade": 5}, 201).json


@pytest.fixture
def teacher(product):
    return Person(product, "teacher")


@pytest.fixture
def student(product):
    return Person(product, "student")


# -- sessions ---------------------------------------------------------------------------------------------------------

def is_out(person):
    """Every worker refuses the token: connections are spread over them, so many are asked."""
    return all(person.call("GET", "/me").status == 401 for _ in range(12))


def test_log_in_and_log_out(product, teacher):
    answer = product.call("api", "POST", "/api/v1/auth/log-in", {"login": teacher.login, "password": teacher.password})
    assert answer.status == 200 and answer.json["token_type"] == "Bearer"
    teacher.take(answer.json)
    assert teacher.get("/me").json["login"] == teacher.login
    teacher.post("/auth/log-out", status=204)
    daemon.wait_for(lambda: is_out(teacher), "the end of the session on every worker", 10)
    refused = product.call("api", "POST", "/api/v1/auth/refresh", {"refresh_token": teacher.refresh_token})
    assert refused.status == 401 and refused.header("www-authenticate")


@pytest.mark.parametrize("body", [{"login": "nobody-at-all", "password": "correct horse"}, {"password": "wrong horse"}])
def test_wrong_log_ins_look_the_same(product, teacher, body):
    answer = product.call("api", "POST", "/api/v1/auth/log-in", {"login": teacher.login, **body})
    assert answer.status == 401 and answer.json["code"] == "unauthenticated"
    assert answer.json["detail"] == "login and password do not match"


def test_a_refresh_token_is_good_once(product, teacher):
    first = teacher.refresh_token
    answer = product.call("api", "POST", "/api/v1/auth/refresh", {"refresh_token": first})
    assert answer.status == 200
    teacher.take(answer.json)
    assert teacher.get("/me")
    # The old one again: somebody has stolen it, so the whole family ends.
    assert product.call("api", "POST", "/api/v1/auth/refresh", {"refresh_token": first}).status == 401
    assert product.call("api", "POST", "/api/v1/auth/refresh", {"refresh_token": teacher.refresh_token}).status == 401
    daemon.wait_for(lambda: is_out(teacher), "the end of the family", 10)


def test_bad_tokens(product):
    for token in ("nonsense", "a.b.c", "eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0."):
        answer = product.call("api", "GET", "/api/v1/me", None, token)
        assert answer.status == 401 and "invalid_token" in answer.header("www-authenticate"), answer


# -- the wire's rules ---------------------------------------------------------------------------------------------------

SIXTH = {"name": "6a", "subject": "Science", "grade": 6}


def test_changes_need_to_have_seen_the_object(teacher):
    made = teacher.post("/classes", {"name": "5b", "subject": "Science", "grade": 5}, 201)
    path = "/classes/" + made.json["id"]
    assert made.header("location") == "/api/v1" + path
    tag = made.header("etag")
    assert teacher.get(path).header("etag") == tag
    assert teacher.get(path, 304, If_None_Match=tag).body == b""
    assert teacher.call("PATCH", path, {"name": "5c"}).status == 428
    changed = teacher.call("PATCH", path, {"name": "5c"}, If_Match=tag)
    assert changed.status == 200 and changed.json["name"] == "5c" and changed.header("etag") != tag
    assert teacher.call("PATCH", path, {"name": "5d"}, If_Match=tag).status == 412
    assert teacher.get(path).json["name"] == "5c"
    for made_up in (changed.header("etag")[:-1] + 'x"', teacher.post("/classes", SIXTH, 201).header("etag")):
        for method, body in (("PATCH", {"name": "5d"}), ("DELETE", None)):
            assert teacher.call(method, path, body, If_Match=made_up).status == 412, "the revision alone is no tag"
    assert teacher.call("PATCH", path, {"name": "5d"}, If_Match="*").status == 200
    now = teacher.get(path).header("etag")
    again = teacher.call("PATCH", path, {"name": "5e"}, If_Match=f'"another", {tag}, {now},')
    assert again.status == 200, "one of several will do"
    assert teacher.get(path, 412, If_Match=now) and teacher.get(path, If_Match=again.header("etag"))
    assert teacher.call("DELETE", path, If_Match=now).status == 412
    assert teacher.call("DELETE", path, If_Match=again.header("etag")).status == 204
    assert teacher.get(path, 404)


def test_what_was_made_has_the_tag_that_it_is_shown_with(product, teacher):
    key = teacher.post("/api-keys", {"name": "Sensor", "scopes": ["classes:read"]}, 201)
    assert key.json["key"] and teacher.get("/api-keys/" + key.json["id"]).header("etag") == key.header("etag")
    assert teacher.call("DELETE", "/api-keys/" + key.json["id"], If_Match=key.header("etag")).status == 204
    opened = product.call("api", "POST", "/api/v1/auth/sign-up", {
        "login": "u" + uuid.uuid4().hex[:12], "password": "a long walk at night", "name": "U", "role": "teacher",
        "birth_date": "1985-05-01"})
    assert opened.status == 201 and opened.header("cache-control") == "no-store", opened
    shown = product.call("api", "GET", opened.header("location"), token=opened.json["access_token"])
    assert shown.status == 200 and shown.header("etag") == opened.header("etag")


def test_a_class_in_a_path_that_is_not_ones_own_is_not_found(teacher):
    course = teacher.post("/courses", {"title": "Plants", "subject": "Science", "grade": 5}, 201).json
    answer = teacher.call("PUT", f"/courses/{course['id']}/classes/{uuid.uuid4()}", If_Match="*")
    assert answer.status == 404, answer


def test_a_name_that_is_taken_is_declared_as_a_conflict(product, teacher):
    group = teacher.make_class()
    made = [teacher.post("/grade-categories", {"class_id": group["id"], "name": name, "weight": 10}, 201)
            for name in ("Tests", "Essays")]
    path = "/grade-categories/" + made[1].json["id"]
    taken = teacher.call("PATCH", path, {"name": "Tests"}, If_Match="*")
    assert (taken.status, taken.json["errors"][0]["pointer"]) == (409, "#/name")
    document = product.call("api", "GET", "/openapi.json").json
    assert "409" in document["paths"]["/api/v1/grade-categories/{category_id}"]["patch"]["responses"]


def test_a_repeated_creation_makes_one_object(teacher):
    body, key = {"name": "Once", "subject": "Science", "grade": 5}, uuid.uuid4().hex
    first = teacher.post("/classes", body, 201, Idempotency_Key=key)
    again = teacher.post("/classes", body, 201, Idempotency_Key=key)
    assert again.body == first.body and again.header("idempotent-replayed") == "true"
    assert again.header("location") == first.header("location")
    other = teacher.call("POST", "/classes", {**body, "name": "Other"}, Idempotency_Key=key)
    assert other.status == 422 and other.json["code"] == "key_reused"
    assert len(teacher.get("/classes").json["items"]) == 1


def test_concurrent_twins_make_one_object(teacher):
    body, key = {"name": "Twin", "subject": "Science", "grade": 5}, uuid.uuid4().hex
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: teacher.call("POST", "/classes", body, Idempotency_Key=key), range(8)))
    assert {answer.status for answer in answers} == {201}, answers
    assert len({answer.json["id"] for answer in answers}) == 1
    assert len(teacher.get("/classes").json["items"]) == 1


def test_a_list_is_stable_while_rows_are_inserted(teacher):
    names = [f"Class {i:02}" for i in range(7)]
    for name in names:
        teacher.make_class(name)
    seen, cursor = [], None
    while True:
        page = teacher.get("/classes?limit=3&sort=-name" + (f"&cursor={cursor}" if cursor else "")).json
        assert len(page["items"]) <= 3
        seen += [item["name"] for item in page["items"]]
        cursor = page["next"]
        teacher.make_class("Class 99")  # sorts before all that is read
        if not cursor:
            break
    assert seen == sorted(names, reverse=True)


def test_cursors_are_for_their_list_only(teacher):
    for i in range(3):
        teacher.make_class(f"Class {i}")
    cursor = teacher.get("/classes?limit=1").json["next"]
    for wrong in (f"/classes?limit=1&sort=name&cursor={cursor}", f"/courses?cursor={cursor}", "/classes?cursor=abc",
                  f"/classes?limit=1&cursor={'A' if cursor[0] != 'A' else 'B'}{cursor[1:]}"):
        answer = teacher.get(wrong, 422)
        assert [error["parameter"] for error in answer.json["errors"]] == ["cursor"], answer


@pytest.mark.parametrize("body", [
    b"{", b'{"name":"a","name":"b"}', b'{"name":"\xff"}', b'{"name":"\\ud800"}', b'{"grade":1e999}',
    b"[" * 70 + b"]" * 70, b"", b"nul",
])
def test_what_is_no_json(teacher, body):
    answer = teacher.call("POST", "/classes", body, Content_Type="application/json")
    assert answer.status == 400 and answer.json["code"] == "malformed", answer


def test_too_large(teacher):
    answer = teacher.call("POST", "/classes", b'"' + b"x" * (1 << 20) + b'"', Content_Type="application/json")
    assert answer.status == 413, answer


def test_problems_are_named_by_media_type(teacher):
    answer = teacher.get("/classes/" + str(uuid.uuid4()), 404)
    assert answer.header("content-type") == "application/problem+json"
    assert answer.json["status"] == 404 and answer.json["type"].startswith("urn:")
    assert answer.header("x-content-type-options") == "nosniff"
    assert teacher.get("/classes", 406, Accept="text/html")


def test_others_do_not_see(product, teacher, student):
    mine = teacher.make_class()
    other = Person(product, "teacher")
    for person in (other, student):
        person.get("/classes/" + mine["id"], 404)
    assert other.call("PATCH", "/classes/" + mine["id"], {"name": "x"}, If_Match="*").status == 404
    assert student.call("POST", "/classes", {"name": "a", "subject": "b", "grade": 1}).status == 403
    student.post("/classes/join", {"code": mine["join_code"]})
    seen = student.get("/classes/" + mine["id"]).json
    assert seen["name"] == mine["name"] and "join_code" not in seen


def test_parents_and_children(product, student):
    parent = Person(product, "parent")
    assert parent.get("/me/children").json["items"] == []
    code = student.post("/me/link-code").json["code"]
    parent.post("/me/children", {"code": code})
    assert [child["id"] for child in parent.get("/me/children").json["items"]] == [student.id]
    assert parent.get(f"/users/{student.id}").json["login"] == student.login
    again = parent.post("/me/children", {"code": code}, 409)
    assert again.json["errors"][0]["pointer"] == "#/code"


# -- live topics --------------------------------------------------------------------------------------------------------

def hear(socket, kind):
    """The next message of a type; others are passed over."""
    while True:
        message = json.loads(socket.receive_text())
        if message["type"] == kind:
            return message


def open_socket(product, person):
    socket = wire.WebSocket(product.address("api"), "/ws", {"Authorization": f"Bearer {person.token}"})
    assert socket.answer.status == 101, socket.answer
    return socket


def test_a_topic_over_websocket(product, teacher, student):
    mine = teacher.make_class()
    topic = "class:" + mine["id"]
    with open_socket(product, teacher) as socket:
        socket.frame(wire.TEXT, json.dumps({"type": "subscribe", "topic": topic}))
        cursor = hear(socket, "subscribed")["cursor"]
        student.post("/classes/join", {"code": mine["join_code"]})
        event = hear(socket, "event")
        assert event["kind"] == "enrolment.added" and event["topic"] == topic
        assert event["data"] == {"class_id": mine["id"], "student_id": student.id} and event["id"] > cursor
    # Who was away goes on behind what was seen last.
    with open_socket(product, teacher) as socket:
        socket.frame(wire.TEXT, json.dumps({"type": "subscribe", "topic": topic, "after": cursor}))
        again = hear(socket, "event")
        assert again["id"] == event["id"]
        assert hear(socket, "subscribed")["cursor"] == event["id"]


def test_topics_are_guarded(product, teacher, student):
    mine = teacher.make_class()
    with open_socket(product, student) as socket:
        for topic in ("class:" + mine["id"], "user:" + teacher.id, "lesson:" + str(uuid.uuid4())):
            socket.frame(wire.TEXT, json.dumps({"type": "subscribe", "topic": topic}))
            refused = hear(socket, "error")
            assert refused["code"] == "not_found" and refused["topic"] == topic
        for nonsense in ("{", "[]", '{"type":"sing"}', '{"type":"subscribe"}', '{"type":"subscribe","topic":"A b"}'):
            socket.frame(wire.TEXT, nonsense)
            assert hear(socket, "error")["code"] in ("malformed", "invalid")
        socket.frame(wire.TEXT, '{"type":"ping"}')
        assert hear(socket, "pong")
    anonymous = wire.WebSocket(product.address("api"), "/ws")
    assert anonymous.answer.status == 401
    anonymous.close()
    student.get("/events?topics=class:" + mine["id"], 404)


def test_what_the_operator_announces_reaches_everybody(product, teacher, student):
    def announce(*words):
        return product.command("announce", "--config", product.config, *words)

    with open_socket(product, teacher) as one, open_socket(product, student) as other:
        for socket in (one, other):
            socket.frame(wire.TEXT, json.dumps({"type": "subscribe", "topic": "system"}))
            hear(socket, "subscribed")
        assert announce("--alert", "Down at ten.").returncode == 0
        for socket in (one, other):
            event = hear(socket, "event")
            assert (event["topic"], event["kind"]) == ("system", "alert")
            assert event["data"] == {"message": "Down at ten."}
    for words in ((), ("",), ("a", "b"), ("--loud", "a"), ("x" * 501,), ("bell\a",)):
        refused = announce(*words)
        assert refused.returncode == 2 and refused.stderr, words


def test_browsers_send_the_token_as_a_subprotocol(product, teacher):
    headers = {"Sec-WebSocket-Protocol": f"toolbox.v1, bearer.{teacher.token}"}
    with wire.WebSocket(product.address("api"), "/ws", headers) as socket:
        assert socket.answer.status == 101, socket.answer
        assert socket.answer.header("sec-websocket-protocol") == "toolbox.v1"


def test_the_end_of_a_session_ends_its_sockets(product, teacher):
    with open_socket(product, teacher) as socket:
        socket.frame(wire.TEXT, '{"type":"ping"}')
        assert hear(socket, "pong")
        teacher.post("/auth/log-out", status=204)
        assert socket.close_code() == 4401


def open_stream(product, token, topic):
    """A stream of events whose head has come."""
    http = wire.Http(product.address("api"), timeout=60)
    http.send(f"GET /api/v1/events?topics={topic} HTTP/1.1\r\nHost: test\r\nAuthorization: Bearer {token}\r\n\r\n")
    assert http.take_until(b"\r\n\r\n").startswith(b"HTTP/1.1 200")
    return http


def test_a_parent_hears_of_a_child_until_the_link_ends(product, student):
    parent = Person(product, "parent")
    parent.post("/me/children", {"code": student.post("/me/link-code").json["code"]})
    topic = "user:" + student.id
    with open_socket(product, parent) as socket, open_stream(product, parent.token, topic) as stream:
        socket.frame(wire.TEXT, json.dumps({"type": "subscribe", "topic": topic}))
        hear(socket, "subscribed")
        assert parent.call("DELETE", "/me/children/" + student.id).status == 204
        assert hear(socket, "unsubscribed")["topic"] == topic
        assert stream.take_until(b"0\r\n\r\n") == b""
    parent.get("/events?topics=" + topic, 404)


def test_a_machine_follows_events_by_its_key_until_that_is_revoked(product, teacher):
    made = teacher.post("/api-keys", {"name": "board", "scopes": ["events:read"]}, 201).json
    with open_stream(product, made["key"], "system") as stream:
        said = product.command("announce", "--config", product.config, "Good morning.")
        assert said.returncode == 0, said
        stream.take_until(b"Good morning.")
        assert teacher.call("DELETE", "/api-keys/" + made["id"]).status == 204
        stream.take_until(b"0\r\n\r\n")


def test_the_same_events_as_a_stream(product, teacher, student):
    mine = teacher.make_class()
    with wire.Http(product.address("api"), timeout=60) as http:
        http.send(f"GET /api/v1/events?topics=class:{mine['id']}&after=0 HTTP/1.1\r\nHost: test\r\n"
                  f"Authorization: Bearer {teacher.token}\r\n\r\n")
        head = http.take_until(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200") and b"text/event-stream" in head.lower(), head
        student.post("/classes/join", {"code": mine["join_code"]})
        end = time.monotonic() + 30
        while b"\n\n" not in http.data.partition(b"data:")[2].replace(b"\r\n", b"\n"):
            assert time.monotonic() < end, http.data
            http.more()
        text = http.data.replace(b"\r\n", b"\n").decode()
        assert "event: enrolment.added" in text.replace("event:enrolment", "event: enrolment"), text
        assert student.id in text


def test_sockets_and_streams_outlive_a_reload(product, teacher, student):
    mine = teacher.make_class()
    topic = "class:" + mine["id"]
    with open_socket(product, teacher) as socket, wire.Http(product.address("api"), timeout=60) as stream:
        socket.frame(wire.TEXT, json.dumps({"type": "subscribe", "topic": topic}))
        assert hear(socket, "subscribed")
        stream.send(f"GET /api/v1/events?topics={topic} HTTP/1.1\r\nHost: test\r\n"
                    f"Authorization: Bearer {teacher.token}\r\n\r\n")
        assert stream.take_until(b"\r\n\r\n").startswith(b"HTTP/1.1 200")
        done = product.reload()
        assert done.returncode == 0, done.stderr
        student.post("/classes/join", {"code": mine["join_code"]})
        assert hear(socket, "event")["data"]["student_id"] == student.id
        socket.frame(wire.TEXT, '{"type":"ping"}')
        assert hear(socket, "pong")
        socket.frame(wire.TEXT, json.dumps({"type": "unsubscribe", "topic": topic}))
        assert hear(socket, "unsubscribed")["topic"] == topic
        while student.id.encode() not in stream.data:
            stream.more()


def test_every_event_fits_its_declaration(product, teacher, student):
    """From a text to a published lesson that a student has worked on: what is told on the way is what is documented."""
    document = contract.Document(product.call("api", "GET", "/asyncapi.json").json)
    messages = document.document["channels"]["live"]["messages"]
    seen = set()

    def follow(topic, until):
        with wire.WebSocket(product.address("api"), "/ws", {"Authorization": f"Bearer {teacher.token}"}, 60) as socket:
            socket.frame(wire.TEXT, json.dumps({"type": "subscribe", "topic": topic, "after": 0}))
            while True:
                message = json.loads(socket.receive_text())
                name = message["type"]
                if name == "event":
                    name = f"{topic.partition(':')[0]}.{message['kind']}"
                    seen.add(name)
                faults = document.faults(messages[name]["payload"], message)
                assert not faults, (message, faults)
                if message.get("kind") == until:
                    return message["data"]

    mine = teacher.make_class()
    student.post("/classes/join", {"code": mine["join_code"]})
    course = teacher.post("/courses", {"title": "Water", "subject": "Science", "grade": 5, "class_id": mine["id"]}, 201)
    run = teacher.post("/lessons/generate", {"course_id": course.json["id"], "source_text": TEXT}, 202)
    assert run.header("location") == "/api/v1/runs/" + run.json["id"]
    made = follow("run:" + run.json["id"], "run.succeeded")["output"]
    follow("user:" + teacher.id, "lesson.ready")
    lesson = made["lesson_id"]
    assert student.call("GET", "/lessons/" + lesson).status == 404
    teacher.post(f"/lessons/{lesson}/approve")
    follow("lesson:" + lesson, "lesson.published")
    assert student.get("/lessons/" + lesson).json["title"]
    attempt = student.post(f"/lessons/{lesson}/attempts").json
    assert not any("answer" in question for question in attempt["questions"])
    answers = [{"question_id": question["id"], "answer": "water"} for question in attempt["questions"]]
    result = student.post(f"/attempts/{attempt['id']}/submit", {"answers": answers}).json
    assert result["max_score"] >= result["score"] >= 0
    follow("class:" + mine["id"], "progress")
    assert {"run.run.queued", "run.step.started", "run.step.done", "run.run.succeeded", "user.lesson.ready",
            "lesson.lesson.approved", "lesson.lesson.published", "class.enrolment.added", "class.progress"} <= seen


# -- documents ----------------------------------------------------------------------------------------------------------

def test_documents(product):
    openapi = product.call("api", "GET", "/openapi.json")
    assert openapi.json["openapi"].startswith("3.1") and openapi.json["x-asyncapi"] == "/asyncapi.json"
    for path, methods in openapi.json["paths"].items():
        for method, operation in methods.items():
            assert "security" in operation and operation["operationId"], (path, method)
    assert product.call("api", "GET", "/openapi.json", If_None_Match=openapi.header("etag")).status == 304
    asyncapi = product.call("api", "GET", "/asyncapi.json").json
    assert asyncapi["asyncapi"] == "3.0.0" and "class.progress" in asyncapi["channels"]["live"]["messages"]
    page = product.call("api", "GET", "/docs")
    assert page.status == 200 and b"/docs/assets/" in page.body and b"http://" not in page.body


def test_readiness_names_its_parts(product):
    for service in ("api", "dashboard"):
        ready = product.call(service, "GET", "/readyz")
        assert ready.status == 200 and ready.json["ready"]
        names = {part["name"]: part for part in ready.json["parts"]}
        assert set(names) == {"education", "content", "roblox", "memory", "redis"}
        assert all(part["ok"] for part in names.values())
        assert names["education"]["migrations"] == "applied"
        assert product.call(service, "GET", "/healthz").json == {"status": "ok"}
