"""People, classes and lessons of a running product, made by its API as any client would."""
import secrets

import daemon

SOURCE = """The water cycle moves water between the sea, the air and the land. Evaporation is the change of a liquid
into a gas. The sun warms the surface of the sea, and water rises as vapour. Condensation is the change of a gas into
a liquid. High in the air the vapour cools into small drops, and many drops together form a cloud. Precipitation is
water that falls from clouds as rain, snow or hail. A river is a large stream of fresh water that flows towards the
sea. Groundwater is water that has soaked into the soil and fills the space between stones. Plants take up groundwater
with their roots and give it back to the air through their leaves. Most of the water on the earth is salt water in the
oceans. Only a small part of it is fresh water, and much of that is frozen in glaciers."""


class Person:
    """Somebody with an account; call() speaks with their token."""

    def __init__(self, product, role):
        self.product, self.role = product, role
        self.login = login = f"{role}-{secrets.token_hex(6)}"
        self.password = f"{login} likes long walks"
        opened = product.call("api", "POST", "/api/v1/auth/sign-up", {
            "birth_date": "2005-05-01",
            "login": login, "password": self.password, "name": f"A {role}", "role": role})
        assert opened.status == 201, opened
        self.token, self.id = opened.json["access_token"], opened.json["user"]["id"]

    def call(self, service, method, target, body=None, **headers):
        return self.product.call(service, method, target, body, token=self.token, **headers)

    def done(self, service, method, target, body=None, **headers):
        """A call that must succeed; its answer's JSON."""
        answer = self.call(service, method, target, body, **headers)
        assert answer.status < 300, (method, target, answer)
        return answer.json if answer.body else None


class School:
    """A teacher with a class, a course that it takes, and students in it."""

    def __init__(self, product, students=1):
        self.product = product
        self.teacher = Person(product, "teacher")
        self.group = self.teacher.done("api", "POST", "/api/v1/classes",
                                       {"name": "5b", "subject": "Science", "grade": 5})
        self.course = self.teacher.done("api", "POST", "/api/v1/courses", {
            "title": "Water", "subject": "Science", "grade": 5, "class_id": self.group["id"]})
        self.students = [self.student() for _ in range(students)]

    def student(self):
        made = Person(self.product, "student")
        made.done("api", "POST", "/api/v1/classes/join", {"code": self.group["join_code"]})
        return made

    def wait_for_run(self, run):
        def finished():
            now = self.teacher.done("api", "GET", f"/api/v1/runs/{run['id']}")
            return now if now["finished_at"] else None
        ended = daemon.wait_for(finished, "the end of the run", 120)
        assert ended["state"] == "succeeded", ended
        return ended

    def lesson(self):
        """A lesson that a run has made; it awaits review."""
        run = self.teacher.done("api", "POST", "/api/v1/lessons/generate",
                                {"course_id": self.course["id"], "source_text": SOURCE})
        return self.find_lesson(self.wait_for_run(run)["output"]["lesson_id"])

    def find_lesson(self, lesson_id):
        return self.teacher.done("api", "GET", f"/api/v1/lessons/{lesson_id}")

    def approve(self, lesson):
        """Approves it and waits until it is published: delivered to Studio and the content service."""
        self.teacher.done("api", "POST", f"/api/v1/lessons/{lesson['id']}/approve")

        def published():
            now = self.find_lesson(lesson["id"])
            return now if now["state"] == "published" else None
        return daemon.wait_for(published, "the publication", 120)
