"""Children's data, as a stranger meets it over the wire: consent before anything is kept, all of a person's data in an
archive, erasure that leaves nothing, no personal value in a dump, and an audit log that nobody edits unseen."""
import csv
import io
import json
import pathlib
import re
import secrets
import subprocess
import urllib.parse
import zipfile

import psycopg2
import pytest

import daemon
import school
import smtp_peer
from mcp_client import Client as McpClient

PASSWORD = "a long walk at night"


@pytest.fixture(scope="module")
def mailbox():
    made = smtp_peer.Server()
    yield made
    made.close()


@pytest.fixture(scope="module")
def product(request, stores, tmp_path_factory, mailbox):
    import product as support
    made = support.Product(tmp_path_factory.mktemp("product"), stores,
                           environment={"TOOLBOX_TEST_SMTP": mailbox.url})
    request.module.started_daemons = [made]
    try:
        yield made.prepare(seed=True).start()
    finally:
        made.end()


class Databases:
    """The four databases as their owner sees them."""

    def __init__(self, product):
        environment = product.stores.environment()
        self.connections = {}
        for name in ("education", "content", "roblox", "memory"):
            self.connections[name] = psycopg2.connect(host=environment["PGHOST"], port=environment["PGPORT"],
                                                      user=environment["PGUSER"], dbname=f"toolbox_{name}")
            self.connections[name].autocommit = True

    def run(self, database, text, *values):
        with self.connections[database].cursor() as cursor:
            cursor.execute(text, values or None)
            return cursor.fetchall() if cursor.description else None

    def tables(self):
        for database in self.connections:
            for (table,) in self.run(database, "select tablename from pg_tables where schemaname = 'public'"):
                yield database, table

    def holding(self, text):
        """Every table of every database with a row that has this text anywhere."""
        return {f"{database}.{table}" for database, table in self.tables()
                if self.run(database, f"select 1 from {table} t where t::text ilike %s limit 1", f"%{text}%")}


@pytest.fixture(scope="module")
def databases(product):
    return Databases(product)


class Person:
    """Somebody who logs in with the API."""

    def __init__(self, product, login, password=PASSWORD):
        self.product, self.login, self.password = product, login, password
        opened = self.log_in()
        assert opened.status == 200, opened
        self.token, self.id = opened.json["access_token"], opened.json["user"]["id"]

    def log_in(self):
        return self.product.call("api", "POST", "/api/v1/auth/log-in", {"login": self.login, "password": self.password})

    def call(self, service, method, target, body=None, **headers):
        return self.product.call(service, method, target, body, token=self.token, **headers)

    def api(self, method, path, body=None, status=200, **headers):
        answer = self.call("api", method, "/api/v1" + path, body, **headers)
        assert answer.status == status, (method, path, answer)
        return answer.json if answer.body and "json" in answer.header("content-type") else answer.body


def public(product, path, body, status):
    answer = product.call("api", "POST", "/api/v1/auth" + path, body)
    assert answer.status == status, (path, answer)
    return answer.json if answer.body else None


def sign_up(product, role="parent", **more):
    login = f"{role}-{secrets.token_hex(6)}"
    public(product, "/sign-up", {"login": login, "password": PASSWORD, "name": "A person", "role": role,
                                 "birth_date": "1985-05-01", **more}, 201)
    return Person(product, login)


@pytest.fixture(scope="module")
def admin(product):
    return Person(product, "admin", "admin-password-1")


def child(**more):
    login = f"child-{secrets.token_hex(6)}"
    return {"login": login, "password": PASSWORD, "name": "Quilla Zorn", "birth_date": "2019-08-07",
            "guardian_email": login + "-guardian@example.org", **more}


def token_for(mailbox, asked, subject):
    return smtp_peer.token_in(mailbox.letter_to(asked["guardian_email"], subject))


