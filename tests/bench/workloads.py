"""The requests that every peer answers, and how an answer is told from a wrong one."""
import base64
import hashlib
import hmac
import html
import http.client
import json
import re

SECRET = "a-secret-for-benchmarks-only-0123456789"
CLAIMS = {"sub": "user-1", "name": "Ada Example", "admin": False, "iat": 1700000000, "exp": 4102444800}
STATIC_SIZE = 100 * 1024


class Wrong(Exception):
    """A peer does not answer as it should."""


def encoded(raw):
    return base64.urlsafe_b64encode(raw).rstrip(b"=")


def token(claims=None, secret=SECRET, alg="HS256"):
    parts = {"alg": alg, "typ": "JWT"}, claims or CLAIMS
    head = b".".join(encoded(json.dumps(part).encode()) for part in parts)
    mac = b"" if alg == "none" else encoded(hmac.new(secret.encode(), head, hashlib.sha256).digest())
    return (head + b"." + mac).decode()


def large_document():
    """4,096 octets of JSON."""
    lines = [{"sku": f"SKU-{i:05}", "title": f"Item {i} – small", "price": i + 0.25, "stock": i % 3 != 0,
              "size": [i, i + 1, i + 0.5], "note": None} for i in range(38)]
    document = json.dumps({"order": 90210, "lines": lines, "pad": ""}, separators=(",", ":"), ensure_ascii=False)
    return document.replace('"pad":""', '"pad":"%s"' % ("x" * (4096 - len(document.encode())))).encode()


def static_file():
    """100 KiB that don't repeat soon."""
    return b"".join(hashlib.sha256(b"%d" % i).digest() for i in range(STATIC_SIZE // 32))


def ask(port, method, path, body=b"", headers=None):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request(method, path, body or None, headers or {})
        answer = connection.getresponse()
        return answer.status, (answer.getheader("content-type") or "").lower().replace(" ", ""), answer.read()
    finally:
        connection.close()


class Workload:
    """A request. kind is its media type; check(workload, port, stores) raises Wrong."""

    def __init__(self, name, path, kind, check, method="GET", body=b"", headers=None, depth=1, needs=()):
        self.name, self.path, self.kind, self.method = name, path, kind, method
        self.body, self.headers, self.depth, self.needs = body, headers or {}, depth, set(needs)
        self.checker = check

    def check(self, port, stores):
        self.checker(self, port, stores)

    def answer(self, port, headers=None):
        status, kind, body = ask(port, self.method, self.path, self.body, {**self.headers, **(headers or {})})
        if status != 200 or not kind.startswith(self.kind):
            raise Wrong(f"{self.name}: {status} {kind} {body[:200]!r}")
        return body

    def must(self, right, found):
        if not right:
            raise Wrong(f"{self.name}: {found[:300]!r}")


def equals(expected):
    def check(work, port, _):
        body = work.answer(port)
        work.must(body == expected, body)
    return check


def same_value(work, port, _):
    body = work.answer(port)
    work.must(json.loads(body) == json.loads(work.body) and len(body) == len(work.body), body)


def rows(count):
    """Random rows that the table holds; count None: one that is no array. Two answers are not the same."""
    def check(work, port, stores):
        seen = set()
        for _ in range(3):
            body = work.answer(port)
            found = json.loads(body) if count else [json.loads(body)]
            work.must(len(found) == (count or 1) and all(set(row) == {"id", "randomNumber"} for row in found), body)
            held = stores.numbers([row["id"] for row in found])
            work.must(all(held[row["id"]] == row["randomNumber"] for row in found), body)
            seen.add(tuple(row["id"] for row in found))
        work.must(len(seen) > 1, "the same rows each time")
    return check


def fortunes_page(lines):
    lines = sorted([*lines, (0, "Additional fortune added at request time.")], key=lambda line: line[1])
    cells = "".join(f"<tr><td>{number}</td><td>{html.escape(text)}</td></tr>" for number, text in lines)
    return ("<!DOCTYPE html><html><head><title>Fortunes</title></head><body><table><tr><th>id</th><th>message</th></tr>"
            f"{cells}</table></body></html>")


def fortunes(work, port, stores):
    lines = [line.split(" ", 1) for line in stores.psql("-c", "SELECT id, message FROM fortune").splitlines()]
    body = work.answer(port)
    # Character references may be written in several ways.
    page = re.sub("&#34;|&#39;", lambda one: html.escape(html.unescape(one[0])), body.decode())
    work.must(page == fortunes_page([(int(number), text) for number, text in lines]), body)


def claims(work, port, _):
    body = work.answer(port)
    work.must(json.loads(body) == CLAIMS, body)
    good = token()
    for what, bad in {"of another key": token(secret="another" * 8), "expired": token({**CLAIMS, "exp": 1600000000}),
                      "unsigned": token(alg="none"), "cut": good[:-4], "no token": "a.b.c"}.items():
        status = ask(port, "GET", work.path, headers={"Authorization": "Bearer " + bad})[0]
        work.must(status == 401, f"a token that is {what} gets {status}, not 401")
    status = ask(port, "GET", work.path)[0]
    work.must(status == 401, f"no Authorization gets {status}, not 401")


HTTP = [
    Workload("plaintext", "/plaintext", "text/plain", equals(b"Hello, World!")),
    Workload("plaintext-p16", "/plaintext", "text/plain", equals(b"Hello, World!"), depth=16),
    Workload("json", "/json", "application/json", equals(b'{"message":"Hello, World!"}')),
    Workload("json-large", "/json-large", "application/json", same_value, method="POST", body=large_document(),
             headers={"Content-Type": "application/json"}),
    Workload("jwt", "/jwt", "application/json", claims, headers={"Authorization": "Bearer " + token()}),
    Workload("db1", "/db1", "application/json", rows(None), needs=["postgres"]),
    Workload("db20", "/db20", "application/json", rows(20), needs=["postgres"]),
    Workload("updates5", "/updates5", "application/json", rows(5), needs=["postgres"]),
    Workload("fortunes", "/fortunes", "text/html;charset=utf-8", fortunes, needs=["postgres"]),
    Workload("redis1", "/redis1", "text/plain", equals(b"v" * 64), needs=["redis"]),
    Workload("static-100k", "/static/100k.bin", "", equals(static_file())),
]
