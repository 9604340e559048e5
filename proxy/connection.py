"""A direct connection to PostgreSQL that one kind of work owns; it comes back by itself after a failure."""

import asyncio
from collections.abc import Sequence
from typing import Any

import psycopg

_CONNECT_S = 3


class Connection:
    """One autocommit connection with prepared statements, used by one coroutine at a time.

    Never through a transaction pooler: prepared statements and session settings must stay (ARCHITECTURE §2).
    """

    def __init__(self, url: str, *, lock_timeout_ms: int = 100, statement_timeout_ms: int = 5_000) -> None:
        self._url = url
        self._options = f"-c lock_timeout={lock_timeout_ms} -c statement_timeout={statement_timeout_ms}"
        self._limit_s = statement_timeout_ms / 1000 + 1
        self._live: psycopg.AsyncConnection[tuple[Any, ...]] | None = None
        self._turn = asyncio.Lock()

    async def fetch(self, query: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """All rows of one statement, committed. Raises psycopg.Error, OSError or TimeoutError."""
        async with self._turn:
            try:
                # A stopped server answers nothing at all: no statement_timeout of its own would fire.
                async with asyncio.timeout(self._limit_s):
                    live = self._live or await self._connect()
                    cursor = await live.execute(query, parameters, prepare=True)
                    return await cursor.fetchall() if cursor.description else []
            except (psycopg.OperationalError, OSError, TimeoutError) as error:
                if not isinstance(error, psycopg.errors.LockNotAvailable | psycopg.errors.QueryCanceled):
                    await self.close()
                raise

    async def live(self) -> psycopg.AsyncConnection[tuple[Any, ...]]:
        """The connection itself, for loaders and LISTEN that need more than one statement."""
        if self._live is not None and self._live.closed:  # the server ended it: only a new one helps
            self._live = None
        return self._live or await self._connect()

    async def close(self) -> None:
        live, self._live = self._live, None
        if live is not None:
            await live.close()

    async def _connect(self) -> psycopg.AsyncConnection[tuple[Any, ...]]:
        self._live = await psycopg.AsyncConnection.connect(
            self._url, autocommit=True, options=self._options, connect_timeout=_CONNECT_S
        )
        self._live.prepare_threshold = 0
        return self._live