def test_of_a_child_nothing_is_kept_before_a_guardian_consents(product, mailbox, databases):
    asked = child()
    refused = public(product, "/sign-up", {name: asked[name] for name in asked if name != "guardian_email"}
                     | {"role": "student"}, 403)
    assert refused["errors"][0]["pointer"] == "#/birth_date"
    without = {name: asked[name] for name in asked if name not in ("guardian_email", "birth_date")} | {"role": "student"}
    assert public(product, "/sign-up", without, 422)["errors"][0]["pointer"] == "#/birth_date"
    public(product, "/child-sign-up", asked, 202)
    public(product, "/log-in", {"login": asked["login"], "password": PASSWORD}, 401)
    for value in (asked["login"], asked["name"], asked["birth_date"], asked["guardian_email"]):
        assert databases.holding(value) == set(), value
    token = token_for(mailbox, asked, "A child asks for an account")
    texts = {text["kind"]: text for text in product.call("api", "GET", "/api/v1/consent-texts").json["items"]}
    assert "name, login and date of birth" in texts["account"]["text"]
    answer = {"token": token, "consents": True, "version": texts["account"]["version"] + 1}
    assert public(product, "/guardian-consent", answer, 409)["errors"][0]["pointer"] == "#/version"
    answer["version"] = texts["account"]["version"]
    public(product, "/guardian-consent", answer, 204)
    public(product, "/guardian-consent", answer, 409)  # good once
    made = Person(product, asked["login"])
    given = made.api("GET", f"/users/{made.id}/consents")["items"]
    assert [(one["kind"], one["version"], one["given_by"]) for one in given] == [("account", answer["version"], None)]
    made.api("POST", f"/users/{made.id}/consents", {"kind": "media"}, 403)  # a guardian's business
    # The guardian takes it back by the letter that confirmed it.
    token = token_for(mailbox, asked, "You have consented to a child's account")
    page = product.call("dashboard", "GET", "/guardian-withdrawal?token=" + token)
    assert page.status == 200 and token.encode() in page.body
    form = urllib.parse.urlencode({"token": token}).encode()
    page = product.call("dashboard", "POST", "/guardian-withdrawal", form,
                        Content_Type="application/x-www-form-urlencoded")
    assert page.status == 200, page
    public(product, "/guardian-withdrawal", {"token": token}, 409)
    assert made.log_in().status == 403
    daemon.wait_for(lambda: all(made.call("api", "GET", "/api/v1/me").status == 401 for _ in range(6)),
                    "the end of the session on every worker", 10)


def test_a_guardian_who_refuses_leaves_no_trace(product, mailbox, databases):
    waiting = "select count(*) from held_sign_ups where expires_at > now()"
    before, asked = databases.run("education", waiting), child()
    public(product, "/child-sign-up", asked, 202)
    token = token_for(mailbox, asked, "A child asks for an account")
    public(product, "/guardian-consent", {"token": token, "consents": False}, 204)
    public(product, "/log-in", {"login": asked["login"], "password": PASSWORD}, 401)
    assert databases.run("education", waiting) == before


def test_a_parent_consents_by_kind_and_version_and_withdraws(product, mailbox):
    asked = child()
    public(product, "/child-sign-up", asked, 202)
    token = token_for(mailbox, asked, "A child asks for an account")
    public(product, "/guardian-consent", {"token": token, "consents": True}, 204)
    made, parent, stranger = Person(product, asked["login"]), sign_up(product), sign_up(product)
    consents = f"/users/{made.id}/consents"
    parent.api("POST", consents, {"kind": "media"}, 404)  # not linked yet
    parent.api("POST", "/me/children", {"code": made.api("POST", "/me/link-code")["code"]})
    media = parent.api("POST", consents, {"kind": "media", "version": 1}, 201)
    assert (media["kind"], media["version"], media["given_by"]) == ("media", 1, parent.id)
    parent.api("POST", consents, {"kind": "media"}, 409)
    assert parent.api("POST", consents, {"kind": "letters", "version": 9}, 409)["errors"][0]["pointer"] == "#/version"
    stranger.api("GET", consents, None, 404)
    stranger.api("POST", f"{consents}/{media['id']}/withdraw", None, 404)
    assert parent.api("POST", f"{consents}/{media['id']}/withdraw")["withdrawn_by"] == parent.id
    assert made.api("GET", "/me")["id"] == made.id  # this one is not vital
    account = next(one for one in parent.api("GET", consents)["items"] if one["kind"] == "account")
    parent.api("POST", f"{consents}/{account['id']}/withdraw")
    assert made.log_in().status == 403


