"""A class's week over the wire: meetings, attendance, calendar; lessons with what they teach, build on and were."""
import datetime

import pytest

import school


@pytest.fixture(scope="module")
def group(product):
    return school.School(product, students=2)


def test_a_class_meets_and_its_students_are_marked(group):
    teacher, student = group.teacher, group.students[0]
    meeting = teacher.done("api", "POST", "/api/v1/meetings", {
        "class_id": group.group["id"], "weekday": 3, "starts_at": "10:15", "minutes": 45,
        "time_zone": "America/New_York", "from_date": "2026-01-01", "room": "B2"})
    target = f"/api/v1/meetings/{meeting['id']}"
    assert teacher.call("api", "PATCH", target, {"room": "B3"}).status == 428
    changed = teacher.done("api", "PATCH", target, {"room": "B3"}, If_Match="*")
    assert changed["room"] == "B3" and student.done("api", "GET", target) == changed

    week = student.done("api", "GET", "/api/v1/calendar?from=2026-03-02&to=2026-03-15")
    assert [(e["date"], e["starts_at"][:16], e["ends_at"][:16]) for e in week["items"]] == [
        ("2026-03-04", "2026-03-04T15:15", "2026-03-04T16:00"), ("2026-03-11", "2026-03-11T14:15", "2026-03-11T15:00")]
    year = student.done("api", "GET", "/api/v1/calendar?from=2026-01-01&to=2026-12-31")
    assert year["truncated"] and year["items"][-1]["date"] == "2026-03-04" and not week["truncated"], "62 days at once"

    sheet = f"{target}/attendance/2026-03-04"
    marked = teacher.done("api", "PUT", sheet, {"entries": [{"student_id": student.id, "state": "late"}]}, If_Match="*")
    assert {row["student_id"]: row["state"] for row in marked["items"]} == {
        student.id: "late", group.students[1].id: None}
    seen = teacher.call("api", "GET", sheet).header("etag")
    absent = {"entries": [{"student_id": student.id, "state": "absent"}]}
    late = {"entries": [{"student_id": student.id, "state": "late"}]}
    changed = teacher.call("api", "PUT", sheet, absent, If_Match=seen)
    assert changed.status == 200 and changed.header("etag") not in (None, seen), changed
    assert teacher.call("api", "PUT", sheet, late, If_Match=seen).status == 412, "somebody has marked meanwhile"
    assert teacher.call("api", "PUT", sheet, late, If_Match=changed.header("etag")).status == 200
    assert teacher.call("api", "GET", f"{target}/attendance/2026-03-05").status == 404
    assert student.call("api", "GET", sheet).status == 403
    mine = student.done("api", "GET", f"/api/v1/users/{student.id}/attendance")
    assert [(row["date"], row["state"]) for row in mine["items"]] == [("2026-03-04", "late")]
    assert group.students[1].call("api", "GET", f"/api/v1/users/{student.id}/attendance").status == 404


def test_a_class_takes_a_lesson_on_a_date(group):
    teacher = group.teacher
    lesson = teacher.done("api", "POST", "/api/v1/lessons", {"course_id": group.course["id"], "title": "Rivers"})
    dates = f"/api/v1/classes/{group.group['id']}/lessons"
    wrong = teacher.call("api", "PUT", f"{dates}/{lesson['id']}", {
        "starts_at": "2026-06-02T08:00:00Z", "due_at": "2026-06-01T08:00:00Z"}, If_Match="*")
    assert wrong.status == 409 and wrong.json["errors"][0]["pointer"] == "#/due_at", wrong
    teacher.done("api", "PUT", f"{dates}/{lesson['id']}", {
        "starts_at": "2026-06-02T08:00:00Z", "due_at": "2026-06-05T08:00:00Z"}, If_Match="*")
    assert group.students[0].done("api", "GET", dates)["items"] == [], "it is a draft"
    assert school.Person(group.product, "teacher").call("api", "GET", dates).status == 404
    assert [row["title"] for row in teacher.done("api", "GET", dates)["items"]] == ["Rivers"]
    june = "/api/v1/calendar?from=2026-06-01&to=2026-06-06&class_id=" + group.group["id"]
    kinds = [entry["kind"] for entry in teacher.done("api", "GET", june)["items"]]
    assert kinds == ["lesson", "meeting", "due"], kinds
    assert [e["kind"] for e in group.students[0].done("api", "GET", june)["items"]] == ["meeting"], "it is a draft"


def test_today_is_what_today_is_there(group):
    today = datetime.datetime.now(datetime.timezone(datetime.timedelta(hours=14)))
    group.teacher.done("api", "POST", "/api/v1/meetings", {
        "class_id": group.group["id"], "weekday": today.isoweekday(), "starts_at": "23:59", "minutes": 5,
        "time_zone": "Pacific/Kiritimati", "from_date": "2026-01-01", "room": "island"})
    later = datetime.datetime.now(datetime.timezone(datetime.timedelta(hours=14)))
    if later.date() == today.date():
        found = group.students[0].done("api", "GET", "/api/v1/classes/today")["items"]
        assert "island" in [entry["room"] for entry in found]


def test_a_lesson_has_objectives_prerequisites_and_versions(group):
    teacher = group.teacher

    def make(title):
        return teacher.done("api", "POST", "/api/v1/lessons", {"course_id": group.course["id"], "title": title})
    first, second = make("Clouds"), make("Storms")
    target = f"/api/v1/lessons/{first['id']}"
    seen = teacher.call("api", "GET", target + "/objectives")
    told = teacher.done("api", "PUT", target + "/objectives", {"objectives": [
        {"text": "Name five clouds.", "bloom": "remember", "standard": "5-ESS2-1"}, {"text": "Draw one."}]},
        If_Match=seen.header("etag"))
    assert told["objectives"] == [
        {"text": "Name five clouds.", "bloom": "remember", "standard": "5-ESS2-1"},
        {"text": "Draw one.", "bloom": None, "standard": None}]
    stale = teacher.call("api", "PUT", target + "/objectives", {"objectives": []}, If_Match=seen.header("etag"))
    assert stale.status == 412, stale

    teacher.done("api", "PUT", f"/api/v1/lessons/{second['id']}/prerequisites", {"lesson_ids": [first["id"]]},
                 If_Match="*")
    cycle = teacher.call("api", "PUT", target + "/prerequisites", {"lesson_ids": [second["id"]]}, If_Match="*")
    assert cycle.status == 409 and cycle.json["errors"][0]["pointer"] == "#/lesson_ids", cycle
    before = teacher.done("api", "GET", f"/api/v1/lessons/{second['id']}/prerequisites")["items"]
    assert [lesson["title"] for lesson in before] == ["Clouds"]

    teacher.done("api", "POST", target + "/submit")
    teacher.done("api", "POST", target + "/approve")
    teacher.done("api", "PATCH", target, {"title": "Clouds, again"}, If_Match="*")
    versions = teacher.done("api", "GET", target + "/versions")["items"]
    assert [(version["number"], version["title"]) for version in versions] == [(1, "Clouds")]
    kept = teacher.done("api", "GET", target + "/versions/1")
    assert kept["content"]["objectives"] == told["objectives"]
    back = teacher.done("api", "POST", target + "/versions/1/restore")
    assert (back["title"], back["state"]) == ("Clouds", "draft")
    assert group.students[0].call("api", "GET", target + "/versions").status == 403
