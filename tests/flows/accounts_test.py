"""Accounts over real sockets: mail that goes out by SMTP, second factors, machines' keys, signing keys that rotate, and
logging in by another provider."""
import base64
import hashlib
import hmac
import re
import struct
import time
import urllib.parse
import urllib.request
import uuid

import jwt
import psycopg2
import pytest

import daemon
import oidc_provider
import smtp_peer
from smtp_peer import token_in

PASSWORD = "a long walk at night"


def code_of(secret, step):
    """RFC 6238, as an authenticator app has it."""
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    mac = hmac.new(key, struct.pack(">Q", step), hashlib.sha1).digest()
    at = mac[-1] & 15
    return f"{(struct.unpack('>I', mac[at:at + 4])[0] & 0x7FFFFFFF) % 10**6:06d}"


def step():
    return int(time.time()) // 30


@pytest.fixture(scope="module")
def mailbox():
    made = smtp_peer.Server()
    yield made
    made.close()


@pytest.fixture(scope="module")
def provider():
    made = oidc_provider.Provider()
    yield made
    made.close()


@pytest.fixture(scope="module")
def product(request, stores, tmp_path_factory, mailbox, provider):
    import product as support
    made = support.Product(tmp_path_factory.mktemp("product"), stores, environment={
        "TOOLBOX_TEST_SMTP": mailbox.url, "TOOLBOX_TEST_OIDC": provider.issuer})
    request.module.started_daemons = [made]
    try:
        yield made.prepare().start()
    finally:
        made.end()


class Person:
    def __init__(self, product, role="teacher", prefix="", **more):
        self.product = product
        self.login = f"{prefix}{role}-{uuid.uuid4().hex[:12]}"
        self.email = self.login + "@example.org"
        made = self.call("POST", "/auth/sign-up", {"birth_date": "2005-05-01",
                                                   "login": self.login, "password": PASSWORD, "name": "Pat Ü",
                                                  "role": role, "email": self.email, **more}, 201)
        self.id, self.token, self.refresh_token = made["user"]["id"], made["access_token"], made["refresh_token"]

    def call(self, method, path, body=None, status=200, token=None, **headers):
        answer = self.product.call("api", method, "/api/v1" + path, body, token or getattr(self, "token", None),
                                   **headers)
        assert answer.status == status, (method, path, answer)
        return answer.json if answer.body else None

    def log_in(self, password=PASSWORD, status=200):
        return self.call("POST", "/auth/log-in", {"login": self.login, "password": password}, status)


def test_an_address_is_proved_and_a_forgotten_password_replaced(product, mailbox):
    person = Person(product)
    person.call("POST", "/auth/forgot-password", {"login": person.login}, 204)  # not proved: no letter
    person.call("POST", "/auth/verify-email",
                {"token": token_in(mailbox.letter_to(person.email, "Is this your address?"))}, 204)
    assert person.call("GET", "/me")["email_verified"] is True
    for name in (person.email, "nobody-at-all"):
        person.call("POST", "/auth/forgot-password", {"login": name}, 204)
    letter = mailbox.letter_to(person.email, "A new password")
    assert product.url("dashboard", "/reset-password?token=") in letter
    reset = {"token": token_in(letter), "password": "another long walk"}
    person.call("POST", "/auth/reset-password", reset, 204)
    person.call("POST", "/auth/reset-password", reset, 409)
    daemon.wait_for(lambda: all(product.call("api", "GET", "/api/v1/me", None, person.token).status == 401
                                for _ in range(8)), "the end of the session on every worker", 10)
    person.log_in("another long walk")
    mailbox.letter_to(person.email, "Your password was changed")
    assert sum("A new password" in message["text"] for message in mailbox.messages) == 1


def test_whoever_reads_the_old_address_is_told_of_a_new_one(product, mailbox):
    person = Person(product)
    person.call("PATCH", "/me", {"email": "first-" + person.email}, If_Match="*")  # none was proved: nobody is told
    first = "first-" + person.email
    person.call("POST", "/auth/verify-email", {"token": token_in(mailbox.letter_to(first, "Is this your address?"))},
                204)
    person.call("PATCH", "/me", {"email": first, "name": "Ada"}, If_Match="*")
    person.call("PATCH", "/me", {"email": "second-" + person.email}, If_Match="*")
    assert "Hello Ada" in mailbox.letter_to(first, "Your address was changed")
    subjects = [message["to"] for message in mailbox.messages if "Your address was changed" in message["text"]]
    assert subjects == [[first]]


