"""The floor: a TCP relay that copies bytes and knows nothing.

`python -m benchmarks.relay PORT UPSTREAM_PORT`
"""

import asyncio
import sys

import uvloop


class Side(asyncio.Protocol):
    """One end of a relayed connection."""

    def __init__(self, other: "Side | None" = None, upstream_port: int = 0) -> None:
        self.other, self._upstream_port = other, upstream_port
        self._early = b""
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]
        if self._upstream_port:
            asyncio.get_running_loop().create_task(self._join())

    async def _join(self) -> None:
        _, other = await asyncio.get_running_loop().create_connection(
            lambda: Side(self), "127.0.0.1", self._upstream_port
        )
        self.other = other
        other.transport.write(self._early)

    def data_received(self, data: bytes) -> None:
        if self.other is None:
            self._early += data
        else:
            self.other.transport.write(data)

    def connection_lost(self, exc: Exception | None) -> None:
        if self.other is not None:
            self.other.transport.close()


async def main(port: int, upstream_port: int) -> None:
    """Relay until killed."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: Side(upstream_port=upstream_port), "127.0.0.1", port, backlog=2048
    )
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1]), int(sys.argv[2])))
