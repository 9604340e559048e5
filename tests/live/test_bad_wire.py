"""Inputs 1–14 of reliability.md §4, and their relatives: HTTP that is wrong before anybody reads its body."""

import json
import socket

import pytest

from tests.factories import make_caller
from tests.live.client import PATH, port_of
from tests.live.raw import HELLO, PATIENCE_S, Bad, Send, head, post, read, refused, send, talk
from tests.stack import Stack

MIB = 2**20
CAP = 32 * MIB
CHUNKED = "transfer-encoding: chunked"
BODY = json.dumps(HELLO).encode()
ENDLESS = [b"x" * 8_192] * 40
NOWHERE = "POST /v1/nope HTTP/1.1"
ALLOW = (("allow", "POST"),)


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


MALFORMED: dict[str, Send] = {
    "7": lambda c: post(c, None, f"content-length: {len(BODY)}", CHUNKED),
    "7-other-way": lambda c: head(CHUNKED, "content-length: 4") + b"0\r\n\r\n",
    "8": lambda c: post(c, None, f"content-length: {len(BODY)}", "content-length: 4"),
    "8-list": lambda c: head("content-length: 4, 5") + b"{}  ",
    "8-plus": lambda c: head("content-length: +4") + b"{}  ",
    "9-unknown": lambda c: post(c, None, "transfer-encoding: xchunked"),
    "9-identity": lambda c: post(c, None, "transfer-encoding: chunked, identity"),
    "9-tab": lambda c: post(c, None, "transfer-encoding:\x0bchunked"),
    "11-nul": lambda c: post(c, None, b"x-a: b\0c"),
    "11-lf": lambda c: post(c, None, b"x-a: b\nx-c: d"),
    "11-cr": lambda c: post(c, None, b"x-a: b\rx-c: d"),
    "11-name": lambda c: post(c, None, b"x-a : b"),
    "11-fold": lambda c: post(c, None, b"x-a: b\r\n c"),
    "chunk-size": lambda c: post(c, b"", CHUNKED) + b"0x4\r\n{}  \r\n0\r\n\r\n",
    "chunk-end": lambda c: post(c, b"", CHUNKED) + b"2\r\n{}junk\r\n0\r\n\r\n",
    "target": lambda c: post(c, first="POST v1/chat HTTP/1.1"),
    "target-bytes": lambda c: b"GET /v1/\xff HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n",
    "method": lambda c: head(first="BREW /v1/models HTTP/1.1"),
    "connect": lambda c: head(first="CONNECT 127.0.0.1:80 HTTP/1.1"),
    "connect-path": lambda c: post(c, first=f"CONNECT {PATH} HTTP/1.1"),
    "version": lambda c: head(first="GET / HTTP/3.0"),
    "http2": lambda c: b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "tls": lambda c: b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
}
LARGE_HEADS: dict[str, Send] = {
    "10-bytes": lambda c: post(c, None, "x-filler: " + "x" * 40_960),
    "10-endless": lambda c: (b"POST / HTTP/1.1\r\nx-filler: ", *ENDLESS),
    "10-url": lambda c: head(first=f"GET /v1/models?{'x' * 40_960} HTTP/1.1"),
    "10-count": lambda c: post(c, None, *[f"x-h-{n}: 1" for n in range(300)]),
    "chunk-extension": lambda c: (post(c, b"", CHUNKED) + b"2;", *ENDLESS),
    "trailers": lambda c: (post(c, b"", CHUNKED) + b"0\r\nx-a: ", *ENDLESS),
}
LARGE_BODIES: dict[str, Send] = {
    "5": lambda c: post(c, b"", f"content-length: {CAP + 1}"),
    "6": lambda c: (post(c, b"", CHUNKED), *map(chunk, [b" " * MIB] * 33)),
    "6-pages": lambda c: (post(None, b"", CHUNKED, first=NOWHERE), *map(chunk, [b" " * MIB] * 40)),
}
NO_JSON = {
    "3-text": ("unsupported_media_type", "content-type: text/plain"),
    "3-two": ("unsupported_media_type", "content-type: application/json\r\ncontent-type: application/json"),
    "3-missing": ("unsupported_media_type", "content-type:"),
    "4": ("unsupported_charset", "content-type: application/json; charset=utf-16"),
    "13": ("unsupported_content_encoding", "content-encoding: gzip"),
}
STRANGE_HOSTS: dict[str, Send] = {
    "14": lambda c: post(c, host="evil.example"),
    "14-missing": lambda c: post(c, host=""),
    "14-two": lambda c: post(c, None, "host: 127.0.0.1"),
    "14-pages": lambda c: head(first="GET /v1/models HTTP/1.1", host="evil.example"),
}
BAD = [
    Bad("1", lambda c: head(first=f"GET {PATH} HTTP/1.1"), 405, "method_not_allowed", headers=ALLOW),
    Bad("2", lambda c: post(c, first=NOWHERE), 404, "unknown_url"),
    Bad("2-nul", lambda c: head(first="GET /v1/%00/nope HTTP/1.1"), 404, "unknown_url"),
    *[Bad(name, send, 400, "invalid_http", closes=True) for name, send in MALFORMED.items()],
    *[Bad(name, send, 431, "headers_too_large", closes=True) for name, send in LARGE_HEADS.items()],
    *[Bad(name, send, 413, "request_too_large", closes=True) for name, send in LARGE_BODIES.items()],
    *[
        Bad(name, lambda c, line=line: post(c, None, line), 415, code)
        for name, (code, line) in NO_JSON.items()
    ],
    *[Bad(name, send, 400, "invalid_host") for name, send in STRANGE_HOSTS.items()],
]


