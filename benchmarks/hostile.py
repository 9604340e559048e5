"""Clients that read slowly, leave, half-close or never finish asking, on plain sockets of one event loop."""

import asyncio
import json
import random
import socket
import struct
import time
from dataclasses import dataclass
from typing import Any

from benchmarks.steady import request

SMALL_BUFFER = 4096


def streamed(key: str, run: str, **wishes: Any) -> bytes:
    """A streamed call of the test upstream, noted in its journal under `run`."""
    asked: dict[str, Any] = {"model": "bench/stream", "stream": True, "max_tokens": 16384}
    if wishes.pop("large", False):
        asked |= {"logprobs": True, "top_logprobs": 20}
    messages = [{"role": "user", "content": json.dumps({"upstream": {"run": run, **wishes}})}]
    return request(key, json.dumps(asked | {"messages": messages}))


@dataclass(slots=True)
class Hostile:
    """Makes such clients, a coroutine each, which ends with its connection."""

    port: int
    dice: random.Random

    async def _connect(self) -> socket.socket:
        client = socket.socket()
        client.setblocking(False)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL_BUFFER)
        await asyncio.get_running_loop().sock_connect(client, ("127.0.0.1", self.port))
        return client

    async def reads_slowly(self, asked: bytes, until: float) -> int:
        """1 KB a second; the bytes that it got."""
        loop, client, got = asyncio.get_running_loop(), await self._connect(), 0
        await loop.sock_sendall(client, asked)
        try:
            while time.monotonic() < until and (data := await loop.sock_recv(client, 512)):
                got += len(data)
                await asyncio.sleep(0.5)
        except ConnectionError:
            pass
        client.close()
        return got

    async def reads_nothing(self, asked: bytes) -> float:
        """Takes the first byte and nothing more; seconds until it was cut off."""
        loop, client = asyncio.get_running_loop(), await self._connect()
        await loop.sock_sendall(client, asked)
        await loop.sock_recv(client, 1)
        began = time.monotonic()
        while _established(client):
            await asyncio.sleep(0.2)
        client.close()
        return time.monotonic() - began

    async def leaves(self, asked: bytes, bytes_max: int, *, half: bool = False) -> float:
        """Reads so many bytes at most, then leaves; Unix time of its leaving."""
        loop, client = asyncio.get_running_loop(), await self._connect()
        left = self.dice.randrange(1, bytes_max)
        reset = self.dice.random() < 0.5
        await loop.sock_sendall(client, asked)
        while left > 0 and (data := await loop.sock_recv(client, min(left, 4096))):
            left -= len(data)
        at = time.time()
        if half:
            client.shutdown(socket.SHUT_WR)
            await self._drained(client)
        elif reset:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.close()
        return at

    async def never_asks(self, head: bytes) -> float:
        """Sends a byte every two seconds; seconds until it was cut off."""
        loop, client = asyncio.get_running_loop(), await self._connect()
        began = time.monotonic()
        closed = asyncio.ensure_future(self._drained(client))
        for byte in head * 100:
            try:
                await loop.sock_sendall(client, bytes([byte]))
            except ConnectionError:
                break
            if (await asyncio.wait({closed}, timeout=2))[0]:
                break
        closed.cancel()
        client.close()
        return time.monotonic() - began

    async def _drained(self, client: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        try:
            while await loop.sock_recv(client, 4096):
                pass
        except ConnectionError:
            pass


def _established(client: socket.socket) -> bool:
    """The other side has not ended it: TCP_INFO's first byte is the state."""
    return client.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] == 1
