"""Clients that neither give nor take: each is cut off in its time, and costs bounded memory until then."""

import json
import socket
from collections.abc import Iterator
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from benchmarks.proc import resident_kb
from tests.factories import Caller, make_caller
from tests.live.client import chat, directive
from tests.live.test_leaving import OUT, outcome
from tests.processes import Gateway, until
from tests.stack import Stack

PATIENCE = {"HEAD_S": "1", "BODY_S": "1", "STUCK_S": "2"}
TOKENS, COPIES = 4000, 4
ESTABLISHED = "01"


@pytest.fixture(scope="module")
def impatient(_running_stack: Stack) -> Iterator[Gateway]:
    """A gateway whose patience is a second or two."""
    with _running_stack.another_gateway("impatient", **PATIENCE) as gateway:
        yield gateway


@pytest.fixture
def caller(stack: Stack) -> Caller:
    return make_caller(balance_uzs=1_000_000)


def head(caller: Caller, length: int, path: str = "/v1/chat/completions") -> bytes:
    return (
        f"POST {path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n"
        f"authorization: Bearer {caller.key}\r\ncontent-length: {length}\r\n\r\n"
    ).encode()


def connect(gateway: Gateway, *, buffer: int = 0) -> socket.socket:
    """A connection, on request with a small receive buffer, set before it opens as the window needs it."""
    client = socket.socket()
    if buffer:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
    client.settimeout(20)
    client.connect(("127.0.0.1", gateway.port))
    return client


def ask(client: socket.socket, caller: Caller, **body: Any) -> None:
    data = json.dumps({"model": "test/one"} | body).encode()
    client.sendall(head(caller, len(data)) + data)


def large(run: str, **more: Any) -> dict[str, Any]:
    """A call whose answer is some 20 MB: more than any kernel keeps for a connection."""
    messages = directive(run=run, completion_tokens=TOKENS, prompt_tokens=9)
    return {
        "messages": messages,
        "max_tokens": TOKENS,
        "n": COPIES,
        "logprobs": True,
        "top_logprobs": 20,
    } | more


def all_of(client: socket.socket) -> bytes:
    """What comes until the other side ends the connection."""
    data = b""
    while piece := client.recv(65536):
        data += piece
    return data


def dribble(client: socket.socket, data: bytes) -> bytes:
    """Sends a byte each tenth of a second until the other side has enough; what it said."""
    client.settimeout(0.1)
    for byte in data * 300:
        try:
            client.send(bytes([byte]))
            if heard := client.recv(65536):
                client.settimeout(20)
                return heard + all_of(client)
            return b""
        except TimeoutError:
            continue
        except ConnectionError:
            return b""
    raise AssertionError("it listens for ever")


def linger(seconds: float) -> None:
    """A client's slowness, which is what these tests are about; nothing is waited for."""
    Event().wait(seconds)


def timed_out(said: bytes) -> bool:
    status, _, rest = said.partition(b"\r\n")
    body = rest.partition(b"\r\n\r\n")[2]
    return status.split()[1] == b"408" and json.loads(body)["error"]["code"] == "request_timeout"


def connections(gateway: Gateway) -> int:
    """Clients' connections that the gateway holds open."""
    lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    ours = f":{gateway.port:04X}"
    return sum(line[1].endswith(ours) and line[3] == ESTABLISHED for line in lines)


def test_a_connection_without_a_word_is_closed_without_one(impatient: Gateway):
    with connect(impatient) as client:
        assert all_of(client) == b""


def test_a_head_that_never_ends(impatient: Gateway):
    with connect(impatient) as client:
        client.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1\r\nx-slow: ")
        assert timed_out(dribble(client, b"l"))


def test_a_second_head_that_never_ends(impatient: Gateway, caller: Caller):
    with connect(impatient) as client:
        ask(client, caller, messages=directive(completion_tokens=1))
        answer = client.recv(65536)
        while not answer.endswith(b"}}"):
            answer += client.recv(65536)
        assert answer.startswith(b"HTTP/1.1 200 ")
        client.sendall(b"\r\nPOST /v1/chat")
        assert timed_out(dribble(client, b"s"))


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/accounts/login/"])
def test_a_body_that_never_ends(impatient: Gateway, caller: Caller, path: str):
    with connect(impatient) as client:
        client.sendall(head(caller, 1000, path) + b"{")
        assert timed_out(dribble(client, b" "))
    assert caller.holds() == []


