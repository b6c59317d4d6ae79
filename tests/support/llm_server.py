"""A server that speaks as a model's does, for tests: OpenAI's chat completions and Anthropic's messages, streamed or not.

It answers each of our agents with JSON made from the text it was sent, counts what it is asked, and fails on demand:
refuse (a status), cut (the stream ends half-way), babble (an answer that does not fit), hold (the answer waits).
"""
import collections
import http.server
import json
import re
import threading

KEY = "test-key"

# How each agent's request begins: the agent's name → first words of its task.
TASKS = {"plan": "Plan a lesson", "write": "Write the lesson", "quiz": "Make a quiz", "scene": "Describe a scene",
         "review": "Review the lesson"}


def sentences_of(text):
    source = re.search(r"<source>\n(.*)\n</source>", text, re.S)
    words = " ".join((source.group(1) if source else text).split())
    return re.findall(r"[^.!?]+[.!?]", words) or [words]


def plan(text):
    found = sentences_of(text)
    return {"title": "What the text says", "summary": found[0].strip(), "objectives": ["Tell what the text says."],
            "outline": [{"heading": "The beginning", "points": [found[0].strip()]}], "environment": "forest"}


def write(text):
    found = sentences_of(text)
    return {"sections": [{"heading": "The beginning", "body": " ".join(s.strip() for s in found)}],
            "glossary": [{"term": "Text", "definition": found[-1].strip()}]}


def quiz(text):
    first = sentences_of(text)[0].strip()
    return {"questions": [
        {"kind": "true_false", "prompt": f"True or false? {first}", "answer": {"value": True}},
        {"kind": "multiple_choice", "prompt": "What does the text begin with?", "answer": {"choice": "a"},
         "choices": [{"id": "a", "text": first}, {"id": "b", "text": "Something else"}]},
        {"kind": "cloze", "prompt": "____ " + first.split(" ", 1)[-1], "answer": {"texts": [first.split(" ")[0]]}},
    ]}


def scene(_):
    return {"title": "What the text says", "environment": "forest",
            "stations": [{"kind": "board", "title": "The beginning", "text": "Read this."}]}


def review(_):
    return {"ready": True, "problems": []}


ANSWERS = {"plan": plan, "write": write, "quiz": quiz, "scene": scene, "review": review}


class Server:
    def __init__(self):
        self.calls = []                                # (protocol, agent, the request's body)
        self.orders = collections.defaultdict(list)    # agent → what to do with its next calls
        self.gate = threading.Event()
        self.gate.set()
        self.held = threading.Event()
        self.hold_at = None
        self.lock = threading.Lock()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                outer.answer(self)

            def log_message(self, *_):
                pass

        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.http.server_port}"
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    def close(self):
        self.gate.set()
        self.http.shutdown()
        self.http.server_close()

    def count(self, agent=None):
        with self.lock:
            return sum(1 for _, name, _ in self.calls if agent in (None, name))

    def order(self, agent, what, value=None):
        """The next call of an agent is met with: refuse STATUS, cut, babble TEXT."""
        with self.lock:
            self.orders[agent].append((what, value))

    def hold(self, agent):
        """From now on calls of this agent wait for release()."""
        self.held.clear()
        self.gate.clear()
        self.hold_at = agent

    def release(self):
        self.hold_at = None
        self.gate.set()

    # ---- one request ----

    def answer(self, handler):
        body = json.loads(handler.rfile.read(int(handler.headers["Content-Length"])))
        protocol = {"/v1/chat/completions": "openai", "/v1/messages": "anthropic"}.get(handler.path)
        if not protocol:
            return self.refuse(handler, 404)
        if not self.authorised(handler, protocol):
            return self.refuse(handler, 401)
        if protocol == "openai":
            system, messages = body["messages"][0]["content"], body["messages"][1:]
        else:
            system, messages = body["system"], body["messages"]
        agent = next(name for name, words in TASKS.items() if system.startswith(words))
        with self.lock:
            self.calls.append((protocol, agent, body))
            order, value = self.orders[agent].pop(0) if self.orders[agent] else (None, None)
        if self.hold_at == agent:
            self.held.set()
            self.gate.wait(120)
        if order == "refuse":
            return self.refuse(handler, value)
        text = value if order == "babble" else json.dumps(ANSWERS[agent](messages[0]["content"]))
        try:
            if body.get("stream"):
                self.stream(handler, protocol, text, order == "cut")
            else:
                self.whole(handler, protocol, text)
        except OSError:
            pass  # the client went away, as it does when it is killed

    @staticmethod
    def authorised(handler, protocol):
        if protocol == "openai":
            return handler.headers["Authorization"] == f"Bearer {KEY}"
        return handler.headers["x-api-key"] == KEY and handler.headers["anthropic-version"] == "2023-06-01"

    @staticmethod
    def send(handler, status, kind, body):
        handler.send_response(status)
        handler.send_header("Content-Type", kind)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    def refuse(self, handler, status):
        body = json.dumps({"error": {"type": "test", "message": f"refused with {status}:" + "é" * 400}}).encode()
        self.send(handler, status, "application/json", body)

    def whole(self, handler, protocol, text):
        if protocol == "openai":
            value = {"choices": [{"message": {"role": "assistant", "content": text}, "finish_reason": "stop"}],
                     "usage": {"prompt_tokens": 10, "completion_tokens": 20}}
        else:
            value = {"content": [{"type": "text", "text": text}], "stop_reason": "end_turn",
                     "usage": {"input_tokens": 10, "output_tokens": 20}}
        self.send(handler, 200, "application/json", json.dumps(value).encode())

    @staticmethod
    def events(protocol, text):
        pieces = [text[i:i + 7] for i in range(0, len(text), 7)]
        if protocol == "openai":
            for piece in pieces:
                yield f"data: {json.dumps({'choices': [{'delta': {'content': piece}}]})}\n\n"
            yield f"data: {json.dumps({'choices': [{'delta': {}, 'finish_reason': 'stop'}]})}\n\n"
            yield f"data: {json.dumps({'choices': [], 'usage': {'prompt_tokens': 10, 'completion_tokens': 20}})}\n\n"
            yield "data: [DONE]\n\n"
            return

        def event(kind, **more):
            return f"event: {kind}\ndata: {json.dumps({'type': kind, **more})}\n\n"
        yield event("message_start", message={"usage": {"input_tokens": 10, "output_tokens": 1}})
        yield event("content_block_start", index=0, content_block={"type": "text", "text": ""})
        yield event("ping")
        for piece in pieces:
            yield event("content_block_delta", index=0, delta={"type": "text_delta", "text": piece})
        yield event("content_block_stop", index=0)
        yield event("message_delta", delta={"stop_reason": "end_turn"}, usage={"output_tokens": 20})
        yield event("message_stop")

    def stream(self, handler, protocol, text, cut):
        handler.send_response(200)
        handler.send_header("Content-Type", "text/event-stream")
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        events = list(self.events(protocol, text))
        for event in events[:len(events) // 2] if cut else events:
            data = event.encode()
            handler.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
        handler.wfile.write(b"0\r\n\r\n")
        handler.wfile.flush()