@pytest.mark.parametrize("case", BAD, ids=str)
def test_broken_http_is_refused(stack: Stack, case: Bad):
    caller = make_caller(balance_uzs=1_000)
    refused(stack, caller, case)
    assert talk(stack, post(caller)).status == 200


def test_a_trailer_is_no_header(stack: Stack):
    caller = make_caller(balance_uzs=1_000)
    secret = f"authorization: Bearer {caller.key}".encode()
    request = post(None, b"", CHUNKED) + chunk(BODY) + b"0\r\n" + secret + b"\r\n\r\n"
    assert talk(stack, request).error["code"] == "missing_api_key"
    assert caller.requests() == []
    request = post(caller, b"", CHUNKED) + chunk(BODY) + b"0\r\nhost: evil.example\r\n\r\n"
    assert talk(stack, request).status == 200


def test_rubbish_behind_a_whole_request_waits_for_its_answer(stack: Stack):
    """Else it would stand in the middle of another answer, or in its place."""
    caller = make_caller(balance_uzs=1_000)
    for _ in range(3):
        with socket.create_connection(("127.0.0.1", port_of(stack)), timeout=PATIENCE_S) as connection:
            send(connection, [post(caller) + b"\0rubbish\r\n\r\n"])
            reply = read(connection)
            assert (reply.status, reply.closed) == (200, True)
    assert [row["status"] for row in caller.requests()] == ["ok"] * 3


def test_several_requests_at_once_are_answered_in_order(stack: Stack):
    caller = make_caller(balance_uzs=1_000)
    with socket.create_connection(("127.0.0.1", port_of(stack)), timeout=PATIENCE_S) as connection:
        send(connection, [post(caller) + head(first=f"GET {PATH} HTTP/1.1") + post(None)])
        data = b""
        while data.count(b"HTTP/1.1 ") < 3 or not data.endswith(b"}"):
            data += connection.recv(65536)
    assert [int(part[:3]) for part in data.split(b"HTTP/1.1 ")[1:]] == [200, 405, 401]


@pytest.mark.parametrize("wish", ["h2c", "websocket"])
def test_an_offer_to_switch_protocols_is_ignored(stack: Stack, wish: str):
    """curl --http2 and Java's client send it with each first request."""
    caller = make_caller(balance_uzs=1_000)
    upgrade = ("connection: Upgrade, HTTP2-Settings", f"upgrade: {wish}", "http2-settings: AAMAAABkAAQ")
    assert talk(stack, post(caller, None, *upgrade)).status == 200
    assert talk(stack, head(*upgrade, first=f"GET {PATH} HTTP/1.1")).status == 405
    with socket.create_connection(("127.0.0.1", port_of(stack)), timeout=PATIENCE_S) as connection:
        send(connection, [post(caller, None, *upgrade) + head(first=f"GET {PATH} HTTP/1.1")])
        data = b""
        while data.count(b"HTTP/1.1 ") < 2 or not data.endswith(b"}"):
            data += connection.recv(65536)
    assert [int(part[:3]) for part in data.split(b"HTTP/1.1 ")[1:]] == [200, 405]


def test_a_client_that_still_sends_reads_its_answer(stack: Stack):
    """A connection that closes with bytes unread is reset, and the reset would take the answer along."""
    caller = make_caller()
    with socket.create_connection(("127.0.0.1", port_of(stack)), timeout=PATIENCE_S) as connection:
        start = head(f"authorization: Bearer {caller.key}", "content-type: application/json",
                     f"content-length: {CAP + MIB}")  # fmt: skip
        connection.sendall(start)
        for _ in range(8):
            connection.sendall(b" " * MIB)
        assert (reply := read(connection)).status == 413
    assert reply.closed


def test_an_answer_to_head_has_no_body(stack: Stack):
    with socket.create_connection(("127.0.0.1", port_of(stack)), timeout=PATIENCE_S) as connection:
        connection.sendall(head(first=f"HEAD {PATH} HTTP/1.1") + head(first=f"GET {PATH} HTTP/1.1"))
        data = b""
        while not data.endswith(b"}"):
            more = connection.recv(65536)
            assert more, data
            data += more
        one, _, rest = data.partition(b"\r\n\r\n")
        assert one.startswith(b"HTTP/1.1 405")
        assert rest.startswith(b"HTTP/1.1 405")  # the second answer follows at once
