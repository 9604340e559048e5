"""One batch function of the ledger behind a natural batch, so that one locked wallet stalls nobody else.

The fast lane waits 100 ms for a lock. If it doesn't get it, the batch is tried again wallet by wallet on
connections of its own; after 2 s in all it is busy. Until a wallet is through, its later items queue behind
it there.
"""

import asyncio
import logging
from collections.abc import Sequence
from typing import Any

import orjson
import psycopg

from proxy.batch import Batch
from proxy.prepared import Prepared

log = logging.getLogger(__name__)

# One item as JSON: written by its own call, so that what can't be written spoils nobody else's batch.
Item = bytes
Result = dict[str, Any]

SLOW_CONNECTIONS = 3
PATIENT_MS = 1_700
LOCKED = (
    psycopg.errors.LockNotAvailable,
    psycopg.errors.DeadlockDetected,
    psycopg.errors.SerializationFailure,
)


class Lane:
    """`submit(wallet, item)` → the function's result for that item."""

    def __init__(self, url: str, function: str) -> None:
        query = f"SELECT {function}($1::json)::text"
        self._fast = Prepared(url, query)
        self._slow: asyncio.Queue[Prepared] = asyncio.Queue()
        self._connections = [
            Prepared(url, query, lock_timeout_ms=PATIENT_MS) for _ in range(SLOW_CONNECTIONS)
        ]
        for connection in self._connections:
            self._slow.put_nowait(connection)
        self._waiting: dict[int, tuple[Batch[Item, Result], list[Item]]] = {}
        self._batch: Batch[Item, Result] = Batch(self._quickly)

    async def submit(self, wallet: int, item: Item) -> Result:
        """Raises psycopg.Error, OSError or TimeoutError when the ledger could not decide."""
        if wallet not in self._waiting:
            try:
                return await self._batch.add(item)
            except LOCKED:
                log.warning("ledger: a lock was not to be had in time; going wallet by wallet")
        return await self._slowly(wallet, item)

    def is_behind(self, wallet: int) -> bool:
        """Whether the wallet's items go by themselves, since somebody keeps its row locked."""
        return wallet in self._waiting

    async def close(self) -> None:
        for connection in (self._fast, *self._connections):
            await connection.close()

    async def _quickly(self, items: Sequence[Item]) -> Sequence[Result | BaseException]:
        return await self._run(self._fast, items)

    async def _slowly(self, wallet: int, item: Item) -> Result:
        batch, inside = self._waiting.setdefault(wallet, (Batch(self._patiently), []))
        inside.append(item)
        try:
            return await batch.add(item)
        finally:
            inside.remove(item)
            if not inside:
                self._waiting.pop(wallet, None)

    async def _patiently(self, items: Sequence[Item]) -> Sequence[Result | BaseException]:
        connection = await self._slow.get()
        try:
            return await self._run(connection, items)
        finally:
            self._slow.put_nowait(connection)

    async def _run(self, connection: Prepared, items: Sequence[Item]) -> Sequence[Result | BaseException]:
        """One commit for all; a batch that the database refuses is halved until the bad item is alone."""
        try:
            answer = await connection.call(b"[%b]" % b",".join(items))
        except (
            psycopg.DataError,
            psycopg.IntegrityError,
            psycopg.ProgrammingError,
            psycopg.InternalError,
        ) as e:
            if len(items) == 1:
                log.error("ledger: an item was refused: %s %s", type(e).__name__, e.diag.message_primary)
                return [e]
            half = len(items) // 2
            return [*await self._run(connection, items[:half]), *await self._run(connection, items[half:])]
        results: list[Result] = orjson.loads(answer)
        return results