def test_a_letter_that_is_not_taken_is_kept_and_sent_again(product, mailbox, stores):
    person = Person(product, prefix="once-")
    store = stores.environment()
    database = psycopg2.connect(host=store["PGHOST"], port=store["PGPORT"], user=store["PGUSER"],
                                dbname="toolbox_education")
    database.autocommit = True
    rows = database.cursor()

    def row(what, condition):
        rows.execute(f"select {what} from mails where state <> 'dropped' and {condition}")
        return rows.fetchone()
    mail_id = daemon.wait_for(lambda: row("id", "error = 'deferred' and due_at > now()"), "the letter put off", 30)[0]
    rows.execute("update mails set due_at = now() where id = %s", (mail_id,))
    rows.execute("notify mail")
    letter = mailbox.letter_to(person.email, "Is this your address?")
    person.call("POST", "/auth/verify-email", {"token": token_in(letter)}, 204)
    kept = daemon.wait_for(lambda: row("data_sealed", f"id = '{mail_id}' and state = 'sent'"), "the letter as sent", 10)
    assert bytes(kept[0]) == b""  # nothing of what it was about stays
    database.close()


def test_the_pages_that_letters_lead_to(product, mailbox):
    person = Person(product)
    token = token_in(mailbox.letter_to(person.email, "Is this your address?"))

    def form(path, **fields):
        return product.call("dashboard", "POST", path, urllib.parse.urlencode(fields).encode(),
                            Content_Type="application/x-www-form-urlencoded")
    page = product.call("dashboard", "GET", "/verify-email?token=" + token)
    assert page.status == 200 and token.encode() in page.body
    assert person.call("GET", "/me")["email_verified"] is False  # a link that is followed changes nothing
    assert form("/verify-email", token=token).status == 200
    assert person.call("GET", "/me")["email_verified"] is True
    assert form("/forgot-password", login=person.email).status == 200
    token = token_in(mailbox.letter_to(person.email, "A new password"))
    assert form("/reset-password", token=token, password="short").status == 422
    assert form("/reset-password", token=token, password="a fourth long walk").status == 200
    person.log_in("a fourth long walk")


def test_a_second_factor(product):
    person = Person(product)
    begun = person.call("POST", "/me/second-factor", {"password": PASSWORD})
    person.call("POST", "/me/second-factor", {"password": "not the password"}, 409)
    codes = person.call("POST", "/me/second-factor/confirm", {"code": code_of(begun["secret"], step())})
    assert len(codes["recovery_codes"]) == 10
    asked = person.log_in()
    assert asked["needs"] == "code" and "access_token" not in asked
    answer = {"challenge_token": asked["challenge_token"], "code": "000000"}
    person.call("POST", "/auth/second-factor", answer, 401)
    answer["code"] = codes["recovery_codes"][0]
    assert person.call("POST", "/auth/second-factor", answer)["access_token"]
    # On the pages.
    fields = urllib.parse.urlencode({"login": person.login, "password": PASSWORD}).encode()
    form = {"Content_Type": "application/x-www-form-urlencoded"}
    page = product.call("dashboard", "POST", "/login", fields, **form)
    assert page.status == 200 and not page.header("set-cookie")
    challenge = re.search(rb'name="challenge" value="([^"]+)"', page.body).group(1).decode()
    fields = urllib.parse.urlencode({"challenge": challenge, "needs": "code",
                                     "code": code_of(begun["secret"], step() + 1)}).encode()
    inside = product.call("dashboard", "POST", "/login/code", fields, **form)
    assert inside.status == 303 and inside.header("set-cookie")


