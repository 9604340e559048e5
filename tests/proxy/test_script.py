"""The limiter's own Redis client: how it connects, and that no reply is ever taken for another's."""

import asyncio
from contextlib import asynccontextmanager, suppress

import pytest

from proxy.script import Refused, Script

SHA = b"$3\r\nsha\r\n"


@asynccontextmanager
async def answering(*replies: bytes):
    """A server that answers one reply per read; yields its URL and what each connection said."""
    said: list[bytes] = []
    left = list(replies)

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        said.append(b"")
        while data := await reader.read(65536):
            said[-1] += data
            if not left:
                break
            writer.write(left.pop(0))
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    try:
        yield f"127.0.0.1:{port}", said
    finally:
        server.close()


async def test_user_password_and_database_come_from_the_url():
    async with answering(b"+OK\r\n", b"+OK\r\n", SHA, b":7\r\n") as (address, said):
        script = Script(f"redis://someone:p%40ss@{address}/3", "return 7")
        assert await script.call(["a", 1], 5) == 7
        script.close()
    assert b"AUTH\r\n$7\r\nsomeone\r\n$4\r\np@ss" in said[0]
    assert b"SELECT\r\n$1\r\n3" in said[0]
    assert said[0].endswith(b"EVALSHA\r\n$3\r\nsha\r\n$1\r\n0\r\n$1\r\na\r\n$1\r\n1\r\n")


async def test_an_error_is_raised_and_the_next_call_has_a_new_connection():
    async with answering(SHA, b"-OOM command not allowed\r\n", SHA, b":1\r\n") as (address, said):
        script = Script(f"redis://{address}", "return 1")
        with pytest.raises(Refused, match="OOM"):
            await script.call([], 5)
        assert await script.call([], 5) == 1
        script.close()
    assert len(said) == 2


async def test_a_late_reply_is_not_the_next_calls():
    async with answering(SHA, b"", SHA, b":2\r\n") as (address, said):
        script = Script(f"redis://{address}", "return 1")
        with pytest.raises(TimeoutError):
            await script.call([], 0.05)
        assert await script.call([], 5) == 2
        script.close()
    assert len(said) == 2


@pytest.mark.parametrize("reply", [b"?what\r\n", b":1\r\n:2\r\n"], ids=["rubbish", "one too many"])
async def test_a_server_that_babbles_is_left(reply: bytes):
    async with answering(SHA, reply, SHA, b":3\r\n") as (address, _):
        script = Script(f"redis://{address}", "return 1")
        heard = []
        while 3 not in heard and len(heard) < 4:
            with suppress(OSError):
                heard.append(await script.call([], 5))
        assert heard[-1] == 3
        assert 2 not in heard
        script.close()


async def test_a_server_that_hangs_up_is_an_error_at_once():
    async with answering(SHA) as (address, _):
        script = Script(f"redis://{address}", "return 1")
        with pytest.raises(ConnectionError):
            await script.call([], 60)
