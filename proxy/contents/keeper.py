"""Seals content and writes it, in a thread of its own: never joined with a charge, never in an answer's way.

Calls leave their reels in a bounded queue. What finds no room is lost, counted, and its row says so. While
PostgreSQL is away the queue waits and fills; a worker that dies takes its queue along.
"""

import logging
import threading
import time
from collections import deque
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

import orjson
import psycopg

from proxy.contents.reel import NOT_WRITTEN, QUEUE_FULL, Reel, Room
from proxy.contents.sealing import Envelope, SealKey, to_the_ms, unix_ms

log = logging.getLogger(__name__)

BATCH_MAX: Final = 128
BATCH_BYTES: Final = 4 * 2**20
QUEUE_MAX: Final = 20_000  # those that say only that their content was lost
GATHER_S: Final = 0.25  # so that calls share a commit
ENVELOPE_S: Final = 1.0
RETRY_S: Final = 1.0
STOP_S: Final = 5.0
REST_EVERY: Final = 16  # records sealed between two breaths for the calls of this process
REST_S: Final = 0.0001
_OPTIONS: Final = "-c lock_timeout=1000 -c statement_timeout=10000 -c synchronous_commit=off"
_WRITE: Final = "SELECT keep_contents(%t::json, %b::bytea)"
AWAY = (psycopg.OperationalError, psycopg.InterfaceError, OSError)

# An item of keep_contents(), and its bytes.
Row = tuple[dict[str, object], bytes]


@dataclass(frozen=True, slots=True)
class Taken:
    """A call whose content waits to be sealed."""

    call: UUID
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
        self._url = url
        self.room = Room(queue_bytes, part_max)
        self.kept = self.lost = 0
        self._queue: deque[Taken] = deque()
        self._done: deque[int] = deque()  # room that the thread has no use for any more
        self._news = threading.Event()
        self._envelopes: dict[int, Envelope | None] = {}
        self._old_at = 0.0
        self._stopping = False
        self._live: psycopg.Connection[tuple[object, ...]] | None = None
        self._thread: threading.Thread | None = None

    def reel(self, key: SealKey, request: bytes, kind: str) -> Reel:
        """For a call that was admitted."""
        while self._done:
            self.room.give(self._done.popleft())
        return Reel(key, self.room, request, kind)

    def put(self, call: UUID, project: int, at: datetime, reel: Reel) -> None:
        """The call is over. Never waits."""
        if reel.lost:
            self._count_lost()
        if len(self._queue) >= QUEUE_MAX:
            reel.lose(QUEUE_FULL)
            return
        self._queue.append(Taken(call, project, at, reel))
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="content log", daemon=True)
            self._thread.start()
        if not self._news.is_set():
            self._news.set()

    def stop(self) -> None:
        """What waits is written, if that takes no longer than 5 s."""
        self._stopping = True
        self._news.set()
        if self._thread is not None:
            self._thread.join(STOP_S)

    def _run(self) -> None:
        while True:
            self._news.wait()
            if not self._stopping:
                time.sleep(GATHER_S)
            self._news.clear()
            while self._queue:
                batch = self._batch()
                size = len(batch)
                try:
                    self._write(batch)
                except Exception:  # the thread's rim: without it nothing more would ever be kept
                    log.exception("content of %s calls is lost", size)
                    self.lost += size
            if self._stopping:
                self._close()
                return

    def _batch(self) -> list[Taken]:
        batch: list[Taken] = []
        size = 0
        while self._queue and len(batch) < BATCH_MAX and size < BATCH_BYTES:
            batch.append(self._queue.popleft())
            size += batch[-1].reel.held
        return batch

    def _write(self, batch: list[Taken]) -> None:
        held = sum(taken.reel.held for taken in batch)
        try:
            rows = self._sealed(batch)
            batch.clear()  # in clear nothing is kept longer than it must be
            while not self._tried(rows) and not self._stopping:
                time.sleep(RETRY_S)
        finally:
            self._done.append(held)

    def _tried(self, rows: list[Row]) -> bool:
        """False while the database is away."""
        try:
            self._insert(rows)
        except AWAY as error:
            log.warning("content log: %s", type(error).__name__)
            self._close()
            return False
        except psycopg.Error as error:
            self._one_by_one(rows, error)
        return True

    def _sealed(self, batch: list[Taken]) -> list[Row]:
        rows: list[Row] = []
        for taken in batch:
            rows.append(_row(taken, self._envelope(taken.reel.key)))
            if len(rows) % REST_EVERY == 0:
                time.sleep(REST_S)
        return rows

    def _envelope(self, key: SealKey) -> Envelope | None:
        """The same for all calls of a second; None where nothing can be sealed to the key."""
        now = time.monotonic()
        if now > self._old_at:
            self._envelopes, self._old_at = {}, now + ENVELOPE_S
        if key.id not in self._envelopes:
            self._envelopes[key.id] = _new_envelope(key)
        return self._envelopes[key.id]

    def _insert(self, rows: list[Row]) -> None:
        """One commit for all. Raises psycopg.Error or OSError."""
        if self._live is None or self._live.closed:
            self._live = psycopg.connect(self._url, autocommit=True, options=_OPTIONS, connect_timeout=3)
        items = orjson.dumps([item for item, _ in rows]).decode()
        self._live.execute(_WRITE, (items, b"".join(sealed for _, sealed in rows)))
        self.kept += sum(1 for item, _ in rows if not item["lost"])

    def _one_by_one(self, rows: list[Row], error: psycopg.Error) -> None:
        """What the database refuses mustn't take the others of its batch along."""
        if len(rows) == 1:
            log.error("content of call %s can't be kept: %s", rows[0][0]["id"], type(error).__name__)
            self._count_lost()
            return
        for row in rows:
            try:
                self._insert([row])
            except psycopg.Error as refusal:
                self._one_by_one([row], refusal)

    def _count_lost(self) -> None:
        self.lost += 1
        if self.lost.bit_count() == 1:  # the 1st, 2nd, 4th, 8th …
            log.warning("content log: %s calls of this worker have lost their content", self.lost)

    def _close(self) -> None:
        live, self._live = self._live, None
        if live is not None:
            live.close()


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
    return taken.row(envelope.seal(str(taken.call), unix_ms(taken.at), reel.content()))
