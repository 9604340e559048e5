"""The canned answer from a bare asyncio protocol, for machines without nginx."""

import asyncio
import sys

import uvloop

from benchmarks.reply import BODY

ANSWER = (
    b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(BODY.encode())
) + BODY.encode()


class Canned(asyncio.Protocol):
    """Answers each request of a connection; knows no more of HTTP than where a request ends."""

    def __init__(self) -> None:
        self._held = b""
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        self._held += data
        while (size := request_size(self._held)) and len(self._held) >= size:
            self._held = self._held[size:]
            self._transport.write(ANSWER)


def request_size(data: bytes) -> int:
    """Bytes of the first request, head and body; 0 while its head is incomplete."""
    head, end, _ = data.partition(b"\r\n\r\n")
    if not end:
        return 0
    _, _, length = head.lower().partition(b"\r\ncontent-length:")
    return len(head) + 4 + int(length.split(b"\r\n")[0] or 0)


async def main(port: int) -> None:
    """Serve until killed."""
    server = await asyncio.get_running_loop().create_server(Canned, "127.0.0.1", port, backlog=1024)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1])))
