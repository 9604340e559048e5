"""Seals content and writes it behind the calls: never joined with a charge, never in an answer's way.

Calls leave their reels in a bounded queue. What finds no room is lost, counted, and its row says so. While
PostgreSQL is away the queue waits and fills; a worker that dies takes its queue along.

All of it happens on the event loop, a slice at a time: a record takes some microseconds, and a thread that
takes turns with the loop costs the calls several times what it does itself (docs/performance.md).
"""

import asyncio
import logging
import time
from collections import deque
from contextlib import suppress
from datetime import datetime
from typing import Final

import orjson
import psycopg

from accounts.values import value
from proxy.contents.reel import NOT_WRITTEN, QUEUE_FULL, Reel, Room
from proxy.contents.sealing import Envelope, SealKey, to_the_ms, unix_ms
from proxy.prepared import Prepared

log = logging.getLogger(__name__)

BATCH_MAX: Final = 256
BATCH_BYTES: Final = 2**20
QUEUE_MAX: Final = 20_000  # those that say only that their content was lost
GATHER_S: Final = 0.25  # so that calls share a commit
ENVELOPE_S: Final = 1.0
RETRY_S: Final = 1.0
STOP_S: Final = 5.0
SLICE_S: Final = 0.0002  # of sealing, before the calls of this process go on
LARGE: Final = 2**16  # bytes: one that would take a slice by itself is sealed in a thread
_WRITE: Final = "SELECT keep_contents($1::json, $2::bytea)"
AWAY = (psycopg.OperationalError, psycopg.InterfaceError, OSError)

# An item of keep_contents(), and its bytes.
Row = tuple[dict[str, object], bytes]


@value(frozen=True)
class Taken:
    """A call whose content waits to be sealed."""

    call: str
    project: int
    at: datetime
    reel: Reel

    def row(self, sealed: bytes) -> Row:
        reel = self.reel
        item = {
            "project": self.project,
            "id": self.call,
            "at": to_the_ms(self.at),
            "log_key": reel.key.id,
            "request_bytes": reel.request_size,
            "response_bytes": reel.response_size,
            "truncated": reel.truncated,
            "lost": reel.lost,
            "size": len(sealed),
        }
        return item, sealed


class Keeper:
    """The content log of one worker. `kept` and `lost`: calls so far."""

    def __init__(self, url: str, queue_bytes: int, part_max: int) -> None:
        self.room = Room(queue_bytes, part_max)
        self.kept = self.lost = 0
        self._queue: deque[Taken] = deque()
        self._envelopes: dict[int, Envelope | None] = {}
        self._old_at = 0.0
        self._stopping = asyncio.Event()
        self._database = Prepared(
            url, _WRITE, lock_timeout_ms=1_000, statement_timeout_ms=10_000, durable=False
        )
        self._task: asyncio.Task[None] | None = None

    def reel(self, key: SealKey, request: bytes, kind: str) -> Reel:
        """For a call that was admitted."""
        return Reel(key, self.room, request, kind)

    def put(self, call: str, project: int, at: datetime, reel: Reel) -> None:
        """The call is over. Never waits."""
        if reel.lost:
            self._count_lost()
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
        await self._database.close()

    async def _run(self) -> None:
        """Until nothing waits any more; the next call begins anew."""
        try:
            while self._queue:
                await self._pause(GATHER_S)
                while self._queue:
                    await self._keep(self._batch())
        finally:
            self._task = None

    async def _keep(self, batch: list[Taken]) -> None:
        size = len(batch)
        try:
            await self._write(batch)
        except Exception:  # the rim: without it nothing more would ever be kept
            log.exception("content of %s calls is lost", size)
            self.lost += size

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

    async def _write(self, batch: list[Taken]) -> None:
        reels = [taken.reel for taken in batch]
        try:
            rows = await self._sealed(batch)
            batch.clear()  # in clear nothing is kept longer than it must be
            for reel in reels:
                reel.clear()
            while not await self._tried(rows) and not self._stopping.is_set():
                await self._pause(RETRY_S)
        finally:
            for reel in reels:
                reel.release()

    async def _tried(self, rows: list[Row]) -> bool:
        """False while the database is away."""
        try:
            await self._insert(rows)
        except AWAY as error:
            log.warning("content log: %s", type(error).__name__)
            return False
        except psycopg.Error as error:
            await self._one_by_one(rows, error)
        return True

    async def _sealed(self, batch: list[Taken]) -> list[Row]:
        rows: list[Row] = []
        began = time.perf_counter()
        for taken in batch:
            envelope = self._envelope(taken.reel.key)
            if taken.reel.held > LARGE:
                rows.append(await asyncio.to_thread(_row, taken, envelope))
            else:
                rows.append(_row(taken, envelope))
            if time.perf_counter() - began > SLICE_S:
                await asyncio.sleep(0)
                began = time.perf_counter()
        return rows

    def _envelope(self, key: SealKey) -> Envelope | None:
        """The same for all calls of a second; None where nothing can be sealed to the key."""
        now = time.monotonic()
        if now > self._old_at:
            self._envelopes, self._old_at = {}, now + ENVELOPE_S
        if key.id not in self._envelopes:
            self._envelopes[key.id] = _new_envelope(key)
        return self._envelopes[key.id]

    async def _insert(self, rows: list[Row]) -> None:
        """One commit for all. Raises psycopg.Error or OSError."""
        items = orjson.dumps([item for item, _ in rows])
        await self._database.call(items, b"".join(sealed for _, sealed in rows))
        self.kept += sum(1 for item, _ in rows if not item["lost"])

    async def _one_by_one(self, rows: list[Row], error: psycopg.Error) -> None:
        """What the database refuses mustn't take the others of its batch along."""
        if len(rows) == 1:
            log.error("content of call %s can't be kept: %s", rows[0][0]["id"], type(error).__name__)
            self._count_lost()
            return
        for row in rows:
            try:
                await self._insert([row])
            except psycopg.Error as refusal:
                await self._one_by_one([row], refusal)

    def _count_lost(self) -> None:
        self.lost += 1
        if self.lost.bit_count() == 1:  # the 1st, 2nd, 4th, 8th …
            log.warning("content log: %s calls of this worker have lost their content", self.lost)


def _new_envelope(key: SealKey) -> Envelope | None:
    try:
        return Envelope(key)
    except ValueError:
        log.error("nothing can be sealed to log key %s", key.name)
        return None


def _row(taken: Taken, envelope: Envelope | None) -> Row:
    reel = taken.reel
    if envelope is None:
        reel.lost = reel.lost or NOT_WRITTEN
    if reel.lost or envelope is None:
        return taken.row(b"")
    return taken.row(envelope.seal(taken.call, unix_ms(taken.at), reel.content()))
