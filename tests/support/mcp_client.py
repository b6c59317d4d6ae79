"""A client of the MCP server, by hand: JSON-RPC over Streamable HTTP."""

HELLO = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "flow", "version": "1"}}


def message(method, params=None, ident=1):
    made = {"jsonrpc": "2.0", "method": method}
    if ident is not None:
        made["id"] = ident
    if params is not None:
        made["params"] = params
    return made


class Client:
    def __init__(self, person):
        self.person, self.session = person, None

    def send(self, body, **headers):
        headers.setdefault("Accept", "application/json, text/event-stream")
        if self.session:
            headers.setdefault("Mcp_Session_Id", self.session)
        return self.person.call("mcp", "POST", "/mcp", body, **headers)

    def open(self, version="2025-06-18"):
        answer = self.send(message("initialize", {**HELLO, "protocolVersion": version}))
        assert answer.status == 200, answer
        self.session = answer.header("mcp-session-id")
        assert self.session and all(0x21 <= ord(c) <= 0x7E for c in self.session)
        return answer.json["result"]

    def ask(self, method, params=None):
        answer = self.send(message(method, params))
        assert answer.status == 200, answer
        return answer.json

    def tool(self, name, **arguments):
        return self.ask("tools/call", {"name": name, "arguments": arguments})["result"]
