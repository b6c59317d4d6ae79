"""HTTP/1.1 as clients see it: framing, order, limits, ends of connections (RFC 9110, RFC 9112)."""
import json
import re
import subprocess
import time
import zlib

import pytest
import wire

pytestmark = pytest.mark.core

SETTINGS = {"header_timeout": "1 s", "body_timeout": "1 s", "body_limit": "64 KiB"}


@pytest.fixture
def http(shared):
    with shared.http() as connection:
        yield connection


def test_health(http):
    answer = http.get("/healthz")
    assert (answer.status, answer.body) == (200, b"ok")
    assert answer.header("content-length") == "2"
    assert re.fullmatch(r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT", answer.header("date"))


def test_head_has_the_length_and_no_body(http):
    answer = http.request("HEAD", "/healthz")
    assert (answer.status, answer.body, answer.header("content-length")) == (200, b"", "2")
    assert http.get("/healthz").body == b"ok"  # nothing of a body was in between


def test_unknown_route_and_method(http):
    assert http.get("/nowhere").status == 404
    refused = http.request("DELETE", "/echo")
    assert refused.status == 405 and refused.header("allow") == "POST"


@pytest.mark.parametrize("size", [0, 1, 4095, 65535, 65536])
def test_echo_octet_for_octet(http, size):
    body = bytes(i * 7 % 256 for i in range(size))
    answer = http.request("POST", "/echo", body=body)
    assert answer.status == 200 and answer.body == body


def test_many_requests_on_one_connection(http):
    for n in range(200):
        assert http.request("POST", "/echo", body=b"%d" % n).body == b"%d" % n


def test_pipelined_requests_are_answered_in_order(http):
    # The first waits longest; its answer must come first all the same.
    for ms in (80, 40, 0):
        http.send(f"GET /sleep?ms={ms} HTTP/1.1\r\nHost: test\r\n\r\n")
    http.send(b"POST /echo HTTP/1.1\r\nHost: test\r\nContent-Length: 4\r\n\r\nlast")
    assert [http.response().body for _ in range(4)] == [b"1", b"1", b"1", b"last"]


def test_any_split_of_a_request_parses_the_same(shared):
    request = b"POST /echo HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nA: b\r\n\r\n"
    for at in range(1, len(request)):
        with shared.http() as http:
            http.send(request[:at])
            time.sleep(0.001)  # only makes two segments likely; the outcome must not depend on it
            http.send(request[at:])
            assert http.response().body == b"abcde", at


def test_expect_100_continue(http):
    http.send("POST /echo HTTP/1.1\r\nHost: test\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n")
    assert http.response().status == 100
    http.send("abc")
    assert http.response().body == b"abc"


def test_too_large_body_is_refused_before_it_is_sent(http):
    http.send("POST /echo HTTP/1.1\r\nHost: test\r\nContent-Length: 1000000\r\nExpect: 100-continue\r\n\r\n")
    assert http.response().status == 413


def test_too_large_chunked_body_is_refused(http):
    http.send("POST /echo HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n")
    http.send(b"10000\r\n" + b"x" * 65536 + b"\r\n1\r\ny\r\n")
    assert http.response().status == 413


def test_long_target_and_long_headers(shared):
    with shared.http() as http:
        assert http.get("/" + "a" * 20000).status == 414
    with shared.http() as http:
        assert http.request("GET", "/healthz", {"X-Long": "a" * 40000}).status == 431


def test_connection_close_is_honoured(http):
    answer = http.get("/healthz", Connection="close")
    assert answer.body == b"ok" and answer.header("connection") == "close" and http.is_closed()


def test_http_10_closes_unless_asked(shared):
    with shared.http() as http:
        http.send("GET /healthz HTTP/1.0\r\n\r\n")
        assert http.response().body == b"ok" and http.is_closed()


def test_a_half_closed_client_still_gets_its_answer(http):
    http.send("GET /healthz HTTP/1.1\r\nHost: test\r\n\r\n")
    http.finish_sending()
    assert http.response().body == b"ok" and http.is_closed()


# What a smuggler or a broken proxy sends. Each gets 400 (or the status named) and the connection is closed.
HEAD = "Host: test\r\n"
BAD = {
    "two lengths that differ": "POST /echo HTTP/1.1\r\n" + HEAD + "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
    "a list of lengths that differ": "POST /echo HTTP/1.1\r\n" + HEAD + "Content-Length: 3, 4\r\n\r\nabcd",
    "length and chunked": "POST /echo HTTP/1.1\r\n" + HEAD + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "a signed length": "POST /echo HTTP/1.1\r\n" + HEAD + "Content-Length: +3\r\n\r\nabc",
    "a length in hex": "POST /echo HTTP/1.1\r\n" + HEAD + "Content-Length: 0x3\r\n\r\nabc",
    "chunked not last": "POST /echo HTTP/1.1\r\n" + HEAD + "Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n",
    "chunked twice": "POST /echo HTTP/1.1\r\n" + HEAD + "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
    "obscured chunked": "POST /echo HTTP/1.1\r\n" + HEAD + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "chunked in HTTP/1.0": "POST /echo HTTP/1.0\r\n" + HEAD + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "a space before the colon": "GET /healthz HTTP/1.1\r\n" + HEAD + "X-A : b\r\n\r\n",
    "a folded line": "GET /healthz HTTP/1.1\r\n" + HEAD + "X-A: b\r\n c\r\n\r\n",
    "a line that starts with a space": "GET /healthz HTTP/1.1\r\n X-A: b\r\n" + HEAD + "\r\n",
    "a bare LF": "GET /healthz HTTP/1.1\n" + HEAD + "\r\n",
    "a bare CR in a value": "GET /healthz HTTP/1.1\r\n" + HEAD + "X-A: b\rc\r\n\r\n",
    "a NUL in a value": "GET /healthz HTTP/1.1\r\n" + HEAD + "X-A: b\0c\r\n\r\n",
    "a control character": "GET /healthz HTTP/1.1\r\n" + HEAD + "X-A: b\x01c\r\n\r\n",
    "a line without colon": "GET /healthz HTTP/1.1\r\n" + HEAD + "X-A\r\n\r\n",
    "an empty name": "GET /healthz HTTP/1.1\r\n" + HEAD + ": b\r\n\r\n",
    "no Host": "GET /healthz HTTP/1.1\r\n\r\n",
    "two Hosts": "GET /healthz HTTP/1.1\r\n" + HEAD + HEAD + "\r\n",
    "a Host that is none": "GET /healthz HTTP/1.1\r\nHost: a b\r\n\r\n",
    "two spaces": "GET  /healthz HTTP/1.1\r\n" + HEAD + "\r\n",
    "a fragment": "GET /healthz#x HTTP/1.1\r\n" + HEAD + "\r\n",
    "no version": "GET /healthz\r\n" + HEAD + "\r\n",
    "a broken escape": "GET /%zz HTTP/1.1\r\n" + HEAD + "\r\n",
    "noise": "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
}


@pytest.mark.parametrize("name", BAD)
def test_ambiguous_requests_get_400_and_a_closed_connection(http, name):
    http.send(BAD[name])
    answer = http.response()
    assert answer.status == 400, name
    assert answer.header("content-type") == "application/problem+json" and json.loads(answer.body)["status"] == 400
    assert answer.header("connection") == "close" and http.is_closed()


@pytest.mark.parametrize("chunks", ["-1\r\n", "g\r\n", "0x3\r\nabc\r\n", "3 \r\nabc\r\n", "3\nabc\r\n",
                                    "3\r\nabcd\r\n", "ffffffffffffffff1\r\n"])
def test_bad_chunks_get_400_and_a_closed_connection(http, chunks):
    http.send("POST /echo HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks)
    answer = http.response()
    assert answer.status == 400 and answer.header("connection") == "close" and http.is_closed()


def test_an_unsupported_version_is_named(http):
    http.send("GET /healthz HTTP/3.0\r\nHost: test\r\n\r\n")
    assert http.response().status == 505 and http.is_closed()


def test_an_unknown_transfer_coding_is_not_implemented(http):
    http.send("POST /echo HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n")
    assert http.response().status in (400, 501) and http.is_closed()


def test_slow_headers_get_408(http):
    http.send("GET /healthz HTTP/1.1\r\nHos")
    assert http.response().status == 408 and http.is_closed()


def test_a_slow_body_gets_408(http):
    http.send("POST /echo HTTP/1.1\r\nHost: test\r\nContent-Length: 10\r\n\r\nabc")
    assert http.response().status == 408 and http.is_closed()


def test_an_idle_connection_is_closed_without_a_word(conformance):
    daemon = conformance(idle_timeout="300 ms")
    with daemon.http() as http:
        assert http.get("/healthz").status == 200
        assert http.is_closed() and http.data == b""


def test_options_star_and_absolute_form(http):
    http.send("OPTIONS * HTTP/1.1\r\nHost: test\r\n\r\n")
    answer = http.response()
    assert answer.status == 204 and "GET" in answer.header("allow")
    http.send("GET http://test/healthz HTTP/1.1\r\nHost: test\r\n\r\n")
    assert http.response().body == b"ok"


def test_an_encoded_path_is_decoded_once(http):
    assert http.get("/%68ealthz").body == b"ok"
    assert http.get("/%2568ealthz").status == 404


def pieces_of(http, target, accepted):
    """Head of a streamed answer and its chunks as they lay on the wire."""
    http.send(f"GET {target} HTTP/1.1\r\nHost: test\r\nAccept-Encoding: {accepted}\r\n\r\n")
    head, pieces = http.response(head=True), []
    while size := int(http.take_until(b"\r\n"), 16):
        pieces.append(http.take(size))
        assert http.take(2) == b"\r\n"
    assert http.take_until(b"\r\n\r\n") == b"x-pieces: 3"
    return head, pieces


def test_streamed_answers_are_compressed_and_each_piece_can_be_read_when_it_comes(http):
    head, pieces = pieces_of(http, "/stream", "gzip")
    assert head.header("content-encoding") == "gzip" and head.header("vary") == "Accept-Encoding"
    assert head.header("etag") == 'W/"stream"'  # RFC 9110 §8.8.1: other octets, so no strong one
    decoder = zlib.decompressobj(wbits=31)
    for n, piece in enumerate(pieces[:3], 1):
        assert decoder.decompress(piece).decode() == f"piece {n} of a text that repeats itself, " * 20
    assert decoder.decompress(b"".join(pieces[3:])) == b"" and decoder.eof
    assert sum(map(len, pieces)) < 500


@pytest.mark.parametrize("accepted", ["br", "br, gzip", "gzip"])
def test_an_independent_client_reads_a_compressed_stream(shared, accepted):
    done = subprocess.run(["curl", "-sS", "--compressed", "-H", f"Accept-Encoding: {accepted}", "-D", "-",
                           f"http://127.0.0.1:{shared.port}/stream"], capture_output=True, text=True, timeout=30)
    assert "Content-Encoding: " + accepted.partition(",")[0] in done.stdout
    assert done.stdout.count("repeats itself") == 60, done


def test_streams_that_stay_plain(http):
    head, pieces = pieces_of(http, "/stream?type=image/png", "gzip, br")
    assert head.header("content-encoding") is None and head.header("vary") is None
    assert pieces[0].startswith(b"piece 1 of")
    head, _ = pieces_of(http, "/stream", "identity")
    assert head.header("content-encoding") is None and head.header("vary") == "Accept-Encoding"
    answer = http.get("/events", Accept="text/event-stream", **{"Accept-Encoding": "gzip"})
    assert answer.header("content-encoding") is None and answer.body == b"data: hello\n\n"


def test_a_body_that_nobody_reads_yet_is_held_back(shared):
    with shared.http(timeout=2) as http:
        http.send("POST /count?pause=100000 HTTP/1.1\r\nHost: test\r\nContent-Length: 500000000\r\n\r\n")
        sent = 0
        with pytest.raises(TimeoutError):
            while sent < 500000000:
                sent += http.sock.send(b"x" * 1000000)
        assert sent < 100000000  # what the kernel keeps for both ends, not what the worker would
        http.reset()


def test_a_streamed_body_arrives_whole(http):
    body = b"x" * 3000000
    assert http.request("POST", "/count?pause=1", body=body).body == b"3000000"


def test_connections_per_address_are_limited(conformance):
    daemon = conformance(workers=1, max_connections_per_address=3)
    held = [daemon.http() for _ in range(3)]
    try:
        for http in held:
            assert http.get("/healthz").status == 200
        with daemon.http() as http:
            try:
                assert http.get("/healthz").status in (429, 503)
            except wire.Closed:
                pass  # closing it at once is an answer too
    finally:
        for http in held:
            http.close()
