"""The bridge as Studio's plugin and game servers use it: pairing, patches, progress, downloads."""
import json
import secrets
import subprocess
import threading
import time
import uuid
import xml.etree.ElementTree as xml

import pytest
import school

import daemon
import wire


@pytest.fixture(scope="module")
def place(product):
    """A school with a published lesson."""
    made = school.School(product, students=2)
    made.published = made.approve(made.lesson())
    return made


class Studio:
    """What the plugin does (lua/roblox/plugin/Session.luau)."""

    def __init__(self, product, teacher):
        self.product = product
        code = teacher.done("bridge", "POST", "/v1/pairing-codes")["code"]
        paired = product.call("bridge", "POST", "/v1/pair",
                              {"code": code, "place_id": 7, "place_name": "A place", "plugin_version": "1.0.0"})
        assert paired.status == 201, paired
        self.code, self.token = code, paired.json["token"]

    def call(self, method, target, body=None):
        return self.product.call("bridge", method, target, body, token=self.token)

    def poll(self, after=0, wait=0):
        return self.call("GET", f"/v1/patches?after={after}&wait={wait}")


def test_a_code_pairs_once(product, place):
    studio = Studio(product, place.teacher)
    again = product.call("bridge", "POST", "/v1/pair", {"code": studio.code})
    assert again.status == 409
    assert again.json["errors"][0]["pointer"] == "#/code"


def test_only_teachers_make_codes_and_only_sessions_poll(product, place):
    assert place.students[0].call("bridge", "POST", "/v1/pairing-codes").status == 403
    nobody = product.call("bridge", "GET", "/v1/patches?after=0")
    assert (nobody.status, nobody.header("www-authenticate")) == (401, "Bearer")
    assert place.teacher.call("bridge", "GET", "/v1/patches?after=0").status == 401


def test_a_lesson_arrives_as_a_patch_and_is_acknowledged(product, place):
    studio = Studio(product, place.teacher)
    patch = studio.poll().json
    assert patch["from"] == 0 and patch["to"] > 0 and patch["removed"] == []
    added = {one["id"]: one for one in patch["added"]}
    root = added[f"lesson:{place.published['id']}"]
    assert (root["class"], root["parent"]) == ("Folder", "toolbox")
    order = [one["id"] for one in patch["added"]]
    for one in patch["added"]:  # parents first
        assert one["parent"] == "toolbox" or order.index(one["parent"]) < order.index(one["id"])
    assert not any("answer" in name.lower() or "correct" in name.lower()
                   for one in patch["added"] for name in one.get("attributes", {}))

    receipt = studio.call("POST", "/v1/acks", {"revision": patch["to"], "applied": True, "skipped": 0})
    assert (receipt.status, receipt.json["revision"]) == (200, patch["to"])
    nothing = studio.poll(after=patch["to"])
    assert (nothing.status, nothing.body) == (204, b"")


def test_a_waiting_poll_is_answered_by_a_delivery(product):
    other = school.School(product)
    studio = Studio(product, other.teacher)
    made = other.lesson()
    answers = []

    def keep_polling():
        while not answers or answers[-1].status == 204:
            answers.append(studio.poll(wait=25))
    waiting = threading.Thread(target=keep_polling, daemon=True)
    waiting.start()
    published = other.approve(made)
    waiting.join(100)
    assert answers[-1].status == 200, answers
    assert any(one["id"] == f"lesson:{published['id']}" for one in answers[-1].json["added"])


def test_a_waiting_poll_ends_early_at_a_reload_and_the_next_goes_on(product):
    studio = Studio(product, school.Person(product, "teacher"))
    with wire.Http(product.address("bridge"), timeout=60) as http:
        assert http.get("/healthz").status == 200  # a worker has the connection
        began = time.monotonic()
        http.send(f"GET /v1/patches?after=0&wait=25 HTTP/1.1\r\nHost: test\r\nAuthorization: Bearer {studio.token}"
                  "\r\n\r\n")
        done = product.reload()
        assert done.returncode == 0, done.stderr
        assert http.response().status == 204
        assert time.monotonic() - began < 24  # it would have waited longer
    assert studio.poll().status == 204


def test_a_plugin_that_lost_its_place_gets_a_snapshot(product, place):
    studio = Studio(product, place.teacher)
    assert studio.poll(after=999).json["snapshot"] is True
    snapshot = studio.call("GET", "/v1/snapshot").json
    assert snapshot["snapshot"] is True
    assert snapshot["added"] == studio.poll().json["added"]


def test_a_failed_patch_is_kept_for_the_teacher_and_given_again(product, place):
    studio = Studio(product, place.teacher)
    patch = studio.poll().json
    told = studio.call("POST", "/v1/acks", {"revision": patch["to"], "applied": False, "error": "Studio is busy"})
    assert told.json["revision"] == 0
    assert studio.poll().json["to"] == patch["to"]