def picture(name):
    return (b'--x\r\nContent-Disposition: form-data; name="file"; filename="' + name.encode() + b'"\r\n\r\n'
            + bytes.fromhex("89504e470d0a1a0a") + bytes(60) + b"\r\n--x--\r\n")


FORM = {"Content_Type": "multipart/form-data; boundary=x"}


def test_the_date_of_birth_decides_what_may_be_kept(product, admin, databases):
    def student(year, status=201, **more):
        login = f"pupil-{secrets.token_hex(6)}"
        made = admin.api("POST", "/users", {"login": login, "password": PASSWORD, "name": "A pupil", "role": "student",
                                            "birth_date": f"{year}-01-01", **more}, status)
        return Person(product, login) if status == 201 else made
    young, older = student(2018), student(2011)
    address = secrets.token_hex(6) + "@young.example"
    assert student(2018, 409, email=address)["errors"][0]["pointer"] == "#/email"
    for method, path, body in (("PATCH", "/me", {"email": address}), ("PATCH", "/me/profile", {"about": address}),
                               ("PATCH", "/me/profile", {"pronouns": "she"})):
        assert young.api(method, path, body, 409, If_Match="*")["errors"][0]["pointer"] == "#/" + [*body][0]
        older.api(method, path, {**body}, If_Match="*")
    admin.api("PATCH", "/users/" + young.id, {"email": address}, 409, If_Match="*")
    young.api("PATCH", "/me/profile", {"about": ""}, If_Match="*")
    young.api("PATCH", "/me", {"name": "Another"}, If_Match="*")
    assert young.api("GET", "/me")["email"] is None
    # A picture needs a consent of its own, while that stands.
    parent = sign_up(product)
    parent.api("POST", "/me/children", {"code": young.api("POST", "/me/link-code")["code"]})
    consents = f"/users/{young.id}/consents"

    def upload(status):
        return young.api("POST", "/media", picture("me.png"), status, **FORM)
    assert upload(403)["errors"][0]["pointer"] == "#/file"
    given = parent.api("POST", consents, {"kind": "media"}, 201)
    upload(201)
    parent.api("POST", f"{consents}/{given['id']}/withdraw")
    upload(403)
    assert databases.run("education", "select count(*) from media where owner_id = %s", young.id) == [(1,)]
    older.api("POST", "/media", picture("me.png"), 201, **FORM)


def test_a_closed_account_opens_when_a_guardian_consents_anew(product, admin, mailbox):
    parent, login = sign_up(product), f"pupil-{secrets.token_hex(6)}"
    admin.api("POST", "/users", {"login": login, "password": PASSWORD, "name": "A pupil", "role": "student",
                                 "birth_date": "2018-01-01"}, 201)
    asked = child()
    public(product, "/child-sign-up", asked, 202)
    public(product, "/guardian-consent",
           {"token": token_for(mailbox, asked, "A child asks for an account"), "consents": True}, 204)
    for made in (Person(product, login), Person(product, asked["login"])):
        of_school = made.login == login
        parent.api("POST", "/me/children", {"code": made.api("POST", "/me/link-code")["code"]})
        consents = f"/users/{made.id}/consents"
        made.api("POST", consents, {"kind": "account"}, 409)
        vital = parent.api("GET", consents)["items"][0]
        parent.api("POST", f"{consents}/{vital['id']}/withdraw")
        if of_school:
            admin.api("POST", f"/users/{made.id}/restore", None, 409)
        assert made.log_in().status == 403
        parent.api("POST", consents, {"kind": "account"}, 201)
        if of_school:
            admin.api("POST", f"/users/{made.id}/restore")
        assert made.log_in().status == 200


