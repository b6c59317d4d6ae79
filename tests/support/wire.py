"""Clients that say on the wire exactly what a test wants, valid or not: HTTP/1.1 and WebSocket over a plain socket."""
import base64
import hashlib
import os
import socket
import struct

DEADLINE = 20  # seconds that any single answer may take; far above what is needed

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


class Closed(Exception):
    """The peer ended the connection where more was expected."""


class Response:
    def __init__(self, version, status, headers, body):
        self.version, self.status, self.headers, self.body = version, status, headers, body

    def __repr__(self):
        return f"<{self.status} {self.headers} {self.body[:200]!r}>"

    def header(self, name):
        return ", ".join(v for k, v in self.headers if k == name.lower()) or None

    @property
    def text(self):
        return self.body.decode()


class Wire:
    """One TCP connection with a buffer of what has come."""

    def __init__(self, address, timeout=DEADLINE):
        self.address = address
        self.sock = socket.create_connection(address, timeout=timeout)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.data = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.sock.close()

    def reset(self):
        """Ends the connection with RST instead of FIN."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()

    def finish_sending(self):
        self.sock.shutdown(socket.SHUT_WR)

    def send(self, data):
        self.sock.sendall(data if isinstance(data, bytes) else data.encode("latin-1"))

    def more(self):
        try:
            got = self.sock.recv(65536)
        except ConnectionResetError:
            got = b""
        if not got:
            raise Closed(f"closed after {self.data!r}")
        self.data += got

    def take(self, n):
        while len(self.data) < n:
            self.more()
        out, self.data = self.data[:n], self.data[n:]
        return out

    def take_until(self, mark):
        while mark not in self.data:
            self.more()
        out, _, self.data = self.data.partition(mark)
        return out

    def is_closed(self):
        """Waits for the end; whatever still comes before it is kept in data."""
        try:
            while True:
                self.more()
        except Closed:
            return True
        except TimeoutError:
            return False


class Http(Wire):
    host = "test"  # what the Host field says

    def request(self, method, target, headers=(), body=None):
        lines = [f"{method} {target} HTTP/1.1", f"Host: {self.host}"]
        lines += [f"{name}: {value}" for name, value in dict(headers).items()]
        if body is not None:
            lines.append(f"Content-Length: {len(body)}")
        self.send("\r\n".join(lines) + "\r\n\r\n")
        if body:
            self.send(body)
        return self.response(head=method == "HEAD")

    def get(self, target, **headers):
        return self.request("GET", target, headers)

    def response(self, head=False):
        version, status, _ = (self.take_until(b"\r\n").decode("latin-1") + " ").split(" ", 2)
        headers = []
        while line := self.take_until(b"\r\n").decode("latin-1"):
            name, _, value = line.partition(":")
            headers.append((name.lower(), value.strip()))
        response = Response(version, int(status), headers, b"")
        if not head and response.status >= 200 and response.status not in (204, 304):
            response.body = self.body_of(response)
        return response

    def body_of(self, response):
        if response.header("transfer-encoding") == "chunked":
            return self.chunked()
        length = response.header("content-length")
        if length is not None:
            return self.take(int(length))
        self.is_closed()
        body, self.data = self.data, b""
        return body

    def chunked(self):
        body = b""
        while size := int(self.take_until(b"\r\n").split(b";")[0], 16):
            body += self.take(size)
            assert self.take(2) == b"\r\n"
        while self.take_until(b"\r\n"):  # trailers
            pass
        return body


class WebSocket(Http):
    def __init__(self, address, path, headers=(), timeout=DEADLINE):
        super().__init__(address, timeout)
        key = base64.b64encode(os.urandom(16)).decode()
        self.answer = self.request("GET", path, {
            "Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": 13, "Sec-WebSocket-Key": key,
            **dict(headers)})
        if self.answer.status == 101:
            proof = hashlib.sha1((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest()
            assert self.answer.header("sec-websocket-accept") == base64.b64encode(proof).decode()

    def frame(self, opcode, payload=b"", fin=True, masked=True, rsv=0):
        if isinstance(payload, str):
            payload = payload.encode()
        head = bytes([fin << 7 | rsv << 4 | opcode])
        mask_bit = masked << 7
        if len(payload) < 126:
            head += bytes([mask_bit | len(payload)])
        elif len(payload) < 65536:
            head += bytes([mask_bit | 126]) + struct.pack(">H", len(payload))
        else:
            head += bytes([mask_bit | 127]) + struct.pack(">Q", len(payload))
        if masked:
            mask = os.urandom(4)
            whole = (mask * (len(payload) // 4 + 1))[:len(payload)]
            payload = (int.from_bytes(payload, "big") ^ int.from_bytes(whole, "big")).to_bytes(len(payload), "big")
            head += mask
        self.send(head + payload)

    def receive(self):
        """(opcode, payload) of the next frame; the server must not mask or fragment what the tests get."""
        first, second = self.take(2)
        assert first & 0x80 and not second & 0x80
        n = second & 0x7F
        if n == 126:
            n = struct.unpack(">H", self.take(2))[0]
        elif n == 127:
            n = struct.unpack(">Q", self.take(8))[0]
        return first & 0x0F, self.take(n)

    def ask(self, text):
        """Sends a text message, returns the text of the next message; answers pings on the way."""
        self.frame(TEXT, text)
        return self.receive_text()

    def receive_text(self):
        while True:
            opcode, payload = self.receive()
            if opcode == PING:
                self.frame(PONG, payload)
                continue
            assert opcode == TEXT, (opcode, payload)
            return payload.decode()

    def close_code(self):
        """Waits for the close frame and returns its code; None if the connection ended without one."""
        try:
            while True:
                opcode, payload = self.receive()
                if opcode == CLOSE:
                    return struct.unpack(">H", payload[:2])[0] if payload else 1005
        except Closed:
            return None
