"""The client for providers against a raw server: what it keeps, what it repeats and what it refuses."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from proxy import http1

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nsalom"
Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Server:
    """Says what `talk` says on each connection; counts connections and keeps the requests."""

    def __init__(self, talk: Talk) -> None:
        self._talk = talk
        self.connections = 0
        self.requests: list[bytes] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            await self._talk(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def request(self, reader: asyncio.StreamReader) -> bytes:
        head = await reader.readuntil(b"\r\n\r\n")
        size = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
        self.requests.append(head + await reader.readexactly(size))
        return self.requests[-1]


@asynccontextmanager
async def talking(talk: Callable[[Server, asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]):
    """A server and a target that leads to it."""
    server = Server(lambda reader, writer: talk(server, reader, writer))
    listener = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    target = http1.Target.of(f"http://127.0.0.1:{port}/v1/x?y=1", {"accept": "*/*"})
    pool = http1.Pool()
    try:
        yield server, pool, target
    finally:
        pool.close()
        listener.close()


def each(*answers: bytes) -> Callable[[Server, asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]:
    """One answer per request of a connection, then it is closed."""

    async def talk(server: Server, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for answer in answers:
            await server.request(reader)
            writer.write(answer)
            await writer.drain()

    return talk


async def forever(server: Server, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while True:
        await server.request(reader)
        writer.write(OK)


async def whole(answer: http1.Answer) -> bytes:
    parts = []
    while data := await answer.read():
        parts.append(data)
    answer.close()
    return b"".join(parts)


async def test_a_connection_serves_one_call_after_the_other():
    async with talking(forever) as (server, pool, target):
        for body in (b"{}", b'{"a":1}'):
            assert await whole(await pool.post(target, body)) == b"salom"
        assert server.connections == 1
        assert server.requests[1].startswith(b"POST /v1/x?y=1 HTTP/1.1\r\nhost: 127.0.0.1:")
        assert server.requests[1].endswith(b'content-length: 7\r\n\r\n{"a":1}')


async def test_two_calls_at_once_have_a_connection_each():
    async with talking(forever) as (server, pool, target):
        first, second = await asyncio.gather(pool.post(target, b"{}"), pool.post(target, b"{}"))
        assert [await whole(first), await whole(second)] == [b"salom"] * 2
        assert server.connections == 2


async def test_an_answer_that_is_left_half_read_takes_its_connection_along():
    async def talk(server: Server, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await server.request(reader)
        writer.write(OK if len(server.requests) > 1 else OK[:-2])
        await reader.read()

    async with talking(talk) as (server, pool, target):
        answer = await pool.post(target, b"{}")
        assert await answer.read() == b"sal"
        answer.close()
        answer.close()
        assert await whole(await pool.post(target, b"{}")) == b"salom"
        assert server.connections == 2


async def test_a_kept_connection_that_its_provider_gave_up_is_replaced(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(http1, "GIVEN_UP_AFTER_S", 0)
    async with talking(each(OK)) as (server, pool, target):
        for _ in range(3):
            assert await whole(await pool.post(target, b"{}")) == b"salom"
        assert len(server.requests) == server.connections == 3


@pytest.mark.parametrize(("idle_s", "told_s"), [(60, 60), (0, -1)], ids=["used just now", "told late"])
async def test_a_request_that_may_have_been_read_is_not_repeated(
    monkeypatch: pytest.MonkeyPatch, idle_s: float, told_s: float
):
    """The provider may have served and billed it: who was idle for a moment only wasn't given up."""
    monkeypatch.setattr(http1, "GIVEN_UP_AFTER_S", idle_s)
    monkeypatch.setattr(http1, "GIVEN_UP_TOLD_S", told_s)

    async def talk(server: Server, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await server.request(reader)
        writer.write(OK)
        await server.request(reader)  # and says nothing

    async with talking(talk) as (server, pool, target):
        assert await whole(await pool.post(target, b"{}")) == b"salom"
        with pytest.raises(http1.Reset):
            await pool.post(target, b"{}")
        assert (len(server.requests), server.connections) == (2, 1)


@pytest.mark.parametrize("tidied", [True, False])
async def test_a_connection_that_was_idle_for_long_is_not_used_again(
    monkeypatch: pytest.MonkeyPatch, tidied: bool
):
    async with talking(forever) as (server, pool, target):
        await whole(await pool.post(target, b"{}"))
        monkeypatch.setattr(http1, "KEEP_S", -1)
        if tidied:
            pool.tidy()
        assert await whole(await pool.post(target, b"{}")) == b"salom"
        assert server.connections == 2


async def test_a_request_on_a_new_connection_is_never_repeated():
    """The provider may have served and billed it."""
    async with talking(each(b"")) as (server, pool, target):
        with pytest.raises(http1.Reset):
            await pool.post(target, b"{}")
        assert len(server.requests) == 1


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nsa\r\n3\r\nlom\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\nsalom",
        b"HTTP/1.0 200 OK\r\n\r\nsalom",
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nsalom",
        b"HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n" + OK,
    ],
    ids=["chunked", "until closed", "1.0", "continue", "early hints"],
)
async def test_ways_to_frame_an_answer(answer: bytes):
    async with talking(each(answer)) as (_, pool, target):
        assert await whole(await pool.post(target, b"{}")) == b"salom"


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nsalom", http1.Cut),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nsalom\r\n", http1.Cut),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\nsalom\r\n", http1.Malformed),
        (b"HTTP/1.1 200 OK\r\nx: " + b"a" * 70_000, http1.Malformed),
        (b"220 mail.example ESMTP\r\n", http1.Malformed),
        (b"HTTP/1.1 200", http1.Reset),
    ],
    ids=["cut", "cut chunked", "bad chunk", "endless head", "no http", "cut head"],
)
async def test_what_is_no_answer(answer: bytes, error: type[Exception]):
    async with talking(each(answer)) as (_, pool, target):
        with pytest.raises(error):
            await whole(await pool.post(target, b"{}"))