# -- export and erasure ----------------------------------------------------------------------------------------------

# Words that stand nowhere else, one for each thing that a person tells.
WORDS = ("Xanthippe", "vellichor", "susurrus", "quockerwodger", "mumpsimus", "borborygm", "tatterdemal", "snollygoster",
         "gongoozler")
NAME, ABOUT, ESSAY, ANSWER, NOTE, MEMORY, FILE, FEEDBACK, MATERIAL = WORDS


class Life:
    """A student of the admin's school who has left something everywhere."""

    def __init__(self, product, admin, mailbox):
        self.tag = secrets.token_hex(6)
        self.email, self.birth_date = f"{self.tag}@mail.example", "2009-03-17"
        made = admin.api("POST", "/users", {
            "login": f"life-{self.tag}", "password": PASSWORD, "name": f"{NAME} {self.tag}", "role": "student",
            "email": self.email, "birth_date": self.birth_date}, 201, Idempotency_Key=secrets.token_hex(8))
        me = self.person = Person(product, f"life-{self.tag}")
        assert made["id"] == me.id
        me.api("POST", "/auth/verify-email", {
            "token": smtp_peer.token_in(mailbox.letter_to(self.email, "Is this your address?"))}, 204)
        me.api("PATCH", "/me/profile", {"about": f"{ABOUT} {self.tag}"}, If_Match="*")
        me.api("PATCH", "/me/preferences", {"theme": "dark"}, If_Match="*")
        staff = sign_up(product, "teacher")
        self.secret = staff.api("POST", "/me/second-factor", {"password": PASSWORD})["secret"]
        self.key = staff.api("POST", "/api-keys", {"name": "sync", "scopes": ["classes:read"]}, 201,
                             Idempotency_Key=secrets.token_hex(8))["key"]
        me.api("POST", f"/users/{me.id}/consents", {"kind": "research"}, 201)
        self.parent = sign_up(product)
        self.parent.api("POST", "/me/children", {"code": me.api("POST", "/me/link-code")["code"]})
        self.learn(admin)
        self.media = me.api("POST", "/media", picture(f"{FILE} {self.tag}.png"), 201, **FORM)
        client = McpClient(me)
        client.open()
        client.tool("context_update", key="likes", content=f"{MEMORY} {self.tag}")
        me.call("bridge", "POST", "/v1/players", {"roblox_user_id": secrets.randbelow(1 << 50) + 1})

    def learn(self, teacher):
        me = self.person
        group = teacher.api("POST", "/classes", {"name": "5b", "subject": "Science", "grade": 5}, 201)
        me.api("POST", "/classes/join", {"code": group["join_code"]})
        meeting = teacher.api("POST", "/meetings", {
            "class_id": group["id"], "weekday": 1, "starts_at": "09:00", "minutes": 45, "time_zone": "Europe/Berlin",
            "from_date": "2026-01-01"}, 201)
        teacher.api("PUT", f"/meetings/{meeting['id']}/attendance/2026-01-05", {
            "entries": [{"student_id": me.id, "state": "late", "note": f"{NOTE} {self.tag}"}]}, If_Match="*")
        essay = teacher.api("POST", "/assignments", {"class_id": group["id"], "title": "Essay"}, 201)
        work = me.api("POST", f"/assignments/{essay['id']}/submissions", {"content": f"{ESSAY} {self.tag}"}, 201)
        self.submission = teacher.api("PUT", f"/submissions/{work['id']}/grade", {
            "score": 80, "feedback": f"{FEEDBACK} {self.tag}"}, If_Match="*")
        note = teacher.api("POST", "/media", picture("note.png"), 201, **FORM)
        teacher.api("PUT", f"/submissions/{work['id']}/media/{note['id']}", None, 204, If_Match="*")
        quiz = teacher.api("POST", "/quizzes", {"title": "Words", "questions": [
            {"kind": "short_answer", "prompt": "Say something", "answer": {"texts": ["this"]}, "objective": "Speak"}]},
            201)
        test = teacher.api("POST", "/assignments", {"class_id": group["id"], "title": "Test", "quiz_id": quiz["id"]},
                           201)
        attempt = me.api("POST", f"/assignments/{test['id']}/attempts")
        me.api("POST", f"/attempts/{attempt['id']}/submit", {
            "answers": [{"question_id": attempt["questions"][0]["id"], "answer": f"{ANSWER} {self.tag}"}]})


