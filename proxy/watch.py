"""Deadlines of everything that runs, looked at four times a second by one round.

Almost no deadline is ever met, and a timer of the event loop for each costs more than parsing the call; a
dictionary entry costs next to nothing, at the price of a quarter of a second's precision.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

log = logging.getLogger(__name__)

TICK_S = 0.25


class Deadline:
    """`with watch.within(s):` – after `s` seconds the block is interrupted and raises TimeoutError.

    Like asyncio.timeout(), but entered without await. `due` may be moved while the block runs.
    """

    __slots__ = ("_cancelling", "_task", "_watch", "due", "expired")

    def __init__(self, watch: "Watch", due: float) -> None:
        self._watch = watch
        self.due = due
        self.expired = False
        self._task: asyncio.Task[object] | None = None
        self._cancelling = 0

    def __enter__(self) -> Self:
        task = self._task = asyncio.current_task()
        self._cancelling = task.cancelling() if task is not None else 0
        self._watch.entries[self] = self.expire
        return self

    def expire(self) -> None:
        self.expired = True
        if self._task is not None:
            self._task.cancel()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._watch.entries.pop(self, None)
        if not self.expired or self._task is None:
            return
        # Takes back a cancellation that has not struck yet too. Is there another one, of a longer deadline or
        # of a client that left in the same tick, then it counts more than this.
        if self._task.uncancel() > self._cancelling:
            return
        if kind is None or issubclass(kind, asyncio.CancelledError):
            raise TimeoutError from error


class Watch:
    """All deadlines of one worker."""

    def __init__(self) -> None:
        self.entries: dict[Deadline, Callable[[], object]] = {}

    def within(self, seconds: float) -> Deadline:
        """A block of code that may take so long."""
        return Deadline(self, time.monotonic() + seconds)

    def after(self, seconds: float, action: Callable[[], object]) -> Deadline:
        """Calls `action` once, later, unless it is dropped before."""
        deadline = Deadline(self, time.monotonic() + seconds)
        self.entries[deadline] = action
        return deadline

    def drop(self, deadline: Deadline) -> None:
        self.entries.pop(deadline, None)

    async def run(self) -> None:
        """The round; ends by being cancelled."""
        while True:
            await asyncio.sleep(TICK_S)
            now = time.monotonic()
            for deadline in [entry for entry in self.entries if entry.due <= now]:
                action = self.entries.pop(deadline, None)
                if action is not None:
                    self._act(action)

    @staticmethod
    def _act(action: Callable[[], object]) -> None:
        """One deadline's trouble must not be the end of all others."""
        try:
            action()
        except Exception:
            log.exception("a deadline's action failed")