def test_a_session_ends(product, place):
    studio = Studio(product, place.teacher)
    assert studio.call("DELETE", "/v1/session").status == 204
    assert studio.poll().status == 401


@pytest.fixture(scope="module")
def game(product, place):
    """A game server's key, and the players of the two students."""
    made = place.teacher.done("bridge", "POST", "/v1/game-servers", {"name": "Game", "class_id": place.group["id"]})
    players = [secrets.randbelow(1 << 50) + 1 for _ in place.students]
    for student, player in zip(place.students, players):
        student.done("bridge", "POST", "/v1/players", {"roblox_user_id": player})

    def post(events, key=made["key"]):
        return product.call("bridge", "POST", "/v1/progress", {"events": events}, token=key)

    post.players, post.server = players, made
    return post


def event(place, player, **changes):
    return {"key": str(uuid.uuid4()), "kind": "checkpoint", "roblox_user_id": player,
            "lesson_id": place.published["id"], "occurred_at": "2026-01-31T08:00:00Z", "percent": 50, "seconds": 5,
            "station": "1", **changes}


def test_progress_is_counted_once(place, game):
    events = [event(place, game.players[0]), event(place, game.players[0], kind="completed", percent=100)]
    assert game(events).json == {"accepted": 2, "duplicates": 0, "rejected": []}
    assert game(events).json == {"accepted": 0, "duplicates": 2, "rejected": []}
    rows = place.teacher.done("api", "GET", f"/api/v1/classes/{place.group['id']}/progress")["items"]
    mine = [row for row in rows if row["student_id"] == place.students[0].id]
    assert [(row["percent"], row["seconds"], row["events"]) for row in mine] == [(100, 10, 2)]


def test_answers_are_graded_by_the_bridge(place, game):
    quiz = place.teacher.done("api", "GET", f"/api/v1/lessons/{place.published['id']}/quiz")
    right = [{"question": question["id"], "choice": question["answer"]["choice"]}
             for question in quiz["questions"] if question["kind"] == "multiple_choice"]
    assert game([event(place, game.players[1], kind="answered", answers=right)]).json["accepted"] == 1
    rows = place.teacher.done("api", "GET", f"/api/v1/classes/{place.group['id']}/progress")["items"]
    row, = [row for row in rows if row["student_id"] == place.students[1].id]
    points = {question["id"]: question["points"] for question in quiz["questions"]}
    assert row["score"] == sum(points[answer["question"]] for answer in right)
    assert row["max_score"] == sum(points.values())


def test_what_cannot_be_counted_is_told_event_by_event(place, game):
    answer = game([event(place, game.players[0]), event(place, 1),
                   event(place, game.players[0], lesson_id=str(uuid.uuid4()))])
    assert answer.json["accepted"] == 1
    assert [(one["index"], one["code"]) for one in answer.json["rejected"]] == [
        (2, "unknown_player"), (3, "not_in_class")]


def test_an_outage_is_told_and_costs_nothing(product, stores, place, game):
    batch = [event(place, game.players[0], percent=51)]
    studio = Studio(product, place.teacher)
    stores.stop("postgres")
    try:
        for answer in (game(batch), studio.poll()):
            assert answer.status == 503, answer
            assert int(answer.header("retry-after")) > 0
    finally:
        stores.start("postgres")

    # Each worker connects again for itself.
    def recovered(ask):
        def answered():
            answer = ask()
            return answer if answer.status == 200 else None
        return daemon.wait_for(answered, "the bridge's recovery", 60).json
    told = recovered(lambda: game(batch))
    assert told["accepted"] + told["duplicates"] == 1
    assert recovered(lambda: game(batch))["duplicates"] == 1
    recovered(studio.poll)


def test_a_malformed_batch_is_refused_whole(place, game):
    answer = game([event(place, game.players[0]), event(place, game.players[0], percent=101)])
    assert (answer.status, answer.json["errors"][0]["pointer"]) == (422, "#/events/1/percent")
    assert game([]).status == 422
    assert game([event(place, game.players[0])] * 101).status == 422


def test_a_revoked_key_is_void(place, game):
    made = place.teacher.done("bridge", "POST", "/v1/game-servers", {"name": "Old", "class_id": place.group["id"]})
    assert game([event(place, game.players[0])], key=made["key"]).status == 200
    assert place.teacher.call("bridge", "DELETE", f"/v1/game-servers/{made['id']}").status == 204
    assert game([event(place, game.players[0])], key=made["key"]).status == 401
    shown = place.teacher.done("bridge", "GET", "/v1/game-servers")["items"]
    assert all("key" not in one for one in shown)


def test_a_player_is_claimed_by_one_student(place, game):
    stolen = place.students[1].call("bridge", "POST", "/v1/players", {"roblox_user_id": game.players[0]})
    assert stolen.status in (404, 409)