@pytest.fixture(scope="module")
def life(product, admin, mailbox):
    return Life(product, admin, mailbox)


def archive_of(asker, person_id):
    """The files of the archive that somebody asks for, by name."""
    request = asker.api("POST", f"/users/{person_id}/data-requests", None, 201)
    path = f"/users/{person_id}/data-requests/{request['id']}"
    daemon.wait_for(lambda: asker.api("GET", path)["state"] == "done", "the archive", 60)
    octets = asker.api("GET", path + "/archive")
    assert asker.call("api", "HEAD", "/api/v1" + path + "/archive").body == b""
    with zipfile.ZipFile(io.BytesIO(octets)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name).decode("latin-1" if name.startswith("media/") else "utf-8")
                for name in archive.namelist()}


# Sections of the archive that are not called as their table is.
SECTIONS = {"account": "users", "audit": "audit_entries", "parents": "parent_links", "children": "parent_links"}
# Tables that hold the person's id and are not shown to the person, and why.
SILENT = {
    "mail_tokens": "digests of links that were mailed", "login_challenges": "digests",
    "idempotency_keys": "sealed copies of answers that the person got, for a day", "link_codes": "digests",
    "person_keys": "the key under which the audit log keeps the person's values",
    "workflow_steps": "what the archive is made from and by: ids only",
    "lesson_versions": "the school's material",
}
PLACES = {ABOUT: "profiles", ESSAY: "submissions", ANSWER: "quiz_attempts", NOTE: "attendance", MEMORY: "memories",
          FILE: "media", FEEDBACK: "submissions", NAME: "account"}


def test_an_archive_holds_all_of_a_person(product, life, databases):
    files = archive_of(life.person, life.person.id)
    pictures = {name: files.pop(name) for name in [*files] if name.startswith("media/")}
    assert [(name, text[1:4], len(text)) for name, text in pictures.items()] == [
        (f"media/{life.media['id']}/{FILE} {life.tag}.png", "PNG", 68)]
    names = {name.partition(".")[0] for name in files}
    assert files.keys() == {f"{name}.{kind}" for name in names for kind in ("json", "csv")}
    shown = {SECTIONS.get(name, name) for name in names}
    holding = {place.partition(".")[2] for place in databases.holding(life.person.id)}
    assert len(holding) > 15, holding  # the search finds things
    assert holding - shown - SILENT.keys() == set(), "kept about a person, but neither in the archive nor with a reason"
    for name in names:
        rows = json.loads(files[name + ".json"])
        assert len(list(csv.reader(io.StringIO(files[name + ".csv"])))) == len(rows) + bool(rows), name
    for word, place in PLACES.items():
        assert f"{word} {life.tag}" in files[place + ".json"] and word in files[place + ".csv"], word
    assert {change["new_final"] for change in json.loads(files["grade_changes.json"])} == {80, 0}
    assert len(json.loads(files["attachments.json"])) == 1
    account = json.loads(files["account.json"])[0]
    assert (account["email"], account["birth_date"]) == (life.email, life.birth_date)
    assert life.secret not in "".join(files.values()) and "password_hash" not in files["account.json"]


