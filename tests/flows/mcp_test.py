"""The MCP server: Streamable HTTP and WebSocket, by hand and by the official SDK's client."""
import json
import subprocess

import pytest
import school
import wire

from daemon import ROOT
from mcp_client import HELLO, Client, message

CLIENTS = ROOT / "tests" / "support" / "clients"


@pytest.fixture(scope="module")
def place(product):
    made = school.School(product)
    made.made = made.lesson()
    return made


@pytest.fixture
def client(place):
    made = Client(place.teacher)
    made.open()
    return made


def test_the_handshake(place):
    made = Client(place.teacher)
    told = made.open()
    assert told["protocolVersion"] == "2025-06-18" and "tools" in told["capabilities"]
    ready = made.send(message("notifications/initialized", ident=None))
    assert (ready.status, ready.body) == (202, b"")
    assert Client(place.teacher).open("1999-01-01")["protocolVersion"] == "2025-11-25"


def test_tools_read_and_search(place, client):
    names = [tool["name"] for tool in client.ask("tools/list")["result"]["tools"]]
    assert {"search_lessons", "read_lesson", "generate_lesson", "read_progress"} <= set(names)
    found = client.tool("search_lessons", query="water")["structuredContent"]["lessons"]
    assert place.made["id"] in [lesson["id"] for lesson in found]
    lesson = client.tool("read_lesson", lesson_id=place.made["id"])
    assert json.loads(lesson["content"][0]["text"]) == lesson["structuredContent"]
    progress = client.tool("read_progress", class_id=place.group["id"])["structuredContent"]
    assert progress["summary"]["students"] == 1


def test_a_lesson_is_generated_by_a_tool(place, client):
    started = client.tool("generate_lesson", course_id=place.course["id"], source_text=school.SOURCE, questions=4)
    run = started["structuredContent"]["run_id"]
    place.wait_for_run({"id": run})
    ended = client.tool("read_run", run_id=run)["structuredContent"]
    assert ended["state"] == "succeeded" and len(ended["steps"]) > 3
    assert place.find_lesson(ended["lesson_id"])["state"] == "review"


def test_authorisation_is_the_api_s(product, place):
    nobody = product.call("mcp", "POST", "/mcp", message("initialize", HELLO))
    assert nobody.status == 401 and nobody.header("www-authenticate").startswith("Bearer")
    student = Client(place.students[0])
    student.open()
    names = [tool["name"] for tool in student.ask("tools/list")["result"]["tools"]]
    assert "generate_lesson" not in names and "read_progress" not in names
    refused = student.ask("tools/call", {"name": "generate_lesson", "arguments": {}})
    assert refused["error"]["code"] == -32602


def test_sessions_belong_to_their_person_and_end(place, client):
    thief = Client(place.students[0])
    thief.session = client.session
    stolen = thief.send(message("ping"))
    assert (stolen.status, stolen.json["error"]["code"]) == (404, -32001)
    ended = place.teacher.call("mcp", "DELETE", "/mcp", Mcp_Session_Id=client.session)
    assert ended.status == 200
    dead = client.send(message("ping"))
    assert dead.status == 404 and "id" not in dead.json


@pytest.mark.parametrize("body, headers, status, code", [
    (b"{oops", {"Content_Type": "application/json"}, 400, -32700),
    (b'{"jsonrpc":"2.0"}', {"Content_Type": "application/json"}, 400, -32600),
    ([message("ping")], {}, 400, -32600),
    (message("ping"), {"MCP_Protocol_Version": "1999-01-01"}, 400, -32000),
    (message("ping"), {"Mcp_Session_Id": "nothing"}, 404, -32001),
    (message("ping"), {"Accept": "text/html"}, 406, -32000),
    (b"{}", {"Content_Type": "text/plain"}, 415, -32000),
    (message("initialize", HELLO), {}, 400, -32600),
    (message("ping"), {"Origin": "http://evil.example"}, 403, -32000),
    (message("nothing/here"), {}, 200, -32601),
    (message("ping"), {"Origin": "http://localhost:6274"}, 200, None),
])
def test_statuses_of_the_transport(client, body, headers, status, code):
    answer = client.send(body, **headers)
    assert answer.status == status, answer
    assert answer.json.get("error", {}).get("code") == code


