"""Bad input at every operation: each answer is problem details with the right status, names the field where there is one,
and nothing changes in any database. All cases are made from /openapi.json, so a new route cannot miss them.
"""
import json
import time
import urllib.parse
import uuid

import pytest

import contract
from product import DATABASES
from world import ROLES, World, token_like

# Rows that change although nothing was done, and why.
BOOKKEEPING = {
    "login_failures": "log-ins that fail are counted",
    "sessions": "when one was last used",
    "audit_chains": "locked while it is read",
}

# Each operation meets so many requests that the guessing of passwords would be held up.
# A window of its own, so that the counts, which Redis keeps, hold up nobody after it.
SETTINGS = {"auth_rate_limit": 1000000, "rate_limit": 1000000, "rate_window": "1 s"}

JSON = "application/json"
PROBLEM = "application/problem+json"


class Suite:
    """A family of people with objects, one of strangers, and what requests at each operation look like when all is well."""

    def __init__(self, product):
        self.product = product
        self.world, self.strangers = World(product), World(product)
        self.document, self.cases = self.world.document, 0
        made = self.world.call("POST", "/api/v1/classes", {"name": "5c", "subject": "Science", "grade": 5}, "admin")
        assert made.status == 201, made
        self.school_class = made.json["id"]
        self.wait_for_runs()

    def wait_for_runs(self):
        """What runs in the background changes rows: until nothing does."""
        for run in self.world.ids["/api/v1/runs"] + self.strangers.ids["/api/v1/runs"]:
            end = time.monotonic() + 60
            states = {}
            while not states or "running" in states or "queued" in states:
                assert time.monotonic() < end, states
                states = {self.product.sql("toolbox_education", f"select state from workflow_runs where id = '{run}'")}

    def operations(self, *, body=None, secured=None, parameter=None):
        """(method, path, operation): with a JSON body, guarded, with such a parameter, as asked."""
        for path, method, operation in self.document.operations():
            if "101" in operation["responses"]:
                continue
            if body and not body_schema(operation):
                continue
            if secured and not operation["security"]:
                continue
            if parameter and not any(p["in"] == "header" and p["name"] == parameter for p in operation.get("parameters", [])):
                continue
            yield method, path, operation

    def target(self, path, operation, ids=None, wrong=()):
        """The path with what there is of each collection, and the query that must be there."""
        chance, query = contract.chance_of(path), {}
        ids, wrong = ids or self.world.ids, dict(wrong)
        for parameter in operation.get("parameters", []):
            name, place = parameter["name"], parameter["in"]
            value = wrong.get(name)
            if value is None and (place == "path" or parameter["required"]):
                known = ids.get(parameter["schema"].get("x-resource"))
                value = known[0] if known else self.document.valid(parameter["schema"], chance)
            if place == "path":
                path = path.replace("{" + name + "}", urllib.parse.quote(str(value), safe=""))
            elif place == "query" and value is not None:
                query[name] = value
        return path + ("?" + urllib.parse.urlencode(query) if query else "")

    def headers(self, operation, **more):
        names = {parameter["name"] for parameter in operation.get("parameters", []) if parameter["in"] == "header"}
        made = {"If_Match": "*"} if "If-Match" in names else {}
        return {**made, **more}

    def body(self, operation):
        """A JSON body that fits, with every field there is; None without one."""
        schema = body_schema(operation)
        return self.document.valid(schema, contract.Everything(operation["operationId"]), self.world.ids) if schema else None

    def role(self, operation):
        return next((role for role in ROLES if role in operation["x-roles"]), None) if operation["security"] else None

    def refuse(self, status, method, target, body, role, headers, named=None):
        """Asks, and expects this refusal; named: (member, text) that one of its errors has."""
        answer = self.world.call(method, target, body, role, **headers)
        shown = body if isinstance(body, bytes) else json.dumps(body)
        what = f"{method} {target} {headers} {(shown or '')[:300]!r} → {answer}"
        allowed = status if isinstance(status, tuple) else (status,)
        assert answer.status in allowed, f"expected {status}: {what}"
        assert answer.header("content-type") == PROBLEM and answer.json["status"] == answer.status, what
        if answer.status == 401:
            assert answer.header("www-authenticate"), what
        if named:
            member, text = named
            told = [error.get(member, "") for error in answer.json.get("errors", [])]
            assert any(name == text or name.startswith(text + "/") for name in told), f"should name {text}: {what}"
        self.cases += 1
        return answer


