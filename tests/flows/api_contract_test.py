"""The API against its own document: for every operation, inputs that fit and inputs that don't, from every role.

No answer is ever a 5xx, every answer is one that the document declares, and its body fits the declared schema.
"""
import json
import urllib.parse
import uuid

import pytest

import contract
from world import ROLES, World

ROUNDS = 2
# Each costs a password hash, so only one of those who may asks.
HASHING = {"signUp", "logIn", "createUser", "changePassword", "erasePerson", "beginSecondFactor", "renewRecoveryCodes",
           "removeSecondFactor"}
# What would end the sessions that the other tests use.
ENDING = {"logOut", "logOutEverywhere", "endSession"}


@pytest.fixture(scope="module")
def world(product):
    return World(product)


def operations(world, *, body=False, ending=False):
    for path, method, operation in world.document.operations():
        if (not ending and operation["operationId"] in ENDING) or "101" in operation["responses"]:
            continue
        if "text/event-stream" in operation["responses"].get("200", {}).get("content", {}):
            continue
        if not body or body_schema(operation):
            yield path, method, operation


def body_schema(operation):
    content = operation.get("requestBody", {}).get("content", {})
    return content.get("application/json", {}).get("schema")


def askers(operation):
    """Nobody and every role."""
    if operation["operationId"] not in HASHING:
        return (None,) + ROLES
    return (None, next(role for role in ROLES if role in operation["x-roles"])) if operation["security"] else (None,)


def test_what_fits_is_answered_as_declared(world):
    seen = 0
    for path, method, operation in operations(world):
        name = operation["operationId"]
        for role in askers(operation):
            chance = contract.chance_of(f"{name} {role}")
            for _ in range(1 if name in HASHING else ROUNDS):
                schema = body_schema(operation)
                body = world.document.valid(schema, chance, world.ids) if schema else None
                answer = world.call(method, world.target(path, operation, chance), body, role, **world.headers(operation))
                world.check(answer, path, method, operation)
                if operation["security"] and role is None:
                    assert answer.status == 401 and answer.header("www-authenticate"), answer
                seen += 1
    assert seen > 300


def test_what_breaks_the_schema_is_refused_by_name(world):
    seen = 0
    for path, method, operation in operations(world, body=True):
        chance = contract.chance_of(operation["operationId"])
        role = next(iter(r for r in operation.get("x-roles", []) if r in ROLES), None)
        for body, pointer in world.document.invalid(world.document.resolve(body_schema(operation)), chance, world.ids):
            answer = world.call(method, world.target(path, operation, chance), body, role, **world.headers(operation))
            what = f"{method} {path} with {json.dumps(body)[:300]}"
            assert answer.status == 422, f"{what} → {answer}"
            world.check(answer, path, method, operation)
            named = [error.get("pointer", "") for error in answer.json["errors"]]
            assert any(name.startswith(pointer) for name in named), f"{what} should name {pointer}: {named}"
            seen += 1
    assert seen > 100


def test_parameters_are_refused_by_name(world):
    for path, method, operation in operations(world):
        role = next(iter(r for r in operation.get("x-roles", []) if r in ROLES), None)
        if operation["security"] and role is None:
            continue
        for parameter in operation.get("parameters", []):
            if parameter["in"] == "header" or parameter["name"] == "cursor":
                continue
            chance = contract.chance_of(parameter["name"])
            schema = body_schema(operation)
            body = world.document.valid(schema, chance, world.ids) if schema else None
            plain = parameter["schema"].get("type") == "string" and "format" not in parameter["schema"]
            wrong = "\x07" if plain and "enum" not in parameter["schema"] else "no such thing"
            target = path
            for other in operation["parameters"]:
                if other["in"] == "path":
                    value = wrong if other is parameter else str(uuid.uuid4())
                    target = target.replace("{" + other["name"] + "}", urllib.parse.quote(value))
            if parameter["in"] == "query":
                target += "?" + urllib.parse.urlencode({parameter["name"]: wrong})
            answer = world.call(method, target, body, role, **world.headers(operation))
            assert answer.status == 422, f"{method} {target} → {answer}"
            assert parameter["name"] in [e.get("parameter") for e in answer.json["errors"]], answer


def test_unknown_parameters_and_wrong_types_are_refused_everywhere(world):
    for path, method, operation in operations(world):
        role = next(iter(r for r in operation.get("x-roles", []) if r in ROLES), None)
        if operation["security"] and role is None:
            continue
        chance = contract.chance_of(path)
        target = world.target(path, operation, chance)
        schema = body_schema(operation)
        body = world.document.valid(schema, chance, world.ids) if schema else None
        answer = world.call(method, target + ("&" if "?" in target else "?") + "nonsense=1", body, role,
                            **world.headers(operation))
        assert answer.status == 422, f"{method} {target} → {answer}"
        assert "nonsense" in [e.get("parameter") for e in answer.json["errors"]]
        if schema:
            answer = world.call(method, target, b"x=1", role, Content_Type="application/x-www-form-urlencoded",
                                **world.headers(operation))
            assert answer.status == 415, f"{method} {target} → {answer}"
            answer = world.call(method, target, b'{"a":', role, Content_Type="application/json", **world.headers(operation))
            assert answer.status == 400, f"{method} {target} → {answer}"


def test_every_path_tells_its_methods(world):
    for path, methods in world.document.document["paths"].items():
        target = path
        while "{" in target:
            target = target[:target.index("{")] + str(uuid.uuid4()) + target[target.index("}") + 1:]
        answer = world.call("OPTIONS", target)
        assert answer.status == 204, answer
        allowed = set(answer.header("allow").split(", "))
        assert {method.upper() for method in methods} <= allowed and "OPTIONS" in allowed
        missing = next(method for method in ("PUT", "DELETE", "PATCH", "POST", "GET") if method not in allowed)
        answer = world.call(missing, target)
        assert answer.status == 405 and set(answer.header("allow").split(", ")) == allowed, answer


def test_nobody_touches_what_is_another_family(world, product):
    """Role by route by ownership: strangers of every role meet 403 or 404 at every object of the first family."""
    stranger = World(product)
    checked = 0
    for path, method, operation in operations(world, ending=True):
        resources = [parameter["schema"].get("x-resource") for parameter in operation.get("parameters", [])
                     if parameter["in"] == "path" and parameter["schema"].get("format") == "uuid"]
        if not resources or operation.get("x-shared") or not all(world.ids.get(resource) for resource in resources):
            continue
        target, chance = path, contract.chance_of(path)
        for parameter in operation["parameters"]:
            if parameter["in"] == "path":
                ids = world.ids.get(parameter["schema"].get("x-resource"))
                value = ids[0] if ids else world.document.valid(parameter["schema"], chance)
                target = target.replace("{" + parameter["name"] + "}", str(value))
        schema = body_schema(operation)
        body = world.document.valid(schema, chance, stranger.ids) if schema else None
        for role in ROLES:
            answer = stranger.call(method, target, body, role, **world.headers(operation))
            expected = (403, 404) if role in operation["x-roles"] else (403,)
            assert answer.status in expected, f"a strange {role}: {method} {target} → {answer}"
            checked += 1
    assert checked > 60
