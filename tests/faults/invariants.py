"""The ledger's laws, read again and again while a fault lasts: I1–I4, I6, I7, I10 of reliability.md §2.8."""

import itertools
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import psutil
import psycopg
from django.db import Error, connection

from billing.invariants import broken, check
from tests.factories import rows
from tests.stack import working_on

# Beside billing's own laws: no cap of this run is ever lowered, so none may be passed but by a late charge.
CAPS = """
SELECT count(*) FROM cap c, LATERAL cap_used(c.scope, c.scope_id, tashkent_date(billing_now())) u
 WHERE u.spent + u.held > c.limit_micros"""
# The total of all money is what was put in: nothing is lost or created. What the platform gives to its own
# organizations each day (kind 2) comes beside it.
TOTAL = """
SELECT coalesce(sum(paid_micros + bonus_micros), 0)::bigint
       + (SELECT coalesce(sum(amount_micros) FILTER (WHERE kind IN (3, 4)), 0)
                 - coalesce(sum(amount_micros) FILTER (WHERE kind = 2), 0) FROM transfer)::bigint AS micros
  FROM wallet"""


OPEN_BY_OWNER = """
SELECT h.owner, w.pid FROM hold h JOIN worker w ON w.epoch = h.owner WHERE h.state = 0 GROUP BY 1, 2"""
TICK_S = 0.5


@dataclass(slots=True)
class Watcher:
    """Reads all laws about once a second in a thread, on a Django connection of its own.

    Beside that it notes for how long dead workers' holds stay open.
    """

    database: str
    reads: int = 0
    missed: int = 0  # the database did not answer
    breaches: list[str] = field(default_factory=list)
    orphaned: dict[int, tuple[float, float]] = field(default_factory=dict)  # epoch: first and last seen
    _over: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None
    _since: float = 0.0

    def __enter__(self) -> "Watcher":
        self._since = time.monotonic()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        assert self._thread is not None
        self._thread.join(60)

    def _run(self) -> None:
        with working_on(self.database):
            for turn in itertools.count():
                if self._over.wait(TICK_S):
                    return
                self._try(self._note_orphans)
                if turn % 2:
                    self._try(self._read_laws)

    @property
    def orphans_s(self) -> float:
        """The longest time that a dead worker's holds were seen open, half a second more or less."""
        return max((last - first + TICK_S for first, last in self.orphaned.values()), default=0.0)

    def _try(self, look: Callable[[], None]) -> None:
        """A database that is away is no breach."""
        try:
            look()
        except (Error, psycopg.Error):
            self.missed += 1
            connection.close()

    def _read_laws(self) -> None:
        moment = time.monotonic() - self._since
        found = laws()
        self.reads += 1
        self.breaches += [f"at {moment:.1f} s: {finding}" for finding in found]

    def _note_orphans(self) -> None:
        now = time.monotonic()
        for row in rows(OPEN_BY_OWNER):
            if not psutil.pid_exists(row["pid"]):
                first, _ = self.orphaned.get(row["owner"], (now, now))
                self.orphaned[row["owner"]] = first, now


def laws() -> list[str]:
    """What is broken now."""
    found = [str(finding) for finding in broken(check())]
    over = rows(CAPS)[0]["count"]
    return [*found, f"caps: {over} passed"] if over else found


def all_money() -> int:
    """Micros in wallets and charged so far."""
    return int(rows(TOTAL)[0]["micros"])
