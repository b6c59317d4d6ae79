"""Assessments over the wire: what a student receives never tells an answer before it is given, whatever is called."""
import concurrent.futures
import json

import pytest

import school
import wire

SECRETS = {"zanzibar", "quetzalcoatl", "because-of-the-monsoon"}

QUESTIONS = [
    {"kind": "short_answer", "prompt": "Which island?", "answer": {"texts": ["zanzibar"]}, "points": 2,
     "explanation": "because-of-the-monsoon", "objective": "Know islands"},
    {"kind": "fill_in", "prompt": "The ____ serpent and the ____", "points": 2,
     "answer": {"gaps": [["quetzalcoatl"], ["sun"]]}},
    {"kind": "ordering", "prompt": "Order", "points": 2, "answer": {"order": ["1", "2", "3"]},
     "choices": [{"id": "1", "text": "first"}, {"id": "2", "text": "second"}, {"id": "3", "text": "third"}]},
    {"kind": "matching", "prompt": "Match", "points": 2, "answer": {"pairs": {"1": "2", "2": "1"}},
     "choices": [{"id": "1", "text": "cow"}, {"id": "2", "text": "oak"}],
     "targets": [{"id": "1", "text": "plant"}, {"id": "2", "text": "animal"}]},
]


@pytest.fixture(scope="module")
def world(product):
    return school.School(product)


def api(person, method, path, body=None, **headers):
    return person.call("api", method, "/api/v1" + path, body, **headers)


def done(person, method, path, body=None, **headers):
    return person.done("api", method, "/api/v1" + path, body, **headers)


def assign(world, **fields):
    quiz = done(world.teacher, "POST", "/quizzes", {"title": "Islands", "questions": QUESTIONS, **fields})
    return done(world.teacher, "POST", "/assignments", {
        "class_id": world.group["id"], "title": "Test", "quiz_id": quiz["id"], "points": 80}), quiz


def right(attempt):
    """Answers from what the student can read and knows."""
    answers = []
    for question in attempt["questions"]:
        by_text = {item["text"]: item["id"] for item in question["choices"] + question["targets"]}
        answer = {
            "short_answer": lambda: " Zanzibar!", "fill_in": lambda: ["Quetzalcoatl", "sun"],
            "ordering": lambda: [by_text[word] for word in ("first", "second", "third")],
            "matching": lambda: {by_text["cow"]: by_text["animal"], by_text["oak"]: by_text["plant"]},
        }[question["kind"]]()
        answers.append({"question_id": question["id"], "answer": answer})
    return answers


def leaks(text):
    return {word for word in SECRETS if word in text.lower()}


def test_no_answer_leaves_before_submission(product, world):
    """Every GET that a student can make, with every id that there is, and every event."""
    student = world.student()
    work, quiz = assign(world, reveal="closed", time_limit=600)
    with wire.WebSocket(product.address("api"), "/ws", {"Authorization": f"Bearer {student.token}"}) as socket:
        for topic in ("user:" + student.id, "class:" + world.group["id"]):
            socket.frame(wire.TEXT, json.dumps({"type": "subscribe", "topic": topic}))
        open_one = done(student, "POST", f"/assignments/{work['id']}/attempts")
        assert not leaks(json.dumps(open_one))
        again = done(student, "POST", f"/assignments/{work['id']}/attempts")
        assert again == open_one
        ids = {"class_id": world.group["id"], "course_id": world.course["id"], "quiz_id": quiz["id"],
               "assignment_id": work["id"], "attempt_id": open_one["id"], "user_id": student.id, "student_id": student.id}
        seen = 0
        for path, methods in product.call("api", "GET", "/openapi.json").json["paths"].items():
            names = [part[1:-1] for part in path.split("/") if part.startswith("{")]
            stream = "text/event-stream" in json.dumps(methods.get("get", {}))
            if "get" not in methods or stream or path == "/ws" or not set(names) <= set(ids):
                continue
            answer = student.call("api", "GET", path.format(**ids))
            assert answer.status in (200, 403, 404, 409, 422), answer
            assert not leaks(answer.body.decode("utf-8", "replace")), path
            seen += answer.status == 200
        assert seen > 20
        result = done(student, "POST", f"/attempts/{open_one['id']}/submit", {"answers": right(open_one)})
        assert result["score"] == 8 and result["passed"] and result["questions"] == []
        while True:
            text = socket.receive_text()
            assert not leaks(text)
            if json.loads(text).get("kind") == "grade.changed":
                break
    assert api(student, "GET", f"/quizzes/{quiz['id']}").status == 403
    kept = done(world.teacher, "GET", f"/quizzes/{quiz['id']}")
    assert leaks(json.dumps(kept)) == SECRETS
    line = done(student, "GET", f"/classes/{world.group['id']}/gradebook/{student.id}")
    assert line["percent"] == 100


def test_an_attempt_submitted_many_times_at_once_is_marked_once(world):
    student = world.student()
    work, _ = assign(world, max_attempts=1)
    path = f"/assignments/{work['id']}/attempts"
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        begun = list(pool.map(lambda _: done(student, "POST", path), range(6)))
        assert len({attempt["id"] for attempt in begun}) == 1
        answers = {"answers": right(begun[0])}
        ended = list(pool.map(lambda _: api(student, "POST", f"/attempts/{begun[0]['id']}/submit", answers), range(6)))
    assert sorted(answer.status for answer in ended) == [200] + [409] * 5, ended
    assert api(student, "POST", path).status == 409  # no attempt is left
    graded = done(student, "GET", f"/submissions?assignment_id={work['id']}")["items"]
    assert [row["final"] for row in graded] == [80]
    assert len(done(student, "GET", f"/submissions/{graded[0]['id']}/changes")["items"]) == 1


def test_two_teachers_do_not_overwrite_each_other(world):
    student = world.student()
    work = done(world.teacher, "POST", "/assignments", {"class_id": world.group["id"], "title": "Essay", "points": 10})
    made = api(student, "POST", f"/assignments/{work['id']}/submissions", {"content": "Text"})
    assert made.status == 201 and made.header("location").startswith("/api/v1/submissions/")
    path = f"/submissions/{made.json['id']}"
    tag = api(world.teacher, "GET", path).header("etag")
    assert api(world.teacher, "PUT", path + "/grade", {"score": 1}).status == 428
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda score: api(world.teacher, "PUT", path + "/grade", {"score": score}, If_Match=tag),
                                range(4)))
    assert sorted(answer.status for answer in answers) == [200, 412, 412, 412], answers
    won = next(answer.json["score"] for answer in answers if answer.status == 200)
    assert done(student, "GET", path)["score"] == won
    refused = api(world.teacher, "PUT", path + "/grade", {"score": 11}, If_Match="*")
    assert refused.status == 409 and refused.json["errors"][0]["pointer"] == "#/score"
    back = api(world.teacher, "POST", path + "/return", {"feedback": "Please add a source."})
    assert back.status == 200 and back.json["state"] == "returned"
    again = api(student, "PATCH", path, {"content": "Text with a source"}, If_Match="*")
    assert again.status == 200 and again.json["state"] == "submitted"
