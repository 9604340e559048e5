"""Counters of calls that were refused before they were admitted: per key, minute and code."""

from collections import Counter
from datetime import UTC, datetime

import orjson
import psycopg

from proxy.connection import Connection


class Refusals:
    """Collected in memory, written every few seconds; a crash may lose the last ones."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[int, str, str]] = Counter()

    def add(self, key: int, code: str) -> None:
        minute = datetime.now(UTC).replace(second=0, microsecond=0).isoformat()
        self._counts[key, minute, code] += 1

    async def flush(self, connection: Connection) -> None:
        """Writes what has gathered; keeps it when the database is away. Raises psycopg.Error."""
        if not self._counts:
            return
        counts, self._counts = self._counts, Counter()
        rows = [{"key_id": k, "minute": m, "code": c, "count": n} for (k, m, c), n in counts.items()]
        try:
            await connection.fetch("SELECT add_refusals(%s::json)", (orjson.dumps(rows).decode(),))
        except (psycopg.Error, OSError, TimeoutError):
            self._counts += counts
            raise
