"""The database's clock, stopped where a test wants it: servers that answer meanwhile see the same moment."""

from collections.abc import Iterator
from contextlib import contextmanager

from tests.billing.books import query

_DEFINE = "CREATE OR REPLACE FUNCTION billing_now() RETURNS timestamptz LANGUAGE sql VOLATILE AS $${}$$"


class StoppedClock:
    """A clock that only goes on when told to. Unix milliseconds."""

    def __init__(self) -> None:
        self.now_ms = query("SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint")[0][0]
        self.pass_ms(0)

    def pass_ms(self, ms: int) -> None:
        self.now_ms += ms
        query(_DEFINE.format(f"SELECT timestamptz 'epoch' + {self.now_ms} * interval '1 millisecond'"))


@contextmanager
def stopped_clock() -> Iterator[StoppedClock]:
    """The clock of all of money stands still, near the real time, so that jobs beside find nothing due."""
    try:
        yield StoppedClock()
    finally:
        query(_DEFINE.format("SELECT clock_timestamp()"))
