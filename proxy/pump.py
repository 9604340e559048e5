"""A stream on its way from an upstream to the caller: one buffer at a time, so memory stays bounded."""

import time
from collections.abc import Callable
from typing import Final

from proxy.dialects import openai, sse
from proxy.exchange import Exchange
from proxy.upstream import Opened, UpstreamError
from proxy.watch import Watch

PING: Final = b": ping\n\n"
SILENCE_S: Final = 10.0
IDLE_S: Final = 60.0


class Pump:
    """Reads an opened stream. `failure` says why it ended before its own end."""

    def __init__(self, watch: Watch, opened: Opened, stream: openai.Stream) -> None:
        self._watch = watch
        self.stream = stream
        self.failure = ""
        self.first_token: float | None = None
        self._opened = opened
        self._ready = b""

    def close(self) -> None:
        self._opened.close()

    async def begin(self) -> None:
        """Reads until there is something to forward. Raises UpstreamError when it ends before that."""
        data = self._opened.first
        while data and not self.stream.over:
            self._ready = self._feed(data)
            if self._ready or self.stream.usage is not None:
                return
            data = await self._opened.more()
        if not self.stream.complete:
            raise UpstreamError(self._reason(), status=200)

    async def run(self, exchange: Exchange, mark: Callable[[], None]) -> None:
        """Forwards everything but the end. `mark` is called at most once a second."""
        await exchange.send(self._ready)
        marked = time.monotonic()
        while not self.stream.over:
            data = await self._patiently(exchange)
            if not data:
                break
            out = self._feed(data)
            if out:
                await exchange.send(out)
            if time.monotonic() - marked > 1:
                marked = time.monotonic()
                mark()
        if not self.stream.complete:
            self.failure = self.failure or self._reason()

    def _feed(self, data: bytes) -> bytes:
        try:
            out = self.stream.feed(data)
        except sse.EventTooLarge:
            self.stream.broken = True
            return b""
        if self.first_token is None and self.stream.said:
            self.first_token = time.monotonic()
        return out

    async def _patiently(self, exchange: Exchange) -> bytes:
        """The next bytes; a comment keeps the connection open every 10 s of silence, 60 s are too many."""
        for _ in range(int(IDLE_S // SILENCE_S)):
            try:
                with self._watch.within(SILENCE_S):
                    return await self._opened.more()
            except TimeoutError:
                await exchange.send(PING)
            except UpstreamError as error:
                self.failure = error.reason
                return b""
        self.failure = "stalled"
        return b""

    def _reason(self) -> str:
        if self.stream.error is not None:
            return "error_event"
        return "malformed" if self.stream.broken else "cut"