def test_who_may_have_the_archive(product, life, admin):
    assert life.email in archive_of(life.parent, life.person.id)["account.json"]
    assert life.email in archive_of(admin, life.person.id)["account.json"]
    for stranger in (sign_up(product), sign_up(product, "teacher")):
        stranger.api("POST", f"/users/{life.person.id}/data-requests", None, 404)
        stranger.api("GET", f"/users/{life.person.id}/data-requests", None, 404)


def test_a_dump_tells_no_personal_value(product, life):
    environment = {**product.environment()}
    for name in ("education", "content", "roblox", "memory"):
        dump = subprocess.run(["pg_dump", "-d", f"toolbox_{name}"], env=environment, capture_output=True, text=True,
                              timeout=60, check=True).stdout
        assert len(dump) > 1000
        for value in (life.email, life.birth_date, life.secret, life.key, PASSWORD, "-guardian@example.org"):
            assert value not in dump and value.encode().hex() not in dump, (name, value)


def test_what_fails_is_told_and_started_anew_by_an_admin(product, life, admin, databases):
    databases.run("memory", "alter table memories rename to away")
    try:
        request = life.person.api("POST", f"/users/{life.person.id}/data-requests", None, 201)
        path = f"/users/{life.person.id}/data-requests/{request['id']}"
        failed = daemon.wait_for(lambda: (lambda now: now if now["state"] != "queued" else None)(
            life.person.api("GET", path)), "the failure", 60)
    finally:
        databases.run("memory", "alter table away rename to memories")
    assert failed["state"] == "failed" and "the log tells more" in failed["problem"], failed
    waiting = admin.api("GET", "/data-requests?state=failed")["items"]
    assert [one["id"] for one in waiting] == [request["id"]]
    life.person.api("POST", path + "/again", None, 403)
    assert admin.api("POST", path + "/again", None, 202)["attempts"] == 2
    daemon.wait_for(lambda: life.person.api("GET", path)["state"] == "done", "the archive", 60)
    admin.api("POST", path + "/again", None, 409)


def test_an_erased_person_is_nowhere(product, life, admin, databases, mailbox):
    me = life.person
    assert [*pathlib.Path(product.extra["TOOLBOX_MEDIA_FOLDER"]).rglob(life.media["id"] + "*")]
    for word in PLACES:  # so that what is looked for below is what was there
        assert databases.holding(f"{word} {life.tag}") or word in (NAME,), word
    admin.api("POST", f"/users/{me.id}/erasure", {"password": "wrong"}, 409)
    request = admin.api("POST", f"/users/{me.id}/erasure", {"password": admin.password}, 202)
    path = f"/users/{me.id}/data-requests/{request['id']}"
    daemon.wait_for(lambda: admin.api("GET", path)["state"] == "done", "the erasure", 60)
    daemon.wait_for(lambda: all(me.call("api", "GET", "/api/v1/me").status == 401 for _ in range(6)),
                    "the end of the session on every worker", 10)
    assert me.log_in().status == 401
    assert not [path for path in pathlib.Path(product.extra["TOOLBOX_MEDIA_FOLDER"]).rglob("*")
                if life.media["id"] in path.name]
    for value in (life.tag, life.email, life.birth_date, *(word for word in WORDS if word != MATERIAL)):
        assert databases.holding(value) == set(), value
    # What must be kept is there, without a name: the grade, and a log that is whole.
    kept = admin.api("GET", f"/submissions/{life.submission['id']}")
    assert (kept["score"], kept["content"], kept["feedback"]) == (80, "", "")
    assert admin.api("GET", f"/submissions/{life.submission['id']}/media")["items"] == []
    assert admin.api("GET", f"/users/{me.id}")["name"] == "Erased person"
    verified = product.command("audit", "--config", product.config, "verify")
    assert verified.returncode == 0, verified
    admin.api("POST", f"/users/{me.id}/data-requests", None, 409)