def body_schema(operation):
    return operation.get("requestBody", {}).get("content", {}).get(JSON, {}).get("schema")


def has_body(operation):
    return "requestBody" in operation


@pytest.fixture(scope="module")
def suite(product):
    """Around all tests: the same rows before and after. Which test changed them, each tells when it runs alone."""
    made = Suite(product)
    before = digests(product)
    yield made
    after = digests(product)
    assert {name for name in before if before[name] != after[name]} == set(), "these tables have changed"


def digests(product):
    """Table → digest of all its rows, over all databases."""
    found = {}
    for database in DATABASES:
        names = product.sql(f"toolbox_{database}", "select table_name from information_schema.tables"
                            " where table_schema = 'public' and table_type = 'BASE TABLE'").split()
        rows = " union all ".join(
            f"select '{name}', md5(coalesce(string_agg(md5(t::text), '' order by md5(t::text)), '')) from {name} t"
            for name in names if name not in BOOKKEEPING)
        for line in product.sql(f"toolbox_{database}", rows).splitlines():
            name, digest = line.split("|")
            found[f"{database}.{name}"] = digest
    return found


@pytest.fixture(autouse=True)
def nobody_ends(suite, record_property):
    """Around each test: the same processes; and how many cases there were."""
    family, cases = suite.product.family(), suite.cases
    yield
    record_property("figures", f"{suite.cases - cases} cases")
    assert suite.product.family() == family, "a worker has ended"
    assert suite.cases > cases


# -- who asks ----------------------------------------------------------------------------------------------------------

def test_without_a_good_token(suite):
    good = suite.world.tokens["teacher"]
    secret = suite.product.stores.keys["TOOLBOX_TOKEN_SECRET"]
    assert suite.world.call("GET", "/api/v1/me", None, token_like(good, secret)).status == 200  # the forger can forge
    bad = [None, "nonsense", token_like(good, secret, exp=int(time.time()) - 1), token_like(good, secret, aud="dashboard"),
           token_like(good, secret, iss="somebody"), token_like(good, "0" * 64), good[:-6] + "AAAAAA"]
    for method, path, operation in suite.operations(secured=True):
        for token in bad:
            suite.refuse(401, method, suite.target(path, operation), suite.body(operation), token, suite.headers(operation))


def test_roles_that_may_not(suite):
    for method, path, operation in suite.operations(secured=True):
        for role in ROLES:
            if role not in operation["x-roles"]:
                suite.refuse(403, method, suite.target(path, operation), suite.body(operation), role,
                             suite.headers(operation))


def test_objects_of_others(suite):
    """Whoever has nothing to do with it finds nothing at every object of the family."""
    world, strangers = suite.world, suite.strangers
    for method, path, operation in suite.operations(secured=True):
        resources = [parameter["schema"]["x-resource"] for parameter in operation.get("parameters", [])
                     if parameter["in"] == "path" and "x-resource" in parameter["schema"]]
        if not resources or operation.get("x-shared") or not all(world.ids.get(resource) for resource in resources):
            continue
        schema = body_schema(operation)
        body = suite.document.valid(schema, contract.chance_of(path), strangers.ids) if schema else None
        more = {}
        if has_body(operation) and not schema:
            body, more = b"--x--\r\n", {"Content_Type": "multipart/form-data; boundary=x"}
        for role in operation["x-roles"]:
            suite.refuse((403, 404), method, suite.target(path, operation), body, strangers.tokens[role],
                         suite.headers(operation, **more))


def fields_with_ids(suite, schema, value):
    for name, field in suite.document.resolve(schema).get("properties", {}).items():
        options = [field] + field.get("anyOf", [])
        if name in value and any("x-resource" in suite.document.resolve(option) for option in options):
            yield name, next(o["x-resource"] for o in map(suite.document.resolve, options) if "x-resource" in o)


def test_objects_of_others_in_a_body(suite):
    for method, path, operation in suite.operations(secured=True, body=True):
        body = suite.body(operation)
        for name, resource in fields_with_ids(suite, body_schema(operation), body):
            foreign = suite.strangers.ids.get(resource)
            if foreign:
                suite.refuse((403, 404, 409, 422), method, suite.target(path, operation), {**body, name: foreign[0]},
                             suite.role(operation), suite.headers(operation))


# -- bodies ------------------------------------------------------------------------------------------------------------

