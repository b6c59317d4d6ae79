"""An OpenAPI document as a test reads it: checks values against its schemas, makes values that fit and that don't.

It knows the part of JSON Schema that our documents use and refuses any other keyword, so nothing is passed over.
"""
import datetime
import os
import random
import re
import string
import uuid

KNOWN = {
    "type", "properties", "required", "additionalProperties", "propertyNames", "minProperties", "maxProperties", "items",
    "minItems",
    "maxItems", "minLength", "maxLength", "pattern", "format", "minimum", "maximum", "enum", "const", "anyOf", "oneOf",
    "default", "description", "examples", "$ref",
}

TYPES = {
    "object": lambda v: isinstance(v, dict), "array": lambda v: isinstance(v, list),
    "string": lambda v: isinstance(v, str), "boolean": lambda v: isinstance(v, bool), "null": lambda v: v is None,
    "number": lambda v: isinstance(v, (int, float)) and not isinstance(v, bool),
    "integer": lambda v: isinstance(v, int) and not isinstance(v, bool),
}

FORMATS = {
    "uuid": re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"),
    "date": re.compile(r"\d{4}-\d\d-\d\d"),
    "date-time": re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)"),
    "email": re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+"),
    "uri": re.compile(r"[a-z]+:.+"),
}

LETTERS = string.ascii_letters + string.digits + " äßλж中🙂'\"<>&%{}/\\"


