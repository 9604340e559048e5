"""What a caller hears while an upstream has nothing to say."""

import asyncio

import pytest

from proxy import pump, watch
from proxy.dialects import openai
from proxy.errors import OPENAI
from proxy.pump import Pump
from proxy.watch import Watch

PING = OPENAI.ping
CHUNK = b'data: {"id":"c","model":"up","choices":[{"index":0,"delta":{"content":"a"}}]}\n\n'


class Wire:
    """An upstream that comments until the caller has heard two pings, and the caller's side of it."""

    first = CHUNK

    def __init__(self) -> None:
        self.heard: list[bytes] = []

    async def more(self) -> bytes:
        await asyncio.sleep(0.001)
        return b": busy\n\n" if self.heard.count(PING) < 2 else b"data: [DONE]\n\n"

    async def send(self, data: bytes) -> None:
        self.heard.append(data)


async def test_an_upstream_that_only_comments_does_not_silence_us(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(pump, "SILENCE_S", 0.02)
    monkeypatch.setattr(watch, "TICK_S", 0.01)
    rounds, wire = Watch(), Wire()
    running = asyncio.create_task(rounds.run())
    relayed = Pump(rounds, wire, openai.Stream(b'"m"', wants_usage=False), PING)  # type: ignore[arg-type]
    await relayed.begin()
    async with asyncio.timeout(30):
        await relayed.run(wire, lambda: None)  # type: ignore[arg-type]
    running.cancel()
    assert wire.heard.count(PING) == 2
    assert relayed.failure == ""