def test_each_field_wrong_in_each_way(suite):
    """Missing, of the wrong type, too long, out of bounds, with control characters, unknown: at whatever depth."""
    for method, path, operation in suite.operations(body=True):
        role, target, headers = suite.role(operation), suite.target(path, operation), suite.headers(operation)
        for body, pointer in suite.document.broken(body_schema(operation), suite.body(operation)):
            text = json.dumps(body).encode()  # null too is sent
            suite.refuse(422, method, target, text, role, {**headers, "Content_Type": JSON}, ("pointer", pointer))


UNREADABLE = [
    b"", b" ", b"{", b'{"a":}', b"nul", b"{'a':1}", b'{"a":1}{', b'{"a":1,}', b'{"a":01}', b'{"a":0x10}', b'{"a":NaN}',
    b'{"a":1e999}', b'{"a":-1e999}', b'{"a":' + b"9" * 400 + b"}", b'{"a":1,"a":2}', b'{"a":{"b":1,"b":1}}',
    b'{"a":"\xff"}', b'{"a":"\xc0\x80"}', b'{"a":"\xed\xa0\x80"}', b'{"\xff":1}', b'{"a":"\\ud800"}',
    b'{"a":"\\udc00\\ud800"}', b'{"a":"line\nfeed"}', b'{"a":"\x00"}', b'{"a":"\\x"}', b"[" * 65 + b"]" * 65,
    b'{"a":' * 65 + b"1" + b"}" * 65, b"[" * 100000, b"\xef\xbb\xbf{}",
]


def test_bodies_that_are_no_json(suite):
    for method, path, operation in suite.operations(body=True):
        role, target, headers = suite.role(operation), suite.target(path, operation), suite.headers(operation)
        for body in UNREADABLE:
            suite.refuse(400, method, target, body, role, {**headers, "Content_Type": JSON}, ("pointer", "#"))
        suite.refuse(422, method, target, b"[" * 64 + b"]" * 64, role, {**headers, "Content_Type": JSON}, ("pointer", "#"))


def test_bodies_too_large_or_of_another_type(suite):
    for method, path, operation in suite.operations(body=True):
        role, target, headers = suite.role(operation), suite.target(path, operation), suite.headers(operation)
        text = json.dumps(suite.body(operation)).encode()
        suite.refuse(413, method, target, b'{"a":"' + b"x" * (1 << 20) + b'"}', role, {**headers, "Content_Type": JSON})
        for kind in (None, "text/plain", "application/x-www-form-urlencoded", "application/jsonp", "application/json; charset=latin1",
                     "multipart/form-data; boundary=x", "nonsense"):
            suite.refuse(415, method, target, text, role, {**headers, **({"Content_Type": kind} if kind else {})})