async def test_bytes_after_the_answer_are_nobodys():
    """They must never be taken for the next call's answer."""
    async with talking(each(OK + b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil")) as (_, pool, target):
        for _ in range(2):
            assert await whole(await pool.post(target, b"{}")) == b"salom"


async def test_a_fast_provider_waits_for_a_slow_reader():
    size = 32 * 2**20
    sent = 0

    async def talk(server: Server, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        await server.request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % size)
        for _ in range(size // 65536):
            writer.write(b"a" * 65536)
            await writer.drain()
            sent += 65536

    async with talking(talk) as (_, pool, target):
        answer = await pool.post(target, b"{}")
        before = -1
        while before != sent:  # until the sockets' buffers are full and nothing moves
            before = sent
            await asyncio.sleep(0.05)
        assert sent < size / 2
        assert len(await whole(answer)) == size


async def test_what_waits_for_a_slow_reader_is_one_read():
    """Framing makes a read of 8 KB a little less than that, which must not let a second one in."""
    chunk = b"400\r\n%b\r\n" % (b"a" * 1024)

    async def talk(server: Server, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await server.request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n" + chunk * 64 + b"0\r\n\r\n")

    async with talking(talk) as (_, pool, target):
        answer = await pool.post(target, b"{}")
        pieces = []
        while data := await answer.read():
            pieces.append(len(data))
            await asyncio.sleep(0.01)  # the reader's slowness: more would be read meanwhile, if it were let
        assert sum(pieces) == 64 * 1024
        assert max(pieces) < http1.BUFFER_MAX + http1.WAITING_MAX


async def test_a_full_answer_that_nobody_reads_leaves_a_connection_that_works():
    """The read that filled the buffer brought the end too: the next call must be heard again."""
    size = http1.BUFFER_MAX
    full = b"HTTP/1.1 200 OK\r\nx-pad: %b\r\ncontent-length: %d\r\n\r\n%b" % (b"p" * 4096, size, b"x" * size)
    async with talking(each(full, OK)) as (server, pool, target):
        answer = await pool.post(target, b"{}")
        while not answer.ended:
            await asyncio.sleep(0)
        answer.close()
        async with asyncio.timeout(10):
            second = await pool.post(target, b"{}")
            assert await second.read() == b"salom"
        second.close()
        assert server.connections == 1


async def test_nobody_there():
    pool = http1.Pool()
    with pytest.raises(http1.Unreachable):
        await pool.post(http1.Target.of("http://127.0.0.1:9/", {}), b"")
    with pytest.raises(http1.Unreachable):
        await pool.post(http1.Target.of("https://" + "a" * 80 + ".invalid/", {}), b"")


@pytest.mark.parametrize("url", ["ftp://x/", "http://", "/v1", "http://x/\r\nevil: 1"])
def test_an_address_must_be_one(url: str):
    with pytest.raises(ValueError):
        http1.Target.of(url, {"authorization": "Bearer a\r\nb: c"})
