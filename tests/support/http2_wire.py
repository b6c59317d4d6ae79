"""A client that says on an HTTP/2 connection exactly what a test wants, valid or not (RFC 9113; fields in HPACK's plain
literals, RFC 7541 §6.2.2)."""
import socket
import ssl

DATA, HEADERS, RST_STREAM, SETTINGS, GOAWAY, CONTINUATION = 0, 1, 3, 4, 7, 9
END_STREAM, END_HEADERS = 1, 4
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"


def integer(value, bits=7):
    most = (1 << bits) - 1
    if value < most:
        return bytes([value])
    out, value = [most], value - most
    while value >= 128:
        out.append(value % 128 + 128)
        value //= 128
    return bytes(out + [value])


def block(*fields):
    return b"".join(b"\0" + b"".join(integer(len(text)) + text.encode("latin-1") for text in field) for field in fields)


def frame(kind, flags, stream, payload=b""):
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload


class Http2:
    def __init__(self, address, timeout=20):
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.set_alpn_protocols(["h2"])
        self.sock = context.wrap_socket(socket.create_connection(address, timeout), server_hostname="one.test")
        self.data = b""
        self.send(PREFACE + frame(SETTINGS, 0, 0))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()

    def send(self, octets):
        self.sock.sendall(octets)

    def take(self, n):
        while len(self.data) < n:
            got = self.sock.recv(65536)
            if not got:
                raise EOFError
            self.data += got
        out, self.data = self.data[:n], self.data[n:]
        return out

    def outcome(self, stream=1):
        """What becomes of a stream: the status, ("reset", code), ("goaway", code), or "closed"."""
        while True:
            try:
                head = self.take(9)
                payload = self.take(int.from_bytes(head[:3], "big"))
            except (EOFError, OSError):
                return "closed"
            kind, of = head[3], int.from_bytes(head[5:9], "big")
            if kind == HEADERS and of == stream:
                return status(payload)
            if kind == RST_STREAM and of == stream:
                return "reset", int.from_bytes(payload, "big")
            if kind == GOAWAY:
                return "goaway", int.from_bytes(payload[4:8], "big")


def status(fields):
    """:status stands first: an entry of the static table, or a literal with its name there (index 8)."""
    known = {0x88: 200, 0x89: 204, 0x8a: 206, 0x8b: 304, 0x8c: 400, 0x8d: 404, 0x8e: 500}
    if fields[0] in known:
        return known[fields[0]]
    size = fields[1] & 127
    return int(fields[2:2 + size]) if not fields[1] & 128 else huffman_digits(fields[2:2 + size])


def huffman_digits(octets):
    """Three digits in Huffman's code (RFC 7541 appendix B)."""
    codes = {"00000": "0", "00001": "1", "00010": "2", "011001": "3", "011010": "4", "011011": "5", "011100": "6",
             "011101": "7", "011110": "8", "011111": "9"}
    bits, text = "".join(f"{octet:08b}" for octet in octets), ""
    while len(text) < 3:
        code = next(code for code in codes if bits.startswith(code))
        bits, text = bits[len(code):], text + codes[code]
    return int(text)