def test_a_session_is_needed(place):
    answer = Client(place.teacher).send(message("tools/list"))
    assert (answer.status, answer.json["error"]["code"]) == (400, -32000)


def test_there_is_no_stream_to_get(place, client):
    answer = place.teacher.call("mcp", "GET", "/mcp", Accept="text/event-stream", Mcp_Session_Id=client.session)
    assert answer.status == 405 and "POST" in answer.header("allow")


def test_batches_where_the_version_has_them(place):
    made = Client(place.teacher)
    made.open("2025-03-26")
    answer = made.send([message("ping", ident="a"), message("notifications/initialized", ident=None),
                        message("nothing", ident="b")])
    assert answer.status == 200
    assert [(one["id"], one.get("error", {}).get("code")) for one in answer.json] == [("a", None), ("b", -32601)]
    assert made.send([message("notifications/initialized", ident=None)]).status == 202


def open_socket(product, person, path="/ws", **headers):
    headers = {"Sec-WebSocket-Protocol": "mcp", "Authorization": f"Bearer {person.token}", **headers}
    return wire.WebSocket(product.address("mcp"), path, headers)


def test_the_websocket_speaks_the_same(product, place):
    with open_socket(product, place.teacher) as ws:
        assert ws.answer.status == 101, ws.answer
        assert ws.answer.header("sec-websocket-protocol") == "mcp"

        def ask(body):
            return json.loads(ws.ask(json.dumps(body)))
        assert ask(message("tools/list"))["error"]["code"] == -32600
        assert ask(message("initialize", HELLO))["result"]["protocolVersion"] == "2025-06-18"
        assert len(ask(message("tools/list"))["result"]["tools"]) >= 4
        assert json.loads(ws.ask("{oops"))["error"]["code"] == -32700
        assert ask([message("ping")])["error"]["code"] == -32600
        ws.frame(wire.TEXT, json.dumps(message("notifications/initialized", ident=None)))
        assert ask(message("ping", ident="last")) == {"jsonrpc": "2.0", "id": "last", "result": {}}
        ws.frame(wire.BINARY, b"x")
        assert ws.close_code() == 1003


def test_the_websocket_survives_a_reload_with_its_session(product, place):
    with open_socket(product, place.teacher, "/mcp") as ws:
        assert "result" in json.loads(ws.ask(json.dumps(message("initialize", HELLO))))
        done = product.reload()
        assert done.returncode == 0, done.stderr
        assert "result" in json.loads(ws.ask(json.dumps(message("tools/list"))))


def test_the_websocket_ends_with_the_log_in(product):
    person = school.Person(product, "teacher")
    with open_socket(product, person) as ws:
        assert "result" in json.loads(ws.ask(json.dumps(message("initialize", HELLO))))
        assert person.call("api", "POST", "/api/v1/auth/log-out").status == 204
        assert ws.close_code() == 4401


@pytest.mark.parametrize("headers, status", [
    ({"Sec-WebSocket-Protocol": "chat"}, 400), ({"Origin": "http://evil.example"}, 403),
    ({"Authorization": "Bearer x"}, 401),
])
def test_the_websocket_refuses(product, place, headers, status):
    with open_socket(product, place.teacher, **headers) as ws:
        assert ws.answer.status == status


@pytest.mark.parametrize("kind, path", [("http", "/mcp"), ("ws", "/ws")])
def test_the_official_client(product, place, kind, path):
    url = product.url("mcp", path)
    if kind == "ws":
        url = url.replace("http:", "ws:")
    done = subprocess.run(["node", CLIENTS / "mcp.mjs", kind, url, place.teacher.token, "water"],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["server"]["name"] == "toolboxai" and "generate_lesson" in told["tools"]
    assert place.made["id"] in [lesson["id"] for lesson in told["found"]["structuredContent"]["lessons"]]
    assert told["refused"]["isError"] is True
