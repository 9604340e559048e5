"""A stream on its way from an upstream to the caller: one buffer at a time, so memory stays bounded."""

import time
from collections.abc import Callable
from math import inf
from typing import Final

from proxy.bridge import Stream
from proxy.dialects import sse
from proxy.errors import ApiError
from proxy.exchange import Exchange
from proxy.upstream import Opened, UpstreamError
from proxy.watch import Deadline, Watch

SILENCE_S: Final = 10.0


class Pump:
    """Reads an opened stream. `failure` says why it ended before its own end.

    idle_s: how long an upstream may be silent. note: told of events and bytes of text so far, before anything
    of them is forwarded.
    """

    def __init__(  # noqa: PLR0913
        self,
        watch: Watch,
        opened: Opened,
        stream: Stream,
        ping: bytes,
        idle_s: float,
        note: Callable[[int, int], None],
    ) -> None:
        self._watch = watch
        self._idle_s = idle_s
        self._turn_s = min(SILENCE_S, idle_s)
        self._note = note
        self.stream = stream
        self._ping = ping
        self.failure = ""
        self.first_token: float | None = None
        self._opened = opened
        self._ready = b""
        self._silences = 0

    def close(self) -> None:
        self._opened.close()

    async def begin(self) -> None:
        """Reads until there is something to forward. Raises UpstreamError when it ends before that."""
        data = await self._opened.more()
        while data and not self.stream.over:
            self._ready = self._feed(data)
            if self._ready or self.stream.begun:
                return
            data = await self._opened.more()
        if not data:
            self._ready = self._feed(data)
        # An end without anything before it is no answer either.
        if not self.stream.complete or not self.stream.events:
            raise UpstreamError(self._reason(), status=200)

    async def run(self, exchange: Exchange) -> None:
        """Forwards everything but the end.

        A comment keeps the connection open every 10 s of silence, as long as there is patience with it.
        """
        await exchange.send(self._taken())
        while not self.stream.over:
            quiet = self._watch.within(self._turn_s)
            try:
                with quiet:
                    await self._forward(exchange, quiet)
            except TimeoutError:
                self._silences += 1
                await exchange.send(self._ping)
                if self._silences * self._turn_s >= self._idle_s:
                    self.failure = "stalled"
                    break
            except UpstreamError as error:
                self.failure = error.reason
                break
            else:
                break
        if not self.stream.complete:
            self.failure = self.failure or self._reason()

    async def _forward(self, exchange: Exchange, quiet: Deadline) -> None:
        """Until the end of the stream, or of the patience with its silence."""
        stream, opened = self.stream, self._opened
        while not stream.over:
            data = await opened.more()
            out = self._feed(data)
            if not data:
                return
            data = b""  # where the reader is slow, one copy waits
            if out:
                quiet.due = inf  # a reader's slowness is no silence of the upstream
                await exchange.send(out)
                # An upstream's comments show that it lives, but the caller hears nothing of them.
                quiet.due = time.monotonic() + self._turn_s
            self._silences = 0

    def _taken(self) -> bytes:
        """What `begin` has read; a slow reader's stream must not keep it."""
        ready, self._ready = self._ready, b""
        return ready

    def _feed(self, data: bytes) -> bytes:
        stream = self.stream
        try:
            out = stream.feed(data)
        except sse.EventTooLarge:
            stream.broken = True
            return b""
        self._note(stream.said, stream.text_bytes)
        if self.first_token is None and stream.said:
            self.first_token = time.monotonic()
        return out

    def _reason(self) -> str:
        if self.stream.error is not None:
            return "error_event"
        if self.stream.done:
            return "empty"
        return "malformed" if self.stream.broken else "cut"


def broken(pump: Pump, secret: str | None) -> ApiError:
    """What is told of a stream that broke after its first byte, without our credential in it."""
    if pump.failure == "stalled":
        return ApiError(504, "upstream_timeout", "The model's provider stopped sending.")
    words = pump.stream.error
    message = words.get("message") if isinstance(words, dict) else None
    told = f"The model's provider broke off ({pump.failure})."
    if isinstance(message, str):
        told += " " + (message.replace(secret, "***") if secret else message)
    return ApiError(502, "upstream_error", told)