class Document:
    def __init__(self, document):
        self.document = document

    def operations(self):
        """(path, method, operation), each with its responses written out."""
        for path, methods in self.document["paths"].items():
            for method, operation in methods.items():
                responses = {status: self.resolve(answer) for status, answer in operation["responses"].items()}
                yield path, method.upper(), {**operation, "responses": responses}

    def resolve(self, schema):
        while "$ref" in schema:
            node = self.document
            for part in schema["$ref"].lstrip("#/").split("/"):
                node = node[part.replace("~1", "/").replace("~0", "~")]
            schema = node
        return schema

    # -- checking ---------------------------------------------------------------------------------------------------

    def faults(self, schema, value, where="#"):
        """Everything in which value does not fit schema."""
        schema = self.resolve(schema)
        unknown = {name for name in schema if name not in KNOWN and not name.startswith("x-")}
        assert not unknown, f"{where}: the checker knows no {unknown}"
        found = []
        for word in ("anyOf", "oneOf"):
            if word in schema:
                fitting = sum(not self.faults(option, value, where) for option in schema[word])
                if fitting == 0 or (word == "oneOf" and fitting > 1):
                    found.append(f"{where}: {fitting} options of {word} fit")
        if "const" in schema and value != schema["const"]:
            found.append(f"{where}: not {schema['const']!r}")
        if "enum" in schema and value not in schema["enum"]:
            found.append(f"{where}: {value!r} is none of {schema['enum']}")
        kinds = schema.get("type", [])
        kinds = [kinds] if isinstance(kinds, str) else kinds
        if kinds and not any(TYPES[kind](value) for kind in kinds):
            return found + [f"{where}: {value!r} is no {kinds}"]
        if isinstance(value, str):
            found += self.text_faults(schema, value, where)
        elif isinstance(value, dict):
            found += self.object_faults(schema, value, where)
        elif isinstance(value, list):
            if not schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", 10**9):
                found.append(f"{where}: {len(value)} items")
            for i, item in enumerate(value):
                found += self.faults(schema.get("items", {}), item, f"{where}/{i}")
        elif TYPES["number"](value):
            if not schema.get("minimum", value) <= value <= schema.get("maximum", value):
                found.append(f"{where}: {value} is out of bounds")
        return found

    @staticmethod
    def text_faults(schema, value, where):
        found = []
        if not schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", 10**9):
            found.append(f"{where}: {len(value)} characters")
        if "pattern" in schema and not re.search(schema["pattern"], value):
            found.append(f"{where}: {value!r} does not match {schema['pattern']}")
        if schema.get("format") in FORMATS and not FORMATS[schema["format"]].fullmatch(value):
            found.append(f"{where}: {value!r} is no {schema['format']}")
        return found

    def object_faults(self, schema, value, where):
        found = []
        known, others = schema.get("properties", {}), schema.get("additionalProperties", {})
        for name in schema.get("required", []):
            if name not in value:
                found.append(f"{where}/{name}: missing")
        for name, entry in value.items():
            if name in known:
                found += self.faults(known[name], entry, f"{where}/{name}")
            elif others is False:
                found.append(f"{where}/{name}: not declared")
            else:
                found += self.faults(others, entry, f"{where}/{name}")
                found += self.faults(schema.get("propertyNames", {}), name, f"{where}: the name {name!r}")
        if not schema.get("minProperties", 0) <= len(value) <= schema.get("maxProperties", len(value)):
            found.append(f"{where}: {len(value)} fields")
        return found

    # -- making -----------------------------------------------------------------------------------------------------

    def valid(self, schema, chance, known=None):
        """A value that fits. known: collection → ids that there are, for fields with x-resource."""
        schema = self.resolve(schema)
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            return chance.choice(schema["enum"])
        for word in ("anyOf", "oneOf"):
            if word in schema:
                return self.valid(chance.choice(schema[word]), chance, known)
        kind = schema.get("type", "object")
        kind = chance.choice(kind) if isinstance(kind, list) else kind
        return getattr(self, "valid_" + kind)(schema, chance, known)

    def valid_object(self, schema, chance, known):
        names = list(schema.get("properties", {}))
        needed = set(schema.get("required", []))
        chosen = [name for name in names if name in needed or chance.random() < 0.5]
        least, most = schema.get("minProperties", 0), schema.get("maxProperties", len(names))
        while len(chosen) < least:
            chosen.append(chance.choice([name for name in names if name not in chosen]))
        made = {name: self.valid(schema["properties"][name], chance, known) for name in chosen[:most]}
        if schema.get("additionalProperties"):
            for _ in range(chance.randint(0, min(schema["maxProperties"], 3))):
                made[self.valid(schema["propertyNames"], chance)] = self.valid(schema["additionalProperties"], chance, known)
        return made

    def valid_array(self, schema, chance, known):
        least = schema.get("minItems", 0)
        count = chance.randint(least, min(schema.get("maxItems", 3), least + 2))
        return [self.valid(schema.get("items", {}), chance, known) for _ in range(count)]

    def valid_string(self, schema, chance, known):
        form = schema.get("format")
        if form == "uuid":
            there = (known or {}).get(schema.get("x-resource"))
            return chance.choice(there) if there and chance.random() < 0.8 else str(uuid.UUID(int=chance.getrandbits(128)))
        if form == "date":
            return (datetime.date(1990, 1, 1) + datetime.timedelta(chance.randrange(10000))).isoformat()
        if form == "date-time":
            return f"20{chance.randrange(10, 40)}-0{chance.randrange(1, 10)}-17T08:30:0{chance.randrange(10)}Z"
        if form == "email":
            return f"u{chance.randrange(10**9)}@mail.example"
        if form == "uri":
            return f"https://site{chance.randrange(99)}.example/"
        least, most = schema.get("minLength", 0), schema.get("maxLength", 40)
        length = chance.choice([least, most if most <= 300 else least + 20, chance.randint(least, min(most, least + 30))])
        if "examples" in schema:
            return schema["examples"][0]
        if "pattern" in schema and not re.search(schema["pattern"], "é <>"):
            letters = string.ascii_lowercase + string.digits
        else:
            letters = LETTERS
        made = "".join(chance.choice(letters) for _ in range(length))
        return made if made.strip() == made or not made else "x" + made[1:-1] + "x" if length > 1 else "x"

    @staticmethod
    def valid_integer(schema, chance, _):
        low, high = schema.get("minimum", -1000), schema.get("maximum", 1000)
        return chance.choice([low, high, chance.randint(low, high)])

    @staticmethod
    def valid_number(schema, chance, _):
        return chance.uniform(schema.get("minimum", -1e6), schema.get("maximum", 1e6))

    @staticmethod
    def valid_boolean(_, chance, __):
        return chance.random() < 0.5

    @staticmethod
    def valid_null(*_):
        return None

    def invalid(self, schema, chance, known=None):
        """(value, pointer) pairs: each value fits but in one place, which the answer must name."""
        schema = self.resolve(schema)
        good = self.valid(schema, chance, known)
        yield {**good, "no_such_field": 1}, "#/no_such_field"
        for name in schema.get("required", []):
            yield {key: value for key, value in good.items() if key != name}, f"#/{name}"
        for name, field in schema.get("properties", {}).items():
            for wrong in self.wrong_values(self.resolve(field)):
                broken = {name: wrong} if schema.get("maxProperties") == 1 else {**good, name: wrong}
                yield broken, f"#/{name}"

    def broken(self, schema, value, where="#"):
        """(value, pointer) pairs: value, which fits, broken in one place at a time, at whatever depth."""
        schema = self.resolve(schema)
        options = [option for word in ("anyOf", "oneOf") for option in schema.get(word, ())]
        if options:
            fitting = [option for option in options if not self.faults(option, value)]
            kinds = [self.resolve(option).get("type") for option in options]
            if "oneOf" in schema or "null" in kinds and len(kinds) == 2:
                yield from self.broken(fitting[0], value, where)
            return
        for wrong in self.wrong_values(schema):
            yield wrong, where
        if isinstance(value, dict):
            yield from self.broken_objects(schema, value, where)
        elif isinstance(value, list):
            if value and schema["maxItems"] <= 200:
                yield value[:1] * (schema["maxItems"] + 1), where
            if schema.get("minItems"):
                yield [], where
            for wrong, pointer in self.broken(schema.get("items", {}), value[0], where + "/0") if value else ():
                yield [wrong] + value[1:], pointer

    def broken_objects(self, schema, value, where):
        if schema.get("additionalProperties") is False:
            yield {**value, "no_such_field": 1}, where + "/no_such_field"
        for wrong in self.wrong_values(schema.get("propertyNames", {"type": []})):
            if isinstance(wrong, str):
                yield {wrong: self.valid(schema["additionalProperties"], Everything(0))}, where
        for name in schema.get("required", []):
            yield {key: entry for key, entry in value.items() if key != name}, f"{where}/{name}"
        for name, field in schema.get("properties", {}).items():
            if name in value:
                for wrong, pointer in self.broken(field, value[name], f"{where}/{name}"):
                    yield {**value, name: wrong}, pointer

    @staticmethod
    def wrong_values(field):
        kinds = field.get("type", [])
        kinds = [kinds] if isinstance(kinds, str) else kinds
        if not kinds:
            return
        yield from (value for kind, value in (("object", {}), ("array", []), ("boolean", True), ("null", None))
                    if kind not in kinds)
        if "string" in kinds:
            yield from (5, "nul\x00", "bell\x07")
            if "maxLength" in field:
                yield "x" * (field["maxLength"] + 1)
            if field.get("minLength", 0) > 0:
                yield ""
            if "enum" in field or "format" in field and field["format"] != "password":
                yield "no such thing"
        if "integer" in kinds:
            yield from ("5", 1.5, 1e300, field["minimum"] - 1, field["maximum"] + 1)
        elif "number" in kinds:
            yield "5"
            yield from (field[bound] + more for bound, more in (("minimum", -1), ("maximum", 1)) if bound in field)


SEED = os.environ.get("TOOLBOX_SEED") or str(random.SystemRandom().randrange(10**6))  # conftest.py prints it


def chance_of(text):
    """Random choices, the same again with the same seed."""
    return random.Random(f"{SEED} {text}")


class Everything(random.Random):
    """Choices that fill in every optional field."""

    def random(self):
        return 0.0