def test_breached_passwords_are_refused(product, tmp_path):
    def breached(command, lines):
        path = tmp_path / "list"
        path.write_text("".join(line + "\n" for line in lines))
        return product.command("breached", "--config", product.config, command, str(path), timeout=60)
    person = Person(product, "student")

    def change(password, status):
        person.call("POST", "/me/password", {"current_password": PASSWORD, "password": password}, status)
    digests = sorted(hashlib.sha1(f"known word {i}".encode()).hexdigest().upper() for i in range(2000))
    assert breached("import", [f"{digest}:{i}" for i, digest in enumerate(digests)]).returncode == 0
    assert breached("count", []).stdout == "2000\n"
    change("known word 1999", 409)
    for wrong in (list(reversed(digests)), ["no digest"]):  # the old list stays in force
        done = breached("import", wrong)
        assert done.returncode != 0 and "list:" in done.stderr, done
    change("known word 0", 409)
    assert breached("words", ["another word", "known word"]).returncode == 0
    change("another word", 409)
    change("known word 0", 204)


def test_guessing_gets_slow(product):
    person = Person(product, "student")
    wrong = {"login": person.login, "password": "wrong"}
    statuses = []
    while 429 not in statuses:  # waits double, so however slow this machine is, one is met soon
        assert len(statuses) < 30, statuses
        answer = product.call("api", "POST", "/api/v1/auth/log-in", wrong)
        statuses.append(answer.status)
    assert statuses[:-1] == [401] * (len(statuses) - 1) and len(statuses) > 10
    assert int(answer.header("retry-after")) >= 1


def test_keys_for_machines(product):
    person = Person(product)
    made = person.call("POST", "/api-keys", {"name": "sync", "scopes": ["classes:read"]}, 201)
    key = made["key"]
    assert person.call("GET", "/classes", token=key)["items"] == []
    person.call("POST", "/classes", {"name": "5b", "subject": "Science", "grade": 5}, 403, token=key)
    person.call("GET", "/me", None, 403, token=key)
    person.call("POST", "/api-keys", {"name": "more", "scopes": ["classes:write"]}, 403, token=key)
    listed = person.call("GET", "/api-keys")["items"]
    assert [entry["prefix"] for entry in listed] == [key[:12]] and listed[0]["last_used_at"]
    person.call("DELETE", "/api-keys/" + made["id"], None, 204)
    person.call("GET", "/classes", None, 401, token=key)


def test_signing_keys_rotate_and_nobody_is_logged_out(product):
    person = Person(product)

    def keys():
        return product.call("api", "GET", "/.well-known/jwks.json").json["keys"]

    def signed_by(token):
        return jwt.get_unverified_header(token).get("kid")
    tokens = [person.token]
    for alg in ("ES256", "RS256"):
        done = product.command("keys", "--config", product.config, "rotate", alg, "0", timeout=60)
        assert done.returncode == 0, done
        kid = done.stdout.split()[0]
        daemon.wait_for(lambda: all(kid in [key["kid"] for key in keys()] for _ in range(8)), "the key everywhere", 10)
        tokens.append(daemon.wait_for(lambda: (lambda t: t if signed_by(t) == kid else None)(
            person.log_in()["access_token"]), "a token of the new key", 10))
    for token in tokens:
        assert person.call("GET", "/me", token=token)["id"] == person.id
    for token in tokens[1:]:  # as any other party verifies it
        key = next(key for key in keys() if key["kid"] == signed_by(token))
        public = jwt.PyJWK(key).key
        assert jwt.decode(token, public, algorithms=[key["alg"]], audience="api")["sub"] == person.id


BACK = "http://127.0.0.1/back"


def go_and_come_back(person_or_product, begun):
    """Follows the address to the provider, as a browser does; what it sends back with."""
    class Stay(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *_):
            return None
    try:
        urllib.request.build_opener(Stay).open(begun["address"])
    except urllib.error.HTTPError as answer:
        return dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(answer.headers["Location"]).query))


def begin(product, status=200, redirect=BACK):
    answer = product.call("api", "POST", "/api/v1/auth/providers/peer", {"redirect_uri": redirect})
    assert answer.status == status, answer
    return answer.json


def finish(product, body, status):
    answer = product.call("api", "POST", "/api/v1/auth/providers/peer/finish", body)
    assert answer.status == status, answer
    return answer.json


