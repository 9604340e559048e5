"""A client's connection: HTTP with an end to its patience.

uvicorn waits for ever for a request that never becomes whole, for a client that takes nothing of its answer,
and it tells only the last of several pipelined requests that the client has left. A round looks at all
connections every two seconds, so that none of this costs a request anything.
"""

import asyncio
import socket
import struct
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from cloudapi.wire import Wire
from proxy.errors import ApiError

LOOK_S: Final = 2.0
# A client pays for its slowness with its own time: so many bytes of a request buy a second more.
BYTES_PER_S: Final = 8192
# What waits for a slow reader: here at most so much before nothing is added (the last piece came whole) …
BUFFER_BYTES: Final = 4 * 1024
# … and in the kernel so much unsent, instead of the megabytes that it would grow to.
UNSENT_BYTES: Final = 32 * 1024
_TIMED_OUT: Final = ApiError(408, "request_timeout", "The request stopped coming.")


class Doorkeeper:
    """Makes the connections of one process and looks after them; given to uvicorn as its protocol class.

    head_s: from a connection, or a request's first byte, to the end of its head. body_s: from there to the
    end of its body. stuck_s: without a byte taken by a client for whom something waits.
    """

    def __init__(self, head_s: float = 20.0, body_s: float = 30.0, stuck_s: float = 30.0) -> None:
        self.head_s, self.body_s, self.stuck_s = head_s, body_s, stuck_s
        self._doors: set[Door] = set()
        self._round: asyncio.TimerHandle | None = None

    def __call__(self, **given: Any) -> "Door":
        return Door(self, **given)

    @property
    def open(self) -> int:
        """How many connections there are."""
        return len(self._doors)

    @property
    def unsent(self) -> int:
        """Bytes that wait in this process for clients to take them."""
        return sum(door.transport.get_write_buffer_size() for door in self._doors)

    def opened(self, door: "Door") -> None:
        self._doors.add(door)
        if self._round is None:
            self._round = door.loop.call_later(LOOK_S, self._look, door.loop)

    def closed(self, door: "Door") -> None:
        self._doors.discard(door)

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        now = loop.time()
        self._round = loop.call_later(LOOK_S, self._look, loop) if self._doors else None
        for door in list(self._doors):
            door.look(now)


class Door(Wire):
    """One connection. `_due`: when the request that is coming in must be whole; None between requests."""

    def __init__(self, keeper: Doorkeeper, **given: Any) -> None:
        super().__init__(**given)
        self._keeper = keeper
        self._due: float | None = None
        self._answering: RequestResponseCycle | None = None
        self._stuck_since = 0.0
        self._left = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        transport.set_write_buffer_limits(high=BUFFER_BYTES)
        raw = transport.get_extra_info("socket")
        if raw is not None and raw.family != socket.AF_UNIX and hasattr(socket, "TCP_NOTSENT_LOWAT"):
            raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, UNSENT_BYTES)
        self._due = self.loop.time() + self._keeper.head_s
        self._keeper.opened(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._keeper.closed(self)
        self._desert()
        super().connection_lost(exc)

    def eof_received(self) -> None:
        """Half a close is a whole one: it's all that a client shows who leaves in the middle of a stream."""
        self._desert()

    def _desert(self) -> None:
        """The request that is being answered hears that its client left, even with others behind it."""
        cycle = self._answering
        if cycle is not None and not cycle.response_complete:
            cycle.disconnected = True
            cycle.message_event.set()
            self.flow.resume_writing()

    def data_received(self, data: bytes) -> None:
        if self._deaf:
            return
        if self._due is None:
            self._due = self.loop.time() + self._keeper.head_s
        self._due += len(data) / BYTES_PER_S
        super().data_received(data)

    def on_headers_complete(self) -> None:
        super().on_headers_complete()
        self._due = self.loop.time() + self._keeper.body_s

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._due = None

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._answering = cycle
        super()._start_asgi_task(cycle, app)

    def resume_writing(self) -> None:
        """What waited was taken. A round may miss that: as much may wait again when it looks."""
        self._left = 0
        super().resume_writing()

    def look(self, now: float) -> None:
        """Cuts off a client that neither gives nor takes."""
        if self._due is not None and self.flow.read_paused:
            self._due = max(self._due, now + self._keeper.body_s)  # it's us who don't read
        elif self._due is not None and now > self._due:
            self._due = None
            self._time_out()
        waiting = self.transport.get_write_buffer_size()
        # Nothing is added to what waits in these two states, so that less of it means that some was taken.
        if not waiting or not (self.flow.write_paused or self.transport.is_closing()):
            self._left = 0
        elif not self._left or waiting < self._left:
            self._left, self._stuck_since = waiting, now
        elif now - self._stuck_since >= self._keeper.stuck_s:
            self._reset()

    def _reset(self) -> None:
        """Without a reset the kernel would offer what is left to a client that takes nothing, for ever."""
        raw = self.transport.get_extra_info("socket")
        if raw is not None:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.transport.abort()

    def _time_out(self) -> None:
        """408 for half a request; the mere end of the connection where nobody asked yet."""
        if not self.inside and not self._loose:
            self.transport.close()
        else:
            self.turn_away(_TIMED_OUT)