def test_uploads(suite):
    seen = 0
    for method, path, operation in suite.operations():
        if not has_body(operation) or body_schema(operation):
            continue
        # A roster goes into a class of a school, such as the admin's.
        classes = {"/api/v1/classes": [suite.school_class]}
        role, target, headers = "admin", suite.target(path, operation, classes), suite.headers(operation)
        form = {**headers, "Content_Type": "multipart/form-data; boundary=x"}
        suite.refuse(415, method, target, b"{}", role, {**headers, "Content_Type": JSON})
        suite.refuse(415, method, target, b"x", role, headers)
        suite.refuse(400, method, target, b"x", role, {**headers, "Content_Type": "multipart/form-data"})
        for body in (b"", b"nonsense", b"--x\r\n", b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nabc'):
            suite.refuse(400, method, target, body, role, form)
        for head, body in ((b'name="other"; filename="a"', b"abc"), (b'name="file"', b"abc"),
                           (b'name="file"; filename="a"', b""), (b'name="file"; filename="a"', b"\x00\x01\x02")):
            suite.refuse(422, method, target, b"--x\r\nContent-Disposition: form-data; " + head + b"\r\n\r\n" + body
                         + b"\r\n--x--\r\n", role, form)
        seen += 1
    assert seen >= 2


# -- parameters and headers ----------------------------------------------------------------------------------------------

def wrong_texts(schema):
    """Texts that no value of a parameter's schema has."""
    kind = schema.get("type")
    if kind == "array":
        yield from ("no such thing",) if "enum" in schema["items"] else ()
    elif kind == "string" and not schema.keys() & {"format", "enum"}:
        yield from ("\x07", "x" * (schema["maxLength"] + 1))
    else:
        yield from ("no such thing", "\x07", "5x", "1e5", "null")
    if kind == "integer":
        yield from (str(schema["minimum"] - 1), str(schema["maximum"] + 1), "1.5", "9" * 30, "0x10")


def test_parameters(suite):
    for method, path, operation in suite.operations():
        role, body, headers = suite.role(operation), suite.body(operation), suite.headers(operation)
        if has_body(operation) and body is None:
            continue
        target = suite.target(path, operation)
        more = "&" if "?" in target else "?"
        suite.refuse(422, method, f"{target}{more}no_such=1", body, role, headers, ("parameter", "no_such"))
        for unreadable in ("a=%zz", "a=%ff", "a=%", "%c0%80=1", "a=%ed%a0%80"):
            suite.refuse(400, method, f"{target}{more}{unreadable}", body, role, headers)
        for parameter in operation.get("parameters", []):
            name = parameter["name"]
            if parameter["in"] == "header":
                continue
            for wrong in wrong_texts(parameter["schema"]):
                suite.refuse(422, method, suite.target(path, operation, wrong={name: wrong}), body, role, headers,
                             ("parameter", name))
            if parameter["in"] == "query":
                value = suite.document.valid(parameter["schema"], contract.chance_of(name))
                value = ",".join(map(str, value)) if isinstance(value, list) else json.dumps(value).strip('"')
                twice = urllib.parse.urlencode([(name, value), (name, value)])
                rest = suite.target(path, {**operation, "parameters": [p for p in operation["parameters"] if p["in"] == "path"]})
                suite.refuse(422, method, f"{rest}?{twice}", body, role, headers, ("parameter", name))
            if parameter["in"] == "query" and parameter["required"]:
                left = {**operation, "parameters": [p for p in operation["parameters"] if p is not parameter]}
                suite.refuse(422, method, suite.target(path, left), body, role, headers, ("parameter", name))


def test_headers(suite):
    for method, path, operation in suite.operations():
        role, body, headers = suite.role(operation), suite.body(operation), suite.headers(operation)
        target = suite.target(path, operation)
        produced = [kind for answer in operation["responses"].values() for kind in answer.get("content", {})]
        if JSON in produced:
            for accept in ("text/html", "image/*", "application/json;q=0", "application/jsonp"):
                suite.refuse(406, method, target, body, role, {**headers, "Accept": accept})
        if "If_Match" in headers:
            suite.refuse(428, method, target, body, role, {}, None)
            for tag in ("nonsense", '"', '"a" "b"', ""):
                suite.refuse(400, method, target, body, role, {**headers, "If_Match": tag}, ("header", "If-Match"))
        if any(parameter["name"] == "Idempotency-Key" for parameter in operation.get("parameters", [])):
            for key in ("x" * 201, "a b", "\xe9"):
                if body is not None:
                    suite.refuse(400, method, target, body, role, {**headers, "Idempotency_Key": key},
                                 ("header", "Idempotency-Key"))


def test_stale_objects(suite):
    """If-Match with what nobody has seen: 412, where the object is one's own."""
    seen = 0
    for method, path, operation in suite.operations(parameter="If-Match"):
        target, role = suite.target(path, operation), suite.role(operation)
        read = suite.world.call("GET", target, None, role)
        if read.status != 200:
            continue
        body = suite.document.valid(body_schema(operation), contract.chance_of(path), suite.world.ids)
        for tag in ('"999999-none"', '"none"', '"888888-a", "999999-b"'):
            suite.refuse(412, method, target, body, role, {"If_Match": tag})
        seen += 1
    assert seen >= 8


def test_methods(suite):
    for path, methods in suite.document.document["paths"].items():
        target = path
        while "{" in target:
            target = target[:target.index("{")] + str(uuid.uuid4()) + target[target.index("}") + 1:]
        allowed = {method.upper() for method in methods} | {"OPTIONS"} | ({"HEAD"} if "get" in methods else set())
        answer = suite.world.call("OPTIONS", target)
        assert answer.status == 204 and set(answer.header("allow").split(", ")) == allowed, (path, answer)
        for method in {"GET", "POST", "PUT", "PATCH", "DELETE"} - allowed:
            refused = suite.refuse(405, method, target, None, None, {})
            assert set(refused.header("allow").split(", ")) == allowed, (path, refused)
