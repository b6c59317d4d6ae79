"""Who may do what to which object: every operation on an object, from everybody who stands in some relation to it.

The cells come from the document, which is made of the route table: caller × operation. What is expected of a cell says
the guard (x-roles) and, for the object, the table below. An operation that neither reaches fails the test, so a new route
cannot be forgotten.

A school with its admin, a teacher with a class, two students in it, one with a parent; beside them a colleague with
nothing to do with the class; and strangers of every role, among them the admin of another school.
"""
import urllib.parse
import uuid

import psycopg2
import pytest

import contract
from api_contract_test import body_schema, operations
from world import World

PASSWORD = "correct horse"
ROLES = {"teacher": "teacher", "student": "student", "parent": "parent", "admin": "admin", "classmate": "student",
         "colleague": "teacher", "strange teacher": "teacher", "strange student": "student", "strange parent": "parent",
         "strange admin": "admin"}


class Village(World):
    def people(self):
        self.tokens["admin"] = self.log_in("admin", "admin-password-1")["access_token"]
        self.who, self.logins = {}, {}
        for name in ("teacher", "student", "classmate", "colleague", "strange admin"):
            login = f"{name.replace(' ', '-')}-{uuid.uuid4().hex[:12]}"
            made = self.call("POST", "/api/v1/users", {
                "login": login, "password": PASSWORD, "name": name, "role": ROLES[name],
                "birth_date": "2005-05-01"}, "admin")
            assert made.status == 201, made
            self.who[name], self.logins[name] = made.json["id"], login
            if name == "strange admin":
                self.move_away(made.json["id"])
            self.tokens[name] = self.log_in(login, PASSWORD)["access_token"]
        for name in ("parent", "strange teacher", "strange student", "strange parent"):
            made = self.product.call("api", "POST", "/api/v1/auth/sign-up", {
                "login": f"{name.replace(' ', '-')}-{uuid.uuid4().hex[:12]}", "password": PASSWORD, "name": name,
                "role": ROLES[name], "birth_date": "1985-05-01"})
            assert made.status == 201, made
            self.tokens[name], self.who[name] = made.json["access_token"], made.json["user"]["id"]
        code = self.call("POST", "/api/v1/me/link-code", None, "student").json["code"]
        assert self.call("POST", "/api/v1/me/children", {"code": code}, "parent").status == 200
        self.keep("/api/v1/users", self.who["student"])

    def sessions(self):
        return {one["id"] for one in self.call("GET", "/api/v1/sessions", None, "teacher").json["items"]}

    def log_in(self, login, password):
        opened = self.product.call("api", "POST", "/api/v1/auth/log-in", {"login": login, "password": password})
        assert opened.status == 200, opened
        return opened.json

    def move_away(self, person_id):
        """An admin of a school of their own."""
        store = self.product.stores.environment()
        with psycopg2.connect(host=store["PGHOST"], port=store["PGPORT"], user=store["PGUSER"],
                              dbname="toolbox_education") as database, database.cursor() as rows:
            school = str(uuid.uuid4())
            rows.execute("insert into schools (id, name) values (%s, 'Elsewhere')", (school,))
            rows.execute("update users set school_id = %s where id = %s", (school, person_id))

    def things(self):
        super().things()
        group = self.ids["/api/v1/classes"][0]
        code = self.call("GET", f"/api/v1/classes/{group}", None, "teacher").json["join_code"]
        assert self.call("POST", "/api/v1/classes/join", {"code": code}, "classmate").status == 200
        path = f"/api/v1/users/{self.who['student']}"
        given = self.call("POST", path + "/consents", {"kind": "research"}, "student")
        asked = self.call("POST", path + "/data-requests", None, "student")
        assert (given.status, asked.status) == (201, 201), (given, asked)
        school = self.call("GET", "/api/v1/school", None, "teacher").json["id"]
        before = self.sessions()
        self.log_in(self.logins["teacher"], PASSWORD)  # a session that may end while the teacher goes on
        self.named = {
            "session_id": (self.sessions() - before).pop(),
            "consent_id": given.json["id"], "request_id": asked.json["id"], "school_id": school,
            "child_id": self.who["student"], "parent_id": self.who["parent"], "student_id": self.who["student"],
            "key_id": self.ids["/api/v1/api-keys"][0], "date": "2026-01-05", "number": "1", "provider": "peer",
        }


@pytest.fixture(scope="module")
def village(product):
    return Village(product)


def fill(village, path, operation):
    """The path with the ids of the village's objects; None if it holds a parameter that nobody gave a value."""
    for parameter in operation.get("parameters", []):
        if parameter["in"] == "path":
            name, ids = parameter["name"], village.ids.get(parameter["schema"].get("x-resource"))
            value = village.named.get(name) or (ids and ids[0])
            if not value:
                return None
            path = path.replace("{" + name + "}", urllib.parse.quote(str(value)))
    return path