def test_the_body_of_a_refused_request_must_end_too(impatient: Gateway, caller: Caller):
    with connect(impatient) as client:
        client.sendall(head(caller, 1000).replace(b"cap-", b"cup-"))
        assert b" 401 " in client.recv(65536)
        dribble(client, b" ")


def test_a_large_body_may_take_its_time(impatient: Gateway, caller: Caller):
    """4 KB each 0.4 s are slow, but they come."""
    data = json.dumps({"model": "test/one", "messages": directive(completion_tokens=1)}).encode()
    data += b" " * (16 * 1024 - len(data))
    with connect(impatient) as client:
        client.sendall(head(caller, len(data)))
        for start in range(0, len(data), 4096):
            linger(0.4)
            client.sendall(data[start : start + 4096])
        assert b" 200 " in client.recv(65536)


def test_readers_who_take_nothing_cost_little_and_are_cut_off(
    stack: Stack, impatient: Gateway, caller: Caller
):
    """Of 20 MB each the gateway keeps some KB, stops its upstreams, and charges what they produced."""
    count, (worker,) = 10, impatient.workers()
    assert chat(impatient, caller, messages=directive()).status == 200
    resident = resident_kb(worker)
    clients = [connect(impatient, buffer=4096) for _ in range(count)]
    for client in clients:
        ask(client, caller, **large("stuck", stream=True))
    entries = stack.upstream.finished("stuck", count)
    grown = resident_kb(worker) - resident
    assert all(entry["client_left"] for entry in entries)
    assert max(entry["bytes"] for entry in entries) < 16 * 2**20
    assert grown < count * 1024
    rows = outcome(caller, count + 1)[1:]
    assert {row["status"] for row in rows} == {"cancelled"}
    assert all(0 < row["cost_micros"] < TOKENS * COPIES * OUT for row in rows)
    until(lambda: connections(impatient) == 0, "the connections' end")
    for client in clients:
        client.close()


def test_a_whole_answer_that_nobody_takes_is_dropped(impatient: Gateway, caller: Caller):
    with connect(impatient, buffer=4096) as client:
        ask(client, caller, **large("untaken"))
        outcome(caller, 1)
        until(lambda: connections(impatient) == 0, "the connection's end")


def test_a_slow_reader_gets_everything(impatient: Gateway, caller: Caller):
    """Slower than its upstream, never as long without a byte as it takes to be cut off."""
    # A window of 4 KB would leave it to the kernel's probe timer how long it goes without a byte.
    with connect(impatient, buffer=32_768) as client:
        messages = directive(completion_tokens=1500)
        ask(client, caller, stream=True, messages=messages, max_tokens=1500, logprobs=True, top_logprobs=4)
        data = b""
        while not data.endswith(b"\r\n0\r\n\r\n"):
            data += client.recv(8192)
            linger(0.01)
    assert b"data: [DONE]" in data
    (row,) = outcome(caller, 1)
    assert (row["status"], row["output_tokens"]) == ("ok", 1500)


@pytest.mark.parametrize("reads", [True, False], ids=["reads", "stuck"])
def test_half_a_close_is_a_whole_one(stack: Stack, impatient: Gateway, caller: Caller, reads: bool):
    """Whoever closes their half of the connection has left, also while something waits for them."""
    run = f"half-{reads}"
    with connect(impatient, buffer=4096) as client:
        wishes = large(run, stream=True)
        if reads:
            wishes |= {"messages": directive(run=run, hold=run, hold_at="middle", completion_tokens=9)}
        ask(client, caller, **wishes)
        head = b""
        while b"salom" not in head:  # the first text: from here on something is owed
            assert (data := client.recv(512))
            head += data
        if reads:
            until(lambda: stack.upstream.waiting(run), "the middle")
        client.shutdown(socket.SHUT_WR)
        (entry,) = stack.upstream.finished(run)
    assert entry["client_left"]
    (row,) = outcome(caller, 1)
    assert row["status"] == "cancelled"
    assert row["cost_micros"] == caller.charged() > 0


def test_who_leaves_with_a_second_request_behind_has_left(stack: Stack, impatient: Gateway, caller: Caller):
    """uvicorn would tell the second request only, and the first would be paid for to its end."""
    client = connect(impatient)
    messages = directive(run="pipelined", completion_tokens=2000, chunk_ms=10)
    ask(client, caller, stream=True, messages=messages)
    assert b" 200 " in client.recv(512)
    ask(client, caller, messages=directive(run="behind", completion_tokens=1))
    client.close()
    (entry,) = stack.upstream.finished("pipelined")
    assert entry["client_left"]
    assert outcome(caller, 1)[0]["status"] == "cancelled"
