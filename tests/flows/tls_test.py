"""TLS and HTTP/2 on a listener of the conformance service, seen by OpenSSL (Python's ssl) and curl."""
import http.client
import pathlib
import re
import shutil
import socket
import ssl
import subprocess

import daemon as daemons
import http2_wire as h2
import pytest

pytestmark = pytest.mark.core


def make_certificate(folder, name):
    """A self-signed certificate for name; returns its path, the key lies beside it."""
    path = pathlib.Path(folder) / f"{name}.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-keyout", path.with_suffix(".key"), "-out", path, "-subj", f"/CN={name}",
         "-addext", f"subjectAltName=DNS:{name}"], check=True, capture_output=True)
    return path


@pytest.fixture
def daemon(conformance):
    made = conformance(tree=True, start=False)
    root = made.tree.root
    certificates = root / "certificates"
    certificates.mkdir()
    for name in ("one.test", "two.test"):
        make_certificate(certificates, name)
    config = root / "config" / "conformance.lua"
    rows = ", ".join(f'{{ certificate = "certificates/{n}.pem", key = "certificates/{n}.key" }}'
                     for n in ("one.test", "two.test"))
    text, count = re.subn(r"(services = \{ conformance = \{)", rf"\1 tls = {{ {rows} }},", config.read_text())
    assert count == 1
    config.write_text(text)
    made.spawn()
    daemons.wait_for(lambda: sum(line.get("message") == "worker started" for line in made.lines()) == 2, "two workers")
    return made


def connect(daemon, name, trusted=None, alpn=None, session=None, version=None):
    context = ssl.create_default_context(cafile=trusted) if trusted else ssl.create_default_context()
    if not trusted:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    if alpn:
        context.set_alpn_protocols(alpn)
    if version:
        context.maximum_version = version
    raw = socket.create_connection(("127.0.0.1", daemon.port), 30)
    return context.wrap_socket(raw, server_hostname=name, session=session)


def get(stream, path="/healthz"):
    stream.sendall(f"GET {path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n".encode())
    response = http.client.HTTPResponse(stream)
    response.begin()
    return response.status, response.read()


