"""Faults 27 and 28: clients that leave, and clients that hardly read."""

from random import Random
from typing import Any

from tests.faults.calls import FREE, Spec
from tests.faults.fault import Fault, Scene, Slice, percentile

READERS = 200


def leaving(spec: Spec, random: Random) -> None:
    """Half of the calls are left at a random byte, by reset, close or half-close; some drain."""
    if spec.wallet == FREE:
        return
    spec.model = random.choice(("faults/one", "faults/one", "faults/drain"))
    spec.first_ms = random.choice((0, 0, 50, 200))
    if random.random() < 0.5:
        spec.leave = random.choice(("reset", "close", "half"))
        spec.leave_after = random.choice((0, 1, random.randint(1, 600), random.randint(1, 8000)))


def slow(spec: Spec, random: Random) -> None:
    """The first 200 streams of the load read 1 KB/s of an answer that no socket buffer holds."""
    if spec.stream and spec.wallet != FREE and (spec.number % 5 == 0):
        spec.slow, spec.tokens, spec.chunk_ms = True, 250, 0


def as_planned(scene: Scene) -> None:
    """The clients do it."""
    before = scene.world.resident_kb()
    scene.until(0.9)
    scene.figures["RSS of the workers KB before/after"] = (before, scene.world.resident_kb())


def others(scene: Scene, records: Slice) -> dict[str, Any]:
    """What those felt who read as they should."""
    whole = [
        record.ms for record in (*records.during, *records.after) if not record.stream and record.finished
    ]
    return {"whole answers p50 ms": percentile(whole, 0.5), "whole answers p99 ms": percentile(whole, 0.99)}


CLIENTS = (
    Fault(
        number=27, title="clients leave at a random byte", strike=as_planned, shape=leaving, measure=others
    ),
    Fault(number=28, title="clients read 1 KB/s", strike=as_planned, shape=slow, measure=others, load_s=15),
)