def test_an_erased_author_leaves_the_school_its_lessons(product, databases):
    place = school.School(product)
    teacher = Person(product, place.teacher.login, place.teacher.password)
    word = f"{MATERIAL} {secrets.token_hex(6)}"
    teacher.api("PATCH", "/me", {"name": word}, If_Match="*")
    lesson = place.lesson()
    place.approve(lesson)
    assert databases.holding(word) >= {"education.users", "content.authors"}
    files = archive_of(teacher, teacher.id)
    for name in ("authors", "workflow_runs", "lessons", "lesson_versions", "quiz_questions", "scenes", "deliveries"):
        assert json.loads(files[name + ".json"]) or name == "deliveries", name
    request = teacher.api("POST", f"/users/{teacher.id}/erasure", {"password": teacher.password}, 202)

    def erased():
        return databases.run("education", "select 1 from data_requests where id = %s and state = 'done'", request["id"])
    daemon.wait_for(erased, "the erasure", 60)
    assert databases.holding(word) == set()
    assert databases.run("education", "select count(*) from workflow_runs where owner_id = %s", teacher.id) == [(0,)]
    assert databases.run("education", "select count(*) from lessons where id = %s", lesson["id"]) == [(1,)]


# -- the audit log ---------------------------------------------------------------------------------------------------

def test_who_serves_may_not_touch_the_audit_log_and_who_does_is_found(product, admin, databases):
    environment = product.stores.environment()
    admin.api("PATCH", "/me", {"name": "The admin"}, If_Match="*")
    serving = psycopg2.connect(host=environment["PGHOST"], port=environment["PGPORT"],
                               user=environment["TOOLBOX_DATABASE_ROLE"], dbname="toolbox_education")
    serving.autocommit = True
    with serving.cursor() as cursor:
        for text in ("update audit_entries set action = 'x'", "delete from audit_entries", "truncate audit_entries",
                     "insert into audit_entries select * from audit_entries limit 1", "update audit_chains set head = ''",
                     "alter table audit_entries disable trigger all", "drop trigger audit_entries_fixed on audit_entries",
                     "update role_permissions set role = 'student'"):
            with pytest.raises(psycopg2.errors.InsufficientPrivilege):
                cursor.execute(text)
    serving.close()
    # Nor does the owner by accident.
    with pytest.raises(psycopg2.errors.IntegrityConstraintViolation):
        databases.run("education", "update audit_entries set action = 'x'")
    chain, sequence = databases.run("education", "select chain::text, max(sequence) from audit_entries group by chain"
                                    " order by 2 desc limit 1")[0]
    where = f"where chain = '{chain}' and sequence = {sequence}"

    def edit(change):
        databases.run("education", "alter table audit_entries disable trigger all;"
                      f" update audit_entries set {change} {where}; alter table audit_entries enable trigger all")

    def verify():
        return product.command("audit", "--config", product.config, "verify")
    assert verify().returncode == 0
    was = databases.run("education", f"select action from audit_entries {where}")[0][0]
    edit("action = 'nothing.happened'")
    found = verify()
    edit(f"action = '{was}'")
    assert found.returncode != 0 and re.search(rf"{chain}.*\b{sequence}\b", found.stdout + found.stderr), found
    assert verify().returncode == 0


def test_signing_up_tells_nobody_who_has_an_account(product, mailbox):
    email = f"{secrets.token_hex(6)}@example.org"
    owner = sign_up(product, "teacher", email=email)
    token = smtp_peer.token_in(mailbox.letter_to(email, "Is this your address?"))
    public(product, "/verify-email", {"token": token}, 204)
    other = sign_up(product, "teacher", email=email)
    free = sign_up(product, "teacher", email="free-" + email)
    shown, same = (one.api("GET", "/me") for one in (other, free))
    assert (shown["email"], shown["email_verified"], same["email_verified"]) == (email, False, False)
    assert shown.keys() == same.keys()
    letter = mailbox.letter_to(email, "Your address was named")
    assert other.login not in letter and "token=" not in letter
    inside = product.call("api", "POST", "/api/v1/auth/log-in", {"login": email, "password": PASSWORD})
    assert inside.json["user"]["id"] == owner.id
