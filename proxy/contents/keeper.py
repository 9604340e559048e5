"""Hands content to the sealer behind the calls: never joined with a charge, never in an answer's way.

Calls leave their reels in a bounded queue. What finds no room is lost, counted, and its row says so. While
PostgreSQL is away the queue waits and fills; a worker that dies takes its queue along. A sealer that dies is
started anew and asked again: a row that is there already stays as it is.
"""

import asyncio
import logging
from collections import deque
from contextlib import suppress
from datetime import datetime
from typing import Any, Final

import orjson

from accounts.values import value
from proxy.contents.frames import Answer, frame
from proxy.contents.reel import QUEUE_FULL, Reel, Room
from proxy.contents.sealer_process import SealerDied, SealerProcess
from proxy.contents.sealing import SealKey, unix_ms

log = logging.getLogger(__name__)

BATCH_MAX: Final = 256
BATCH_BYTES: Final = 2**20
QUEUE_MAX: Final = 20_000  # those that say only that their content was lost
GATHER_S: Final = 0.25  # so that calls share a commit
RETRY_S: Final = 1.0
STOP_S: Final = 5.0
DEATHS_MAX: Final = 2  # of a sealer over one batch


@value(frozen=True)
class Taken:
    """A call whose content waits to be sealed."""

    call: str
    project: int
    at: datetime
    reel: Reel

    def item(self, size: int) -> dict[str, Any]:
        """What the sealer is told of it, beside the content of so many bytes."""
        reel = self.reel
        return {
            "project": self.project,
            "id": self.call,
            "at": unix_ms(self.at),
            "log_key": reel.key.id,
            "request_bytes": reel.request_size,
            "response_bytes": reel.response_size,
            "truncated": reel.truncated,
            "lost": reel.lost,
            "size": size,
        }


class Keeper:
    """The content log of one worker. `kept` and `lost`: calls so far."""

    def __init__(self, url: str, queue_bytes: int, part_max: int) -> None:
        self.room = Room(queue_bytes, part_max)
        self.kept = self.lost = 0
        self.sealer = SealerProcess(url)
        self._queue: deque[Taken] = deque()
        self._stopping = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def reel(self, key: SealKey, request: bytes, kind: str) -> Reel:
        """For a call that was admitted."""
        return Reel(key, self.room, request, kind)

    def put(self, call: str, project: int, at: datetime, reel: Reel) -> None:
        """The call is over. Never waits."""
        if reel.lost:
            self._count_lost(1)
        if len(self._queue) >= QUEUE_MAX:
            reel.lose(QUEUE_FULL)
            return
        self._queue.append(Taken(call, project, at, reel))
        if self._task is None:
            self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """What waits is written, if that takes no longer than 5 s."""
        self._stopping.set()
        if self._task is not None:
            _, late = await asyncio.wait([self._task], timeout=STOP_S)
            for task in late:
                task.cancel()
        await self.sealer.stop()

    async def _run(self) -> None:
        """Until nothing waits any more; the next call begins anew."""
        try:
            while self._queue:
                if len(self._queue) < BATCH_MAX:
                    await self._pause(GATHER_S)
                await self._keep(self._batch())
        finally:
            self._task = None

    async def _pause(self, seconds: float) -> None:
        """A stopping worker waits for nothing."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stopping.wait()

    def _batch(self) -> list[Taken]:
        batch: list[Taken] = []
        size = 0
        while self._queue and len(batch) < BATCH_MAX and size < BATCH_BYTES:
            batch.append(self._queue.popleft())
            size += batch[-1].reel.held
        return batch

    async def _keep(self, batch: list[Taken]) -> None:
        try:
            data = _framed(batch)
            for taken in batch:  # once in clear is enough; the room stays taken by the frame
                taken.reel.clear()
            answer = await self._answer(data)
        except Exception:  # the rim: without it nothing more would ever be kept
            log.exception("content log")
            answer = None
        finally:
            for taken in batch:
                taken.reel.release()
        if answer is None:
            self._count_lost(sum(1 for taken in batch if not taken.reel.lost))
            return
        self.kept += answer["kept"]
        self._count_lost(answer["lost"])
        for trouble in answer["troubles"]:
            log.error("content log: %s", trouble)

    async def _answer(self, data: bytes) -> Answer | None:
        """None: the worker stops while nothing can be written, or two sealers have died over it."""
        deaths = 0
        while deaths < DEATHS_MAX:
            try:
                answer = await self.sealer.ask(data)
                if not answer["away"]:
                    return answer
                log.warning("content log: %s", answer["away"])
            except (SealerDied, OSError) as error:
                deaths += 1
                log.warning("content log: %s", error)
            if self._stopping.is_set():
                return None
            await self._pause(RETRY_S)
        return None

    def _count_lost(self, calls: int) -> None:
        before, self.lost = self.lost, self.lost + calls
        if self.lost.bit_length() > before.bit_length():  # at the 1st, 2nd, 4th, 8th …
            log.warning("content log: %s calls of this worker have lost their content", self.lost)


def _framed(batch: list[Taken]) -> bytes:
    contents = [b"" if taken.reel.lost else taken.reel.content() for taken in batch]
    keys = {taken.reel.key.id: taken.reel.key for taken in batch}
    head = {
        "keys": {str(number): (key.name, key.project, key.public_key.hex()) for number, key in keys.items()},
        "items": [taken.item(len(content)) for taken, content in zip(batch, contents, strict=True)],
    }
    return frame(orjson.dumps(head), contents)