def curl(daemon, path, *options):
    done = subprocess.run(["curl", "-sS", "-k", "--max-time", "30", *options, f"https://127.0.0.1:{daemon.port}{path}"],
                          capture_output=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def certificate(daemon, name):
    return daemon.tree.root / "certificates" / f"{name}.pem"


def test_the_name_chooses_the_certificate(daemon):
    for name in ("one.test", "two.test"):
        with connect(daemon, name, trusted=certificate(daemon, name)) as stream:
            assert get(stream) == (200, b"ok")
    with connect(daemon, "other.test") as stream:
        pem = ssl.DER_cert_to_PEM_cert(stream.getpeercert(binary_form=True))
        assert pem.strip() == certificate(daemon, "one.test").read_text().strip()


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_old_versions_are_refused(daemon):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    with socket.create_connection(("127.0.0.1", daemon.port), 30) as raw, pytest.raises(ssl.SSLError):
        context.wrap_socket(raw)


def test_a_session_resumes_in_whichever_worker_accepts(daemon):
    """TLS 1.2, where the ticket is there when the handshake ends."""
    context = ssl.create_default_context(cafile=certificate(daemon, "one.test"))
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    session, workers = None, set()
    for _ in range(20):
        raw = socket.create_connection(("127.0.0.1", daemon.port), 30)
        with context.wrap_socket(raw, server_hostname="one.test", session=session) as stream:
            assert stream.session_reused == (session is not None)
            session = session or stream.session
            workers.add(get(stream, "/whoami")[1])
    assert workers


def test_http2_is_agreed_by_alpn_and_carries_the_same_requests(daemon):
    with connect(daemon, "one.test", alpn=["h2", "http/1.1"]) as stream:
        assert stream.selected_alpn_protocol() == "h2"
    with connect(daemon, "one.test", alpn=["http/1.1"]) as stream:
        assert stream.selected_alpn_protocol() == "http/1.1"
        assert get(stream) == (200, b"ok")
    assert curl(daemon, "/healthz", "--http2", "-o", "/dev/null", "-w", "%{http_version} %{http_code}") == b"2 200"
    assert curl(daemon, "/nothing", "--http2", "-o", "/dev/null", "-w", "%{http_code}") == b"404"
    assert curl(daemon, "/healthz", "--http2", "-I").startswith(b"HTTP/2 200")


def test_http2_carries_large_bodies_both_ways(daemon, tmp_path):
    body = bytes(range(256)) * 4096
    (tmp_path / "body").write_bytes(body)
    assert curl(daemon, "/echo", "--http2", "--data-binary", f"@{tmp_path}/body") == body
    (tmp_path / "body").write_bytes(b"x" * (17 << 20))  # above the limit of the conformance service
    status = curl(daemon, "/echo", "--http2", "--data-binary", f"@{tmp_path}/body", "-o", "/dev/null",
                  "-w", "%{http_code}")
    assert status == b"413"


def test_http2_answers_many_requests_at_once(daemon):
    urls = [f"https://127.0.0.1:{daemon.port}/sleep?ms=50"] * 20
    done = subprocess.run(["curl", "-sS", "-k", "--http2", "--parallel", "--parallel-max", "20", "--max-time", "30",
                           "-w", "%{http_version} %{http_code}\n", *[part for url in urls for part in (url, "-o", "/dev/null")]],
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["2 200"] * 20


def test_certificates_change_with_a_reload_and_broken_ones_are_refused(daemon):
    folder = daemon.tree.root / "certificates"
    old = certificate(daemon, "one.test").read_text()
    (folder / "one.test.pem").write_text("no certificate")
    refused = daemon.reload()
    assert refused.returncode == 1
    assert "one.test.pem" in refused.stdout + refused.stderr
    with connect(daemon, "one.test") as stream:
        assert ssl.DER_cert_to_PEM_cert(stream.getpeercert(binary_form=True)).strip() == old.strip()

    fresh = folder / "fresh"
    fresh.mkdir()
    make_certificate(fresh, "one.test")
    for suffix in (".key", ".pem"):
        shutil.copy(fresh / f"one.test{suffix}", folder / f"one.test{suffix}")
    assert daemon.reload().returncode == 0
    with connect(daemon, "one.test", trusted=certificate(daemon, "one.test")) as stream:
        assert get(stream) == (200, b"ok")


def test_plain_text_on_a_tls_port_is_closed(daemon):
    with socket.create_connection(("127.0.0.1", daemon.port), 30) as raw:
        raw.sendall(b"GET / HTTP/1.1\r\nHost: test\r\n\r\n")
        try:
            assert b"HTTP/1.1 200" not in raw.recv(100)
        except ConnectionResetError:
            pass
    with connect(daemon, "one.test") as stream:
        assert get(stream) == (200, b"ok")


GET = [(":method", "GET"), (":scheme", "https"), (":path", "/healthz"), (":authority", "one.test")]
POST = [(":method", "POST"), (":scheme", "https"), (":path", "/echo"), (":authority", "one.test")]
RESET = ("reset", 1)  # PROTOCOL_ERROR of the stream

# RFC 9113 §8.1.1: malformed requests are errors of their stream. Values that HTTP/1.1 would refuse get its 400.
REQUESTS = {
    "good": (GET, 200),
    "Host as :authority": (GET + [("host", "one.test")], 200),
    "Host alone": (GET[:3] + [("host", "one.test")], 200),
    "te: trailers": (GET + [("te", "trailers")], 200),
    "a name in upper case (§8.2.1)": (GET + [("X-A", "b")], RESET),
    "a line break in a value (§8.2.1)": (GET + [("a", "b\r\nx: y")], RESET),
    "a NUL in a value (§8.2.1)": (GET + [("a", "b\0c")], RESET),
    "a connection field (§8.2.2)": (GET + [("connection", "keep-alive")], RESET),
    "transfer-encoding (§8.2.2)": (GET + [("transfer-encoding", "chunked")], RESET),
    "another te (§8.2.2)": (GET + [("te", "gzip")], RESET),
    "a pseudo field behind others (§8.3)": (GET[:2] + [("a", "b")] + GET[2:], RESET),
    "an unknown pseudo field (§8.3)": (GET + [(":foo", "x")], RESET),
    "a pseudo field twice (§8.3)": (GET + [(":path", "/x")], RESET),
    "no method (§8.3.1)": (GET[1:], RESET),
    "no scheme (§8.3.1)": (GET[:1] + GET[2:], RESET),
    "no path (§8.3.1)": (GET[:2] + GET[3:], RESET),
    "an empty path (§8.3.1)": (GET[:2] + [(":path", "")] + GET[3:], RESET),
    "neither :authority nor Host": (GET[:3], RESET),
    "another Host (§8.3.1)": (GET + [("host", "other.test")], 400),
    "user information in :authority (§8.3.1)": (GET[:3] + [(":authority", "a@b")], 400),
    "a path as HTTP/1.1's smugglers write it": (GET[:2] + [(":path", "/healthz HTTP/1.1")] + GET[3:], RESET),
    "CONNECT": ([(":method", "CONNECT"), (":authority", "one.test:1")], 400),
    "a head above the limit": (GET + [("x", "a" * 15000), ("y", "b" * 20000)], 431),
}


def test_http2_requests_that_are_malformed(daemon):
    for name, (fields, expected) in REQUESTS.items():
        with h2.Http2(("127.0.0.1", daemon.port)) as client:
            octets = h2.block(*fields)
            client.send(h2.frame(h2.HEADERS, h2.END_STREAM | (h2.END_HEADERS if len(octets) < 16000 else 0), 1,
                                 octets[:16000]))
            for at in range(16000, len(octets), 16000):
                last = h2.END_HEADERS if at + 16000 >= len(octets) else 0
                client.send(h2.frame(h2.CONTINUATION, last, 1, octets[at:at + 16000]))
            assert client.outcome() == expected, name


def test_http2_content_is_as_long_as_announced(daemon):  # RFC 9113 §8.1.1
    for length, content, expected in ("3", b"abc", 200), ("5", b"abc", RESET), ("2", b"abc", RESET):
        with h2.Http2(("127.0.0.1", daemon.port)) as client:
            fields = h2.block(*POST, ("content-length", length))
            client.send(h2.frame(h2.HEADERS, h2.END_HEADERS, 1, fields) + h2.frame(h2.DATA, h2.END_STREAM, 1, content))
            assert client.outcome() == expected, length


def flood(client, frames):
    """Sends until the server has had enough; the last word is GOAWAY, if it could still be read."""
    try:
        for octets in frames:
            client.send(octets)
    except OSError:
        pass
    return client.outcome(stream=None)


def test_http2_streams_that_are_opened_and_reset_end_the_connection(daemon):  # CVE-2023-44487
    fields = h2.block(*GET[:2], (":path", "/sleep?ms=60000"), GET[3])
    resets = (h2.frame(h2.HEADERS, h2.END_STREAM | h2.END_HEADERS, n, fields) +
              h2.frame(h2.RST_STREAM, 0, n, (8).to_bytes(4, "big")) for n in range(1, 20000, 2))
    with h2.Http2(("127.0.0.1", daemon.port)) as client:
        assert flood(client, resets) in (("goaway", 11), "closed")
    with h2.Http2(("127.0.0.1", daemon.port)) as client:
        client.send(h2.frame(h2.HEADERS, h2.END_STREAM | h2.END_HEADERS, 1, h2.block(*GET)))
        assert client.outcome() == 200


@pytest.mark.parametrize("piece", [b"", h2.block(("a", "x" * 1000))])
def test_http2_heads_without_an_end_end_the_connection(daemon, piece):  # CVE-2024-28182
    def frames():
        yield h2.frame(h2.HEADERS, 0, 1, h2.block(*GET))
        for _ in range(100000):
            yield h2.frame(h2.CONTINUATION, 0, 1, piece)
    with h2.Http2(("127.0.0.1", daemon.port)) as client:
        assert flood(client, frames()) in (("goaway", 1), ("goaway", 11), "closed")
    assert curl(daemon, "/healthz", "--http2", "-o", "/dev/null", "-w", "%{http_code}") == b"200"