def start_luau(product, script, *arguments):
    """Starts tests/support/SCRIPT, which runs the Luau files against the bridge."""
    return subprocess.Popen([daemon.TOOLBOXD, "run", "--config", product.config, f"tests/support/{script}",
                             product.url("bridge"), *map(str, arguments)], env=product.environment(), cwd=daemon.ROOT,
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def run_luau(product, script, *arguments):
    """What the script printed when it has ended."""
    with start_luau(product, script, *arguments) as running:
        out, err = running.communicate(timeout=100)
    assert running.returncode == 0, (out, err)
    return json.loads(out)


def test_our_plugin_builds_the_lesson_and_follows_the_next(product):
    other = school.School(product)
    first = other.approve(other.lesson())
    code = other.teacher.done("bridge", "POST", "/v1/pairing-codes")["code"]
    with start_luau(product, "studio.lua", code, f"lesson:{first['id']}", f"-lesson:{first['id']}") as plugin:
        assert f"lesson:{first['id']}" in json.loads(plugin.stdout.readline())["instances"]
        second = other.approve(other.lesson())
        out, err = plugin.communicate(timeout=100)
    assert plugin.returncode == 0, err
    told = json.loads(out)
    standing = told["instances"]
    assert standing["toolbox"] == {"class": "Folder", "name": "ToolboxAI"}
    assert standing[f"lesson:{second['id']}"]["name"] == second["title"]
    assert f"lesson:{first['id']}" not in standing
    assert any(id_.endswith("/scene/spawn") and one["class"] == "SpawnLocation" for id_, one in standing.items())
    assert told["undoable_steps"] == 2 and told["revision"] == 2


def test_our_plugin_tells_why_a_code_is_refused(product):
    told = run_luau(product, "studio.lua", "NONE-SUCH")
    assert told["state"] == "unpaired" and "unknown, used or too old" in told["message"]


def test_our_game_module_posts_a_whole_visit(product):
    other = school.School(product)
    lesson = other.approve(other.lesson())
    made = other.teacher.done("bridge", "POST", "/v1/game-servers", {"name": "Game", "class_id": other.group["id"]})
    player = secrets.randbelow(1 << 50) + 1
    other.students[0].done("bridge", "POST", "/v1/players", {"roblox_user_id": player})
    quiz = other.teacher.done("api", "GET", f"/api/v1/lessons/{lesson['id']}/quiz")
    answers = [word for question in quiz["questions"] if question["kind"] == "multiple_choice"
               for word in (question["id"], question["answer"]["choice"])]
    told = run_luau(product, "game.lua", made["key"], lesson["id"], player, 60, *answers)
    assert told["warnings"] == [] and told["unsent"] == 0
    events = 60 + len(answers) // 2 + 2  # and that it was started and completed
    assert [sum(one[kind] for one in told["told"]) for kind in ("accepted", "duplicates")] == [events] * 2
    row, = other.teacher.done("api", "GET", f"/api/v1/classes/{other.group['id']}/progress")["items"]
    assert row["percent"] == 100 and row["completed_at"] and row["events"] == events
    assert row["score"] == sum(question["points"] for question in quiz["questions"]
                               if question["kind"] == "multiple_choice")


def items(answer):
    assert answer.status == 200, answer
    root = xml.fromstring(answer.body)
    assert root.tag == "roblox"
    return root.findall(".//Item")


def test_a_lesson_downloads_as_a_model(product, place):
    found = items(place.teacher.call("bridge", "GET", f"/v1/lessons/{place.published['id']}/model.rbxmx"))
    patch = Studio(product, place.teacher).poll().json
    assert len(found) == len(patch["added"])
    assert [item.get("class") for item in found] == [one["class"] for one in patch["added"]]


def test_the_routes_are_described(product):
    told = product.call("bridge", "GET", "/openapi.json").json
    assert {"/v1/pair", "/v1/patches", "/v1/progress"} <= set(told["paths"])
    assert told["paths"]["/v1/progress"]["post"]["security"] == [{"game": []}]


def test_the_luau_downloads(product):
    plugin = items(product.call("bridge", "GET", "/v1/plugin.rbxmx"))
    assert [item.get("class") for item in plugin][0] == "Script"
    assert len(plugin) > 5 and len(items(product.call("bridge", "GET", "/v1/game.rbxmx"))) > 3
    source = product.call("bridge", "GET", "/v1/luau/plugin/Session.luau")
    assert source.status == 200 and b"function Session:step" in source.body
    for bad in ("/v1/luau/plugin/Nothing.luau", "/v1/luau/plugin/..%2f..%2fREADME.md", "/v1/luau/secret/a.luau"):
        assert product.call("bridge", "GET", bad).status in (404, 422)