def test_logging_in_by_another_provider(product, provider):
    shown = product.call("api", "GET", "/api/v1/auth/providers").json["items"]
    assert shown == [{"name": "peer", "title": "Peer"}]
    provider.log_in_as(sub="ada-1", name="A" * 99 + "éé")
    back = go_and_come_back(product, begin(product))
    assert finish(product, back, 403)["detail"].startswith("No account is linked")
    back = go_and_come_back(product, begin(product))
    first = finish(product, {**back, "role": "student", "birth_date": "2005-05-01"}, 200)
    finish(product, back, 409)  # a state is good once
    back = go_and_come_back(product, begin(product))
    assert finish(product, back, 200)["user"]["id"] == first["user"]["id"]
    begin(product, 409, "http://evil.example/back")
    assert provider.faults == []


@pytest.mark.parametrize("lie", [{"nonce": "another"}, {"aud": "another"}, {"iss": "http://another"}, {"exp": 1},
                                 {"sub": ""}])
def test_a_token_that_does_not_fit_is_refused(product, provider, lie):
    provider.log_in_as(sub="ada-1")
    provider.lie(**lie)
    finish(product, go_and_come_back(product, begin(product)), 502)


def test_a_code_is_bound_to_its_log_in(product, provider):
    provider.log_in_as(sub="ada-1")
    mine, other = begin(product), begin(product)
    back = go_and_come_back(product, other)
    finish(product, {"state": mine["state"], "code": back["code"]}, 401)  # its verifier is another's


def test_an_account_is_linked_by_its_owner_or_by_an_address_proved_on_both_sides(product, provider, mailbox):
    person = Person(product, "student")
    provider.log_in_as(sub="pat-1", email=person.email, email_verified=True)
    finish(product, go_and_come_back(product, begin(product)), 403)  # we have not proved it
    person.call("POST", "/auth/verify-email",
                {"token": token_in(mailbox.letter_to(person.email, "Is this your address?"))}, 204)
    provider.log_in_as(sub="pat-2", email=person.email, email_verified=False)
    finish(product, go_and_come_back(product, begin(product)), 403)  # the provider has not
    provider.log_in_as(sub="pat-3", email=person.email, email_verified=True)
    assert finish(product, go_and_come_back(product, begin(product)), 200)["user"]["id"] == person.id

    other = Person(product, "student")
    provider.log_in_as(sub="kim-1")
    begun = other.call("POST", "/me/identities/peer", {"redirect_uri": BACK})
    back = go_and_come_back(product, begun)
    person.call("POST", "/me/identities/peer/finish", back, 409)  # begun by another
    begun = other.call("POST", "/me/identities/peer", {"redirect_uri": BACK})
    other.call("POST", "/me/identities/peer/finish", go_and_come_back(product, begun), 204)
    assert [entry["provider"] for entry in other.call("GET", "/me/identities")["items"]] == ["peer"]
    assert finish(product, go_and_come_back(product, begin(product)), 200)["user"]["id"] == other.id
    other.call("DELETE", "/me/identities/peer", None, 204)
    finish(product, go_and_come_back(product, begin(product)), 403)


def test_the_pages_lead_to_a_provider_and_back(product, provider):
    person = Person(product, "student")
    provider.log_in_as(sub="page-1")
    begun = person.call("POST", "/me/identities/peer", {"redirect_uri": BACK})
    person.call("POST", "/me/identities/peer/finish", go_and_come_back(product, begun), 204)
    page = product.call("dashboard", "GET", "/login")
    assert b"Log in with Peer" in page.body
    away = product.call("dashboard", "GET", "/login/by/peer")
    assert away.status == 303, away
    back = go_and_come_back(product, {"address": away.header("location")})
    path = "/login/by/peer/callback?" + urllib.parse.urlencode(back)
    assert product.call("dashboard", "GET", path).status == 401  # another browser, without the cookie
    inside = product.call("dashboard", "GET", path, Cookie=away.header("set-cookie").partition(";")[0])
    assert inside.status == 303 and inside.header("location") == "/learn", inside


def test_a_password_of_many_octets_is_a_wrong_one_like_others(product):
    long = "😀" * 1024
    Person(product).log_in(long, 401)
    for path, body in (("/me/password", {"current_password": long, "password": PASSWORD}),
                       ("/me/second-factor", {"password": long}), ("/me/second-factor/remove", {"password": long}),
                       ("/me/second-factor/recovery-codes", {"password": long})):
        Person(product).call("POST", path, body, 409)
