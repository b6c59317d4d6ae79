"""An HTTP server for tests/lua/host/http_spec.lua: prints its port, serves until its standard input ends.

GET /text, /headers, /redirect, /redirect-loop, /big (20 MiB), /pieces (three, chunked), /silent (never answers),
/stalled (the head and half of the body, then nothing), /cut (the connection ends too early); POST, PUT, DELETE /echo.
"""
import http.server
import sys
import threading

STOP = threading.Event()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, body, status=200, headers=()):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        name = self.path.strip("/").replace("-", "_")
        getattr(self, "get_" + name, self.get_missing)()

    def get_missing(self):
        self.answer(b"not here", 404)

    def get_text(self):
        self.answer(b"text")

    def get_headers(self):
        names = ("X-Test", "Cookie", "Content-Type", "Expect")
        self.answer(repr([(n, self.headers.get_all(n)) for n in names]).encode(), headers=[("X-Two", "1"), ("X-Two", "2")])

    def get_redirect(self):
        self.answer(b"", 302, [("Location", "/text")])

    def get_redirect_loop(self):
        self.answer(b"", 302, [("Location", "/redirect-loop")])

    def get_big(self):
        self.send_response(200)
        self.send_header("Content-Length", str(20 << 20))
        self.end_headers()
        try:
            for _ in range(20):
                self.wfile.write(b"x" * (1 << 20))
        except OSError:  # the client has had enough
            self.close_connection = True

    def get_pieces(self):
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for piece in (b"one", b"two", b"three"):
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
            self.wfile.flush()
        self.wfile.write(b"0\r\n\r\n")

    def get_silent(self):
        STOP.wait()

    def get_stalled(self):
        self.send_response(200)
        self.send_header("Content-Length", "8")
        self.end_headers()
        self.wfile.write(b"half")
        self.wfile.flush()
        STOP.wait()

    def get_cut(self):
        self.send_response(200)
        self.send_header("Content-Length", "8")
        self.end_headers()
        self.wfile.write(b"half")
        self.close_connection = True

    def echo(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.answer(f"{self.command} {self.headers.get('Content-Type')} ".encode() + body)

    do_POST = do_PUT = do_DELETE = echo


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
server.daemon_threads = True
threading.Thread(target=server.serve_forever, daemon=True).start()
print(server.server_address[1], flush=True)
sys.stdin.read()
STOP.set()