T, S, P, A, M, C = "teacher", "student", "parent", "admin", "classmate", "colleague"
MEMBERS = {T, S, P, A, M}

# Who may read an object, and who may change it, by the first word of its path. Strangers never may.
SEES = {
    "api-keys": {T}, "assignments": MEMBERS, "attempts": {T, S, P, A}, "classes": MEMBERS, "courses": MEMBERS,
    "grade-categories": MEMBERS, "lessons": {T, A}, "media": {T, A}, "meetings": MEMBERS, "prompt-templates": {T},
    "quizzes": {T, A}, "runs": {T}, "schools": {T, S, A, M, C}, "submissions": {T, S, P, A}, "users": {T, S, P, A},
}
CHANGES = {
    "api-keys": {T}, "assignments": {T, A}, "attempts": {S}, "classes": {T, A}, "courses": {T, A},
    "grade-categories": {T, A}, "lessons": {T, A}, "media": {T}, "meetings": {T, A}, "prompt-templates": {T},
    "quizzes": {T, A}, "runs": {T}, "schools": {A}, "sessions": {T}, "submissions": {T, A}, "users": {A},
}
# Operations whose rule is another one than their path's.
ONLY = {
    "handIn": {S, M}, "startAssignedAttempt": {S, M}, "handInAgain": {S}, "showGrades": {T, S, P, A},
    "startAttempt": set(),  # the lesson is not published
    "attachSubmissionMedia": {T, A, S}, "detachSubmissionMedia": {T, A, S},
    "makeLinkCode": {T, A}, "removeStudent": {T, A, S}, "unlinkChild": {P}, "deleteMedia": {T, A},
    "giveConsent": {S, P}, "withdrawConsent": {S, P}, "erasePerson": {S, P, A},
    **dict.fromkeys(("listConsents", "showConsent", "listDataRequests", "showDataRequest", "fetchData", "askForData"),
                    {S, P, A}),
}
# What the village has none of, so that those who may meet 404 as well.
NOTHING = {"showLessonQuiz", "showScene", "replaceScene", "showVersion", "restoreVersion", "clearLessonDates",
           "unlinkParent", "fetchData", "attachSubmissionMedia", "detachSubmissionMedia",
           "markAttendance", "startAssignedAttempt", "handIn"}  # moved in time by another cell
NO_OBJECT = {"provider"}  # parameters that name something else
# Done last, in this order: these take away what other cells need.
LAST = ("deleteLesson", "deleteQuiz", "deleteCourse", "deleteClass", "endSession", "suspendUser")


def cells(village):
    """Operations on an object: those that read it, then those that change it, then those that destroy it."""
    found = []
    for path, method, operation in operations(village, ending=True):
        names = {parameter["name"] for parameter in operation.get("parameters", []) if parameter["in"] == "path"}
        if names - NO_OBJECT:
            name = operation["operationId"]
            late = LAST.index(name) + 3 if name in LAST else {"GET": 0, "DELETE": 2}.get(method, 1)
            found.append((late, path, method, operation))
    return [row[1:] for row in sorted(found, key=lambda row: row[0])]


def allowed(path, method, operation):
    name, word = operation["operationId"], path.split("/")[3]
    if word == "me":  # the object is the last word's: /me/children/{child_id}
        assert name in ONLY, f"{name}: who may do it? Say it in ONLY"
    if name in ONLY:
        return ONLY[name]
    table = SEES if method == "GET" else CHANGES
    assert word in table, f"{name}: who may do it? Say it in {'SEES' if method == 'GET' else 'CHANGES'}"
    return table[word]


def judge(name, caller, operation, may, answer):
    what = f"{name} by the {caller}: {answer}"
    assert answer.status < 500, what
    if ROLES[caller] not in operation["x-roles"]:
        assert answer.status == 403, what
    elif operation.get("x-shared") and caller not in may:
        assert answer.status == 200 and answer.json["items"] == [], what
    elif caller not in may:
        # A body that can never be right is refused before anybody looks for the object: 422 tells nothing of it.
        assert answer.status in (403, 404) or (answer.status == 422 and operation.get("requestBody")), what
    elif name not in NOTHING:
        assert answer.status not in (401, 403, 404), what


def test_who_may_do_what_to_an_object(village):
    seen = 0
    for path, method, operation in cells(village):
        name, may = operation["operationId"], allowed(path, method, operation)
        target, schema = fill(village, path, operation), body_schema(operation)
        assert target, f"{name}: the village has no object for {path}"
        chance, gone = contract.chance_of(path), False
        for caller in sorted(ROLES, key=lambda one: one in may):  # who may not comes first
            if gone:
                break
            body = village.document.valid(schema, chance, village.ids) if schema else None
            answer = village.call(method, target, body, caller, **village.headers(operation))
            judge(name, caller, operation, may, answer)
            gone = answer.status < 300 and (method == "DELETE" or name in LAST)
            seen += 1
    assert seen > 600, seen
