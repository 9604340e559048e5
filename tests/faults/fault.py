"""What a fault is: how its calls differ, what strikes while they run, and what its figures are."""

import os
import signal
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random
from typing import Any

from tests.faults.calls import Record, Spec
from tests.faults.world import World


@dataclass(slots=True, kw_only=True)
class Scene:
    """One fault on the stage."""

    world: World
    random: Random
    seconds: float  # of the load
    scale: float  # under 1 in a short round
    figures: dict[str, Any] = field(default_factory=dict)
    struck: float = 0.0  # by the monotonic clock
    _began: float = 0.0

    def begin(self) -> None:
        """The load has begun."""
        self._began = time.monotonic()

    def lasts(self, seconds: float) -> None:
        """The fault goes on for so long, less in a short round."""
        time.sleep(seconds * self.scale)

    def until(self, share: float) -> None:
        """Until this share of the load's time is over; the first time that is when the fault strikes."""
        time.sleep(max(0.0, self._began + share * self.seconds - time.monotonic()))
        self.struck = self.struck or time.monotonic()

    def pick_worker(self) -> int | None:
        """A random worker's process id."""
        pids = self.world.workers()
        return self.random.choice(pids) if pids else None

    def kill_worker(self) -> None:
        """kill -9 of a random worker; gunicorn puts another in its place."""
        pid = self.pick_worker()
        if pid is not None:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
                self.figures["workers killed"] = self.figures.get("workers killed", 0) + 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """Records of calls that were due while the fault lasted, or outside of it."""

    before: Sequence[Record]
    during: Sequence[Record]
    after: Sequence[Record]


def nothing_special(spec: Spec, random: Random) -> None:
    """The plain load."""


def no_words(random: Random) -> dict[str, str]:
    """The plain environment."""
    return {}


def no_figures(scene: Scene, records: Slice) -> dict[str, Any]:
    """Nothing beside what is told of every fault."""
    return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One row of the matrix."""

    number: int
    title: str
    strike: Callable[[Scene], None]  # returns when the fault is over and what it stopped runs again
    shape: Callable[[Spec, Random], None] = nothing_special
    words: Callable[[Random], dict[str, str]] = no_words  # of the gateway's environment
    measure: Callable[[Scene, Slice], dict[str, Any]] = no_figures
    through: frozenset[str] = frozenset()  # links that lead over the chaos proxy
    load_s: float = 0.0  # what the load must last at least


def percentile(values: Sequence[float], share: float) -> float:
    """0 of nothing."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0.0


def slowest_refusal(scene: Scene, records: Slice) -> dict[str, Any]:
    """How long those waited who were refused with 503 while the fault lasted: 3 s is the goal."""
    waits = [record.ms for record in records.during if record.status == 503]
    found = {"503 p50 ms": percentile(waits, 0.5), "503 max ms": max(waits, default=0.0)}
    return found | {"goal 503 in 3 s": "met" if found["503 max ms"] <= 3000 else "MISSED"}


def latency(scene: Scene, records: Slice) -> dict[str, Any]:
    """Time to the first byte of finished answers, during the fault and after it."""
    during = [record.first_ms for record in records.during if record.finished]
    after = [record.first_ms for record in records.after if record.finished]
    return {
        "first byte p50 ms during/after": (percentile(during, 0.5), percentile(after, 0.5)),
        "first byte p99 ms during/after": (percentile(during, 0.99), percentile(after, 0.99)),
    }
