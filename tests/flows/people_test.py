"""A school's people over the wire: an admin suspends and restores, a roster comes as a file."""
import secrets

import pytest

import daemon

HEADER = "sourcedId,status,dateLastModified,enabledUser,username,givenName,familyName,email,password\r\n"


class Admin:
    """The demo school's admin."""

    def __init__(self, product):
        self.product = product
        opened = product.call("api", "POST", "/api/v1/auth/log-in", {"login": "admin", "password": "admin-password-1"})
        assert opened.status == 200, opened
        self.token = opened.json["access_token"]

    def call(self, method, target, body=None, **headers):
        return self.product.call("api", method, "/api/v1" + target, body, token=self.token, **headers)

    def make(self, target, body):
        made = self.call("POST", target, body)
        assert made.status == 201, made
        return made.json


@pytest.fixture(scope="module")
def admin(product):
    return Admin(product)


def form(content, name="file", filename="users.csv"):
    boundary = secrets.token_hex(12)
    body = (f"--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"{filename}\"\r\n"
            f"Content-Type: text/csv\r\n\r\n").encode() + content + f"\r\n--{boundary}--\r\n".encode()
    return body, {"Content_Type": f"multipart/form-data; boundary={boundary}"}


def test_a_suspended_account_is_out_at_once_until_it_is_restored(product, admin):
    login = f"s-{secrets.token_hex(6)}"
    made = admin.make("/users", {"login": login, "password": "a long password", "name": "S", "role": "student"})
    credentials = {"login": login, "password": "a long password"}
    opened = product.call("api", "POST", "/api/v1/auth/log-in", credentials)
    assert opened.status == 200, opened

    def status():
        return product.call("api", "GET", "/api/v1/me", token=opened.json["access_token"]).status
    assert status() == 200
    assert admin.call("POST", f"/users/{made['id']}/suspend").json["state"] == "suspended"
    daemon.wait_for(lambda: status() == 401, "the end of the session", 10)
    assert product.call("api", "POST", "/api/v1/auth/log-in", credentials).status in (401, 403)
    assert admin.call("POST", f"/users/{made['id']}/restore").json["state"] == "active"
    assert product.call("api", "POST", "/api/v1/auth/log-in", credentials).status == 200
    assert status() == 401, "a session that ended stays ended"


def test_nobody_suspends_the_own_account(admin):
    own = admin.call("GET", "/me").json["id"]
    refused = admin.call("POST", f"/users/{own}/suspend")
    assert refused.status == 409 and admin.call("GET", "/me").json["state"] == "active", refused


@pytest.fixture(scope="module")
def group(admin):
    return admin.make("/classes", {"name": "5b", "subject": "Science", "grade": 5})


def upload(admin, group, text):
    body, headers = form(text.encode())
    return admin.call("POST", f"/classes/{group['id']}/roster", body, **headers)


def test_a_roster_file_is_taken_in_once_and_tells_its_bad_lines(product, admin, group):
    tag = secrets.token_hex(6)
    lines = [f"{tag}-{n},active,,true,{tag}.{n},Given,Family {n},,\r\n" for n in range(250)]
    lines[3] = f"{tag}-3,active,,true,a b,Given,,no address,\r\n"
    lines[7] = f"{tag}-7,active,,true,{tag}.7,\"Gi\"\"ven\",\"Fam, ily\",,first password 7\r\n"
    text = HEADER + "".join(lines)
    first = upload(admin, group, text)
    assert first.status == 200, first
    told = first.json
    assert (told["lines"], told["created"], told["enrolled"], told["failed"]) == (250, 249, 249, 1)
    assert [(e["line"], e["column"]) for e in told["errors"]] == [(5, "username"), (5, "familyName"), (5, "email")]
    again = upload(admin, group, text).json
    assert (again["created"], again["updated"], again["enrolled"], again["removed"]) == (0, 0, 0, 0)
    opened = product.call("api", "POST", "/api/v1/auth/log-in", {"login": f"{tag}.7", "password": "first password 7"})
    assert opened.status == 200 and opened.json["user"]["name"] == 'Gi"ven Fam, ily', opened
    gone = upload(admin, group, HEADER + f"{tag}-1,tobedeleted,,true,{tag}.1,Given,Family,,\r\n").json
    assert gone["removed"] == 1


def test_what_is_no_roster_is_refused_by_name(admin, group):
    target = f"/classes/{group['id']}/roster"
    assert upload(admin, group, "shoe,size\r\n1,2\r\n").status == 422
    assert upload(admin, group, "").status == 422
    assert upload(admin, group, "x" * 99 + "é,size\r\n").status == 422
    broken = upload(admin, group, HEADER + '1,"a"b\r\n')
    assert broken.status == 422 and "line 2" in broken.json["detail"], broken
    assert admin.call("POST", target, {"file": "x"}).status == 415
    body, headers = form(HEADER.encode(), name="other")
    refused = admin.call("POST", target, body, **headers)
    assert refused.status == 422 and refused.json["errors"][0]["pointer"] == "#/other", refused
    body, headers = form(HEADER.encode(), name="x" * 99 + "éa/b")
    refused = admin.call("POST", target, body, **headers)
    assert refused.status == 422 and refused.json["errors"][0]["pointer"] == "#/" + "x" * 99 + "%C3%A9", refused
    body, headers = form(HEADER.encode())
    assert admin.call("POST", target, body[:-8], **headers).status == 400
    assert upload(admin, group, HEADER + "x" * (3 << 20)).status in (413, 422)
