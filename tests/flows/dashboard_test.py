"""The dashboard as browsers meet it: logging in, forms that other sites cannot send, pages that are live."""
import json
import os
import re
import urllib.parse
import uuid

import pytest

import browser as browsers
import wire

PASSWORD = "correct horse"
SHOTS = os.environ.get("TOOLBOX_SCREENSHOTS")


class Account:
    def __init__(self, product, role):
        self.product, self.role = product, role
        self.login = f"{role}-{uuid.uuid4().hex[:12]}"
        made = product.call("api", "POST", "/api/v1/auth/sign-up", {
            "birth_date": "2005-05-01",
            "login": self.login, "password": PASSWORD, "name": f"Ada <{role}>", "role": role})
        assert made.status == 201, made
        self.token, self.id = made.json["access_token"], made.json["user"]["id"]

    def api(self, method, path, body=None, status=(200, 201)):
        answer = self.product.call("api", method, "/api/v1" + path, body, self.token)
        assert answer.status in status, answer
        return answer.json


class Pages:
    """A client with a cookie jar of one cookie, as forms and htmx use the pages."""

    def __init__(self, product):
        self.product, self.cookie, self.csrf = product, None, None

    def call(self, method, path, form=None, **headers):
        if self.cookie:
            headers["Cookie"] = self.cookie
        body = None
        if form is not None:
            body = urllib.parse.urlencode(form).encode()
            headers["Content_Type"] = "application/x-www-form-urlencoded"
        answer = self.product.call("dashboard", method, path, body, **headers)
        given = answer.header("set-cookie")
        if given:
            self.cookie = given.partition(";")[0]
        return answer

    def log_in(self, account):
        answer = self.call("POST", "/login", {"login": account.login, "password": PASSWORD})
        assert answer.status == 303, answer
        self.home = answer.header("location")
        page = self.call("GET", self.home)
        assert page.status == 200, page
        self.csrf = re.search(r'"x-csrf-token":"([^"]+)"', page.body.decode()).group(1)
        return page

    def send(self, path, form=None, **headers):
        return self.call("POST", path, form or {}, Hx_Request="true", X_Csrf_Token=self.csrf, **headers)


@pytest.fixture
def teacher(product):
    return Account(product, "teacher")


@pytest.fixture
def pages(product):
    return Pages(product)


def test_a_stranger_is_sent_to_the_form_and_back(product, pages, teacher):
    answer = pages.call("GET", "/courses")
    assert answer.status == 303 and answer.header("location") == "/login?next=%2Fcourses"
    form = pages.call("GET", answer.header("location"))
    assert form.status == 200 and b'name="next" value="/courses"' in form.body
    answer = pages.call("POST", "/login", {"login": teacher.login, "password": PASSWORD, "next": "/courses"})
    assert answer.status == 303 and answer.header("location") == "/courses"
    assert "httponly" in answer.header("set-cookie").lower() and "samesite=lax" in answer.header("set-cookie").lower()


@pytest.mark.parametrize("agent", ["caf\xe9", "caf\xc3\xa9", "tab\tbed", "abc" + "\xc3\xa9" * 250])
def test_a_browser_may_call_itself_what_it_likes(pages, teacher, agent):
    answer = pages.call("POST", "/login", {"login": teacher.login, "password": PASSWORD}, User_Agent=agent)
    assert answer.status == 303, answer
    assert teacher.api("GET", "/sessions")["items"][0]["client"].startswith(agent[:3])
    opened = pages.product.call("api", "POST", "/api/v1/auth/log-in",
                                {"login": teacher.login, "password": PASSWORD}, User_Agent=agent)
    assert opened.status == 200, opened


@pytest.mark.parametrize("evil", ["//evil.example/", "https://evil.example", "/\\evil.example", "evil"])
def test_log_in_leads_nowhere_else(pages, teacher, evil):
    answer = pages.call("POST", "/login", {"login": teacher.login, "password": PASSWORD, "next": evil})
    assert answer.status == 303 and answer.header("location") == "/classes"


def test_a_wrong_password_is_told_on_the_form(pages, teacher):
    answer = pages.call("POST", "/login", {"login": teacher.login, "password": "wrong horse"})
    assert answer.status == 401 and b"do not match" in answer.body and answer.header("set-cookie") is None


def test_forms_of_other_sites_are_refused(pages, teacher):
    foreign = pages.call("POST", "/login", {"login": teacher.login, "password": PASSWORD}, Sec_Fetch_Site="cross-site")
    assert foreign.status == 403
    pages.log_in(teacher)
    form = {"name": "Mine", "subject": "Science", "grade": "5"}
    assert pages.call("POST", "/classes", form).status == 403  # no token
    assert pages.call("POST", "/classes", form, X_Csrf_Token="x" * 24).status == 403
    assert pages.send("/classes", form, Origin="https://evil.example").status == 403
    assert teacher.api("GET", "/classes")["items"] == []
    made = pages.send("/classes", form)
    assert made.status == 204 and made.header("hx-redirect").startswith("/classes/")
    assert [item["name"] for item in teacher.api("GET", "/classes")["items"]] == ["Mine"]


def test_log_out_ends_the_session(pages, teacher):
    pages.log_in(teacher)
    old = pages.cookie
    assert pages.send("/logout").header("hx-redirect") == "/login"
    pages.cookie = old
    assert pages.call("GET", "/classes").status == 303


