"""An upstream that answers `fuzz/good` well and `fuzz/bad` with spoilt bytes: case by case, by its seed."""

import asyncio
import json
import re
import sys
from contextlib import suppress
from random import Random

from tests.fuzz import streams
from tests.fuzz.rubbish import bruise, spoil, text

WHOLE = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1_700_000_000,
    "model": "up",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "salom"}, "finish_reason": "stop"}],
    "usage": streams.USAGE,
}
GOOD_STREAM = b"".join(
    b"data: " + json.dumps(chunk).encode() + b"\n\n"
    for chunk in (
        streams.CHUNK,
        streams.CHUNK | {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]},
        streams.CHUNK | {"choices": [], "usage": streams.USAGE},
    )
)
CASE = re.compile(rb"case:([^\"\\]+):end")
LENGTH = re.compile(rb"content-length: (\d+)", re.IGNORECASE)


async def serve() -> asyncio.Server:
    """Listens on a free port."""
    return await asyncio.start_server(_connection, "127.0.0.1", 0, limit=2**26, backlog=512)


async def _connection(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError, asyncio.IncompleteReadError):
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            found = LENGTH.search(head)
            body = await reader.readexactly(int(found[1]) if found else 0)
            asked = CASE.search(body)
            if asked is None:
                _reply(
                    writer,
                    GOOD_STREAM + b"data: [DONE]\n\n" if _streams(body) else json.dumps(WHOLE).encode(),
                )
                await writer.drain()
                continue
            for piece in bad_answer(asked[1].decode(), streamed=_streams(body)):
                writer.write(piece)
                await writer.drain()
                await asyncio.sleep(0)
            break
    writer.close()
    with suppress(ConnectionError):
        await writer.wait_closed()


def _streams(body: bytes) -> bool:
    return json.loads(body).get("stream") is True


def _reply(writer: asyncio.StreamWriter, body: bytes) -> None:
    head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: %d\r\n\r\n"
    writer.write(head % len(body) + body)


def bad_answer(case: str, *, streamed: bool) -> list[bytes]:
    """All bytes of one answer, in the pieces that leave together; the connection ends after them."""
    dice = Random(case)
    body = streams.answer(dice) if streamed else _whole(dice)
    head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n"
    deed = dice.random()
    if deed < 0.5:
        data = head + b"content-length: %d\r\n\r\n" % len(body) + body
    elif deed < 0.8:
        data = head + b"transfer-encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
    else:
        data = head + b"\r\n" + body
    if dice.random() < 0.15:
        data = bruise(dice, data, dice.choice((1, 3)))
    cuts = sorted(dice.randrange(len(data) + 1) for _ in range(dice.choice((0, 1, 5))))
    return [data[start:end] for start, end in zip([0, *cuts], [*cuts, len(data)], strict=True)]


def _whole(dice: Random) -> bytes:
    body = text(dice, spoil(dice, WHOLE, dice.choice((0, 1, 2, 5))))
    return bruise(dice, body, 2) if dice.random() < 0.3 else body


async def main() -> None:
    """Serves until it is killed; says where."""
    server = await serve()
    sys.stdout.write(f"provider listens on {server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
