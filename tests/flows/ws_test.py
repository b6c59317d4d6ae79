"""WebSockets as clients see them (RFC 6455, RFC 7692), with a bare client for the wire and an independent library."""
import asyncio

import daemon as daemons
import pytest
import websockets
import wire

pytestmark = pytest.mark.core

SETTINGS = {"environment": {"TOOLBOX_ORIGINS": "https://good.example,https://also.example"}}


@pytest.fixture
def ws(shared):
    with shared.websocket() as socket:
        assert socket.answer.status == 101
        yield socket


@pytest.mark.parametrize("size", [0, 1, 125, 126, 65535, 65536, 1 << 20])
def test_echo(ws, size):
    text = "é" * (size // 2) + "x" * (size % 2)
    assert ws.ask(text) == text
    data = bytes(i * 31 % 256 for i in range(size))
    ws.frame(wire.BINARY, data)
    assert ws.receive() == (wire.BINARY, data)


def test_fragments_with_a_ping_between(ws):
    ws.frame(wire.TEXT, "frag", fin=False)
    ws.frame(wire.PING, "are you there")
    ws.frame(0, "men", fin=False)
    ws.frame(0, "ted")
    assert ws.receive() == (wire.PONG, b"are you there")
    assert ws.receive() == (wire.TEXT, b"fragmented")


def test_a_character_split_over_fragments(ws):
    euro = "€".encode()
    ws.frame(wire.TEXT, euro[:1], fin=False)
    ws.frame(0, euro[1:2], fin=False)
    ws.frame(0, euro[2:])
    assert ws.receive() == (wire.TEXT, euro)


def test_frames_octet_by_octet(shared):
    with shared.websocket() as ws:
        whole = []
        real, ws.send = ws.send, whole.append
        ws.frame(wire.TEXT, "slowly")
        ws.send = real
        for octet in b"".join(whole):
            ws.send(bytes([octet]))
        assert ws.receive_text() == "slowly"


def test_many_messages_come_back_in_order(ws):
    for n in range(500):
        ws.frame(wire.TEXT, str(n))
    assert [ws.receive_text() for _ in range(500)] == [str(n) for n in range(500)]


def test_close_is_answered_with_the_same_code(ws):
    ws.frame(wire.CLOSE, (1000).to_bytes(2, "big") + b"bye")
    assert ws.close_code() == 1000 and ws.is_closed()


BROKEN = {
    "not masked": (lambda ws: ws.frame(wire.TEXT, "x", masked=False), 1002),
    "reserved bit": (lambda ws: ws.frame(wire.TEXT, "x", rsv=1), 1002),
    "reserved opcode": (lambda ws: ws.frame(3, "x"), 1002),
    "reserved control opcode": (lambda ws: ws.frame(11, "x"), 1002),
    "fragmented ping": (lambda ws: ws.frame(wire.PING, "x", fin=False), 1002),
    "long ping": (lambda ws: ws.frame(wire.PING, "x" * 126), 1002),
    "continuation of nothing": (lambda ws: ws.frame(0, "x"), 1002),
    "a new message inside one": (lambda ws: (ws.frame(wire.TEXT, "x", fin=False), ws.frame(wire.TEXT, "y")), 1002),
    "invalid UTF-8": (lambda ws: ws.frame(wire.TEXT, b"\xff\xfe"), 1007),
    "a surrogate": (lambda ws: ws.frame(wire.TEXT, b"\xed\xa0\x80"), 1007),
    "cut UTF-8": (lambda ws: ws.frame(wire.TEXT, "€".encode()[:2]), 1007),
    "invalid UTF-8, failing fast": (lambda ws: ws.frame(wire.TEXT, b"\xff", fin=False), 1007),
    "close with one octet": (lambda ws: ws.frame(wire.CLOSE, b"\x03"), 1002),
    "close with a reserved code": (lambda ws: ws.frame(wire.CLOSE, (1005).to_bytes(2, "big")), 1002),
    "close with invalid UTF-8": (lambda ws: ws.frame(wire.CLOSE, (1000).to_bytes(2, "big") + b"\xff"), 1007),
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_frames_close_with_their_code(ws, name):
    act, code = BROKEN[name]
    act(ws)
    assert ws.close_code() == code and ws.is_closed()


def test_a_too_large_message_closes_with_1009(conformance):
    daemon = conformance(ws_message_limit="1 KiB")
    with daemon.websocket() as ws:
        assert ws.ask("x" * 1024) == "x" * 1024
        ws.frame(wire.TEXT, "x" * 1025)
        assert ws.close_code() == 1009
    with daemon.websocket() as ws:
        ws.frame(wire.TEXT, "x" * 1000, fin=False)
        ws.frame(0, "x" * 25)
        assert ws.close_code() == 1009


def test_origins(shared):
    for origin, status in {"https://good.example": 101, "https://also.example": 101,
                           "https://evil.example": 403, "null": 403}.items():
        with shared.websocket(headers={"Origin": origin}) as ws:
            assert ws.answer.status == status, origin


@pytest.mark.parametrize("headers, status", [
    ({"Sec-WebSocket-Version": 12}, 426),
    ({"Sec-WebSocket-Key": "short"}, 400),
    ({"Upgrade": "nonsense"}, 426),
])
def test_bad_handshakes(shared, headers, status):
    with shared.websocket(headers=headers) as ws:
        assert ws.answer.status in (status, 400)
        if status == 426 and ws.answer.status == 426:
            assert ws.answer.header("sec-websocket-version") == "13" or ws.answer.header("upgrade") == "websocket"


def test_silence_is_pinged_and_then_closed(conformance):
    daemon = conformance(ws_ping_interval="200 ms", ws_idle_timeout="1 s")
    with daemon.websocket() as ws:
        assert ws.receive()[0] == wire.PING
        ws.close_code()  # no pong: the server ends it
        assert ws.is_closed()
    with daemon.websocket() as ws:
        for _ in range(8):  # 1.6 s with pongs: it lives
            opcode, payload = ws.receive()
            assert opcode == wire.PING
            ws.frame(wire.PONG, payload)
        assert ws.ask("alive") == "alive"


def test_a_reader_that_does_not_read_is_closed(conformance):
    daemon = conformance(workers=1, ws_queue_limit="64 KiB", write_timeout="60 s")
    with daemon.websocket() as ws:
        ws.sock.settimeout(2)
        try:
            for _ in range(4000):
                ws.frame(wire.BINARY, b"x" * 60000)
        except (OSError, TimeoutError):
            pass
        ws.sock.settimeout(wire.DEADLINE)
        assert ws.close_code() == 1013
    told = daemons.wait_for(lambda: [line for line in daemon.lines() if line["message"] == "the echo was not sent"],
                            "the failure that the handler was told")
    assert told[0]["code"] == "full"
    daemons.wait_for(lambda: any(line["message"] == "the reader was too slow" for line in daemon.lines()),
                     "the handler of the close")
    assert daemon.get("/healthz").body == b"ok"


def test_an_independent_client_with_compression(shared):
    async def talk():
        async with websockets.connect(f"ws://127.0.0.1:{shared.port}/ws", compression="deflate",
                                      max_size=1 << 22) as ws:
            assert [e.name for e in ws.extensions] == ["permessage-deflate"]
            for message in ("", "hello", "a" * 100000, "ß€😀" * 1000, b"", bytes(range(256)) * 300):
                await ws.send(message)
                assert await ws.recv() == message
            await ws.send(["in ", "three ", "fragments"])
            assert await ws.recv() == "in three fragments"
    asyncio.run(asyncio.wait_for(talk(), 60))


def test_a_compressed_bomb_is_refused(conformance):
    daemon = conformance(ws_message_limit="64 KiB")

    async def talk():
        async with websockets.connect(f"ws://127.0.0.1:{daemon.port}/ws", compression="deflate") as ws:
            await ws.send("a" * (8 << 20))
            with pytest.raises(websockets.ConnectionClosed) as ended:
                await ws.recv()
            assert ended.value.rcvd.code == 1009
    asyncio.run(asyncio.wait_for(talk(), 60))
    assert daemon.get("/healthz").body == b"ok"


def test_state_counts_the_messages_of_one_connection(shared):
    with shared.websocket("/ws/answer") as one, shared.websocket("/ws/answer") as two:
        assert [one.ask("x"), one.ask("x"), two.ask("x"), one.ask("x")] == ["1 1", "1 2", "1 1", "1 3"]