def test_text_is_escaped(pages, teacher):
    page = pages.log_in(teacher)
    assert b"Ada &lt;teacher&gt;" in page.body and b"Ada <teacher>" not in page.body
    pages.send("/classes", {"name": "<script>alert(1)</script>", "subject": "Science", "grade": "5"})
    page = pages.call("GET", "/classes")
    assert b"&lt;script&gt;alert(1)" in page.body and b"<script>alert" not in page.body
    assert "script-src 'self'" in page.header("content-security-policy")


def test_a_broken_form_names_its_fields(pages, teacher):
    pages.log_in(teacher)
    answer = pages.send("/classes", {"name": "", "subject": "Science", "grade": "77"})
    assert answer.status == 422 and b"<code>grade</code>" in answer.body and b"<code>name</code>" in answer.body
    assert b"<html" not in answer.body  # htmx puts it into the page


@pytest.mark.parametrize("role, home, others", [
    ("teacher", "/classes", ("/learn", "/children", "/people", "/status")),
    ("student", "/learn", ("/classes", "/courses", "/children", "/people")),
    ("parent", "/children", ("/classes", "/learn", "/studio", "/people")),
])
def test_each_role_has_its_pages(product, pages, role, home, others):
    pages.log_in(Account(product, role))
    assert pages.home == home
    for path in others:
        assert pages.call("GET", path).status == 403, path


def test_every_page_of_a_teacher_can_be_read(pages, teacher):
    pages.log_in(teacher)
    one = teacher.api("POST", "/classes", {"name": "5b", "subject": "Science", "grade": 5})
    course = teacher.api("POST", "/courses", {
        "title": "Water", "subject": "Science", "grade": 5, "class_id": one["id"]})
    lesson = teacher.api("POST", "/lessons", {
        "course_id": course["id"], "title": "Rain", "objectives": ["Say why it rains"],
        "sections": [{"heading": "Clouds", "body": "First.\n\nSecond."}],
        "glossary": [{"term": "Cloud", "definition": "Drops in the air"}]})
    for path in ("/classes", f"/classes/{one['id']}", "/courses", f"/courses/{course['id']}", "/studio",
                 f"/lessons/{lesson['id']}"):
        page = pages.call("GET", path)
        assert page.status == 200 and b"</html>" in page.body, page
    assert b"Drops in the air" in page.body and b"<p>Second.</p>" in page.body
    submitted = pages.send(f"/lessons/{lesson['id']}/submit")
    assert submitted.status == 200 and b">review<" in submitted.body
    assert b"Approve" in submitted.body
    code = pages.send("/studio/pair")
    assert code.status == 200 and re.search(rb'class="code">[0-9A-Z-]{8,9}<', code.body), code


def test_its_own_files_come_from_the_accepted_set(pages):
    for name, kind in (("app.css", "text/css"), ("live.js", "text/javascript"), ("logo.svg", "image/svg+xml")):
        answer = pages.call("GET", "/ui/" + name)
        assert answer.status == 200 and answer.header("content-type").startswith(kind)
        assert pages.call("GET", "/ui/" + name, If_None_Match=answer.header("etag")).status == 304
    for name in ("..%2finit.lua", "none.css", "init.lua"):
        assert pages.call("GET", "/ui/" + name).status in (404, 422)


def test_topics_need_the_cookie(product, pages, teacher):
    assert wire.WebSocket(product.address("dashboard"), "/ws").answer.status == 401
    pages.log_in(teacher)
    with wire.WebSocket(product.address("dashboard"), "/ws", {"Cookie": pages.cookie}) as socket:
        assert socket.answer.status == 101
        assert json.loads(socket.receive_text())["type"] == "generation"
        assert json.loads(socket.ask('{"type":"ping"}')) == {"type": "pong"}


def test_a_class_page_is_live(product, teacher):
    """In a browser: what a student does appears on the teacher's open page."""
    student = Account(product, "student")
    one = teacher.api("POST", "/classes", {"name": "Live class", "subject": "Science", "grade": 5})
    with browsers.Browser() as browser:
        browser.open(product.url("dashboard", "/login"))
        browser.fill("input[name=login]", teacher.login)
        browser.fill("input[name=password]", PASSWORD)
        browser.click("form button")
        browser.wait("location.pathname === '/classes'")
        browser.open(product.url("dashboard", "/classes/" + one["id"]))
        browser.wait("document.getElementById('link')?.dataset.state === 'open'")
        browser.wait("!!document.querySelector('.chart canvas')")
        browser.wait("document.querySelector('.figures b').textContent === '0'")
        student.api("POST", "/classes/join", {"code": one["join_code"]})
        browser.wait("document.querySelector('.figures b').textContent === '1'")
        assert not browser.problems()
        if SHOTS:
            browser.screenshot(os.path.join(SHOTS, "class.png"))


def test_an_open_page_loads_itself_again_after_a_reload(product, teacher):
    """With setting reload_pages: whoever edits a view sees it."""
    with browsers.Browser() as browser:
        browser.open(product.url("dashboard", "/login"))
        browser.fill("input[name=login]", teacher.login)
        browser.fill("input[name=password]", PASSWORD)
        browser.click("form button")
        browser.wait("location.pathname === '/classes'")
        browser.wait("document.getElementById('link')?.dataset.state === 'open'")
        before = browser.evaluate("Number(document.body.dataset.generation)")
        done = product.reload()
        assert done.returncode == 0, done.stderr
        browser.wait(f"Number(document.body?.dataset.generation) > {before}")
