"""What a caller hears while an upstream has nothing to say."""

import asyncio
from typing import Any

import pytest

from proxy import pump, watch
from proxy.dialects import openai
from proxy.errors import ANTHROPIC, OPENAI
from proxy.pump import Pump, broken
from proxy.surfaces import SURFACES
from proxy.watch import Watch
from tests.proxy.calls import call_of

PING = OPENAI.ping
CALL = call_of({"model": "m", "messages": [{"role": "user", "content": "a"}]})
CHUNK = b'data: {"id":"c","model":"up","choices":[{"index":0,"delta":{"content":"a"}}]}\n\n'


class Wire:
    """An upstream that comments until the caller has heard two pings, and the caller's side of it."""

    def __init__(self) -> None:
        self.heard: list[bytes] = []
        self.first = CHUNK

    async def more(self) -> bytes:
        if self.first:
            data, self.first = self.first, b""
            return data
        await asyncio.sleep(0.001)
        return b": busy\n\n" if self.heard.count(PING) < 2 else b"data: [DONE]\n\n"

    async def send(self, data: bytes) -> None:
        self.heard.append(data)


async def test_an_upstream_that_only_comments_does_not_silence_us(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(pump, "SILENCE_S", 0.02)
    monkeypatch.setattr(watch, "TICK_S", 0.01)
    rounds, wire = Watch(), Wire()
    running = asyncio.create_task(rounds.run())
    noted: list[tuple[int, int]] = []
    stream = openai.Stream(b'"m"', wants_usage=False)
    relayed = Pump(rounds, wire, stream, PING, 60, lambda *found: noted.append(found))  # type: ignore[arg-type]
    await relayed.begin()
    assert noted == [(1, 1)]  # before any of it can be forwarded
    async with asyncio.timeout(30):
        await relayed.run(wire)  # type: ignore[arg-type]
    running.cancel()
    assert set(noted) == {(1, 1)}
    assert wire.heard.count(PING) == 2
    assert relayed.failure == ""


class Silent(Wire):
    """An upstream that says nothing more after its first words, and stays."""

    async def more(self) -> bytes:
        if not self.first:
            await asyncio.Event().wait()
        return await super().more()


@pytest.mark.parametrize(
    ("begin", "ping"),
    [
        (lambda: openai.Stream(b'"m"', wants_usage=False), PING),
        (lambda: SURFACES["messages"].bridges["openai"].stream(CALL, b'"m"', b""), ANTHROPIC.ping),
    ],
    ids=["openai", "anthropic"],
)
async def test_a_stream_that_stalls_is_given_up(monkeypatch: pytest.MonkeyPatch, begin: Any, ping: bytes):
    """S09: pings keep the caller, a minute of silence is enough, the end is an error in its own words."""
    monkeypatch.setattr(pump, "SILENCE_S", 0.02)
    monkeypatch.setattr(watch, "TICK_S", 0.01)
    rounds, wire = Watch(), Silent()
    running = asyncio.create_task(rounds.run())
    relayed = Pump(rounds, wire, begin(), ping, 0.06, lambda *_: None)  # type: ignore[arg-type]
    await relayed.begin()
    async with asyncio.timeout(30):
        await relayed.run(wire)  # type: ignore[arg-type]
    running.cancel()
    assert (relayed.failure, wire.heard.count(ping)) == ("stalled", 3)
    error = broken(relayed, "secret")
    assert (error.status, error.code) == (504, "upstream_timeout")
    assert b"stopped sending" in relayed.stream.failed(error, "r")
