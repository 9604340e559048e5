"""Faults 21–26: what upstreams and the way to them do to a call."""

import gzip
from random import Random
from typing import Any

from tests.faults.calls import FREE, Spec
from tests.faults.fault import Fault, Scene, Slice, percentile
from tests.faults.world import UPSTREAM

STALL_S = 14.0
STORM = ("429", "500", "529", "error_event")
LIES = ("negative", "huge", "string", "float", "null", "zero", "bool", "above_max")
HOSTILE = (
    "huge_line",
    "set_cookie",
    "malformed_chunk",
    "cut_utf8",
    "cut_json",
    "not_json",
    "html",
    "after_done",
)
BOMB = gzip.compress(b"0" * 20_000_000)
CANNED = (
    b"HTTP/1.1 200 OK\r\nx-evil: a\rset-cookie: spy=1\r\ncontent-length: 2\r\n\r\n{}",
    b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: %d\r\n\r\n" % len(BOMB) + BOMB,
    b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 7\r\n\r\n{}{}{}{}",
    b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nffffffffffffffffff\r\n{}",
    b"SSH-2.0-not-http\r\n\r\n",
)


def refusing(spec: Spec, random: Random) -> None:
    """A closed port, a name that doesn't resolve, and both before a candidate that works."""
    if spec.wallet != FREE:
        spec.model = random.choice(("faults/closed", "faults/refuge", "faults/one"))


def over_chaos(spec: Spec, random: Random) -> None:
    """Most calls over the chaos proxy, some with a second candidate behind it."""
    if spec.wallet != FREE:
        spec.model = random.choice(("faults/chaos", "faults/chaos", "faults/chaos-two", "faults/one"))


def as_planned(scene: Scene) -> None:
    """The calls themselves ask for the fault."""
    scene.until(0.9)


def silence(scene: Scene) -> None:
    """Nothing moves between us and the upstream, then everything does."""
    scene.until(0.2)
    scene.world.chaos.set(UPSTREAM, stalled=True)
    scene.lasts(STALL_S)
    scene.world.chaos.set(UPSTREAM)


def cuts(scene: Scene) -> None:
    """Connections stall, end or are reset after a random number of bytes, wherever that is."""
    scene.until(0.1)
    seed = scene.random.randrange(2**32)
    rule = {"kinds": ["reset", "cut", "stall"], "share": 0.5, "after": 6000, "delay_ms": 2, "seed": seed}
    scene.world.chaos.set(UPSTREAM, **rule)
    scene.until(0.75)
    found = scene.world.chaos.set(UPSTREAM, closed=True)[
        "counts"
    ]  # ends what keeps coming over old connections
    scene.world.chaos.set(UPSTREAM)
    scene.figures["ends"] = {name: count for name, count in found.items() if name != "connections"}


def storm(spec: Spec, random: Random) -> None:
    """Half of the calls are refused or broken off; every fifth has a second candidate."""
    if spec.wallet == FREE:
        return
    spec.model = "faults/two" if random.random() < 0.2 else "faults/one"
    if random.random() < 0.5:
        fault = random.choice(STORM)
        spec.tokens = max(spec.tokens, 15)
        wishes = {"fault": fault, "fault_at": 10}
        spec.wishes = {"by_provider": {"alpha": wishes}} if spec.model == "faults/two" else wishes


def lying(spec: Spec, random: Random) -> None:
    """Usage that is missing, told twice, impossible or above what was asked for."""
    spec.exact = False
    choice = random.random()
    if choice < 0.2:
        spec.wishes = {"fault": random.choice(("no_usage", "two_usages"))}
    elif choice < 0.9:
        spec.wishes = {"lie": random.choice(LIES)}


def hostile(spec: Spec, random: Random) -> None:
    """Lines of 8 MB, strange line ends, forged headers, broken JSON, single bytes."""
    spec.exact = False
    if spec.wallet == FREE:
        return
    spec.model = random.choice(("faults/one", "faults/chaos"))
    choice = random.random()
    if choice < 0.25:
        spec.wishes = {
            "fault": random.choice(HOSTILE),
            "huge_bytes": 8 * 2**20 if choice < 0.01 else 2**20 + 1,
        }
    elif choice < 0.5:
        spec.wishes = {"eol": random.choice(("\r\n", "\r")), "comments": True}
    elif choice < 0.6:
        spec.wishes = {"bytewise": True}


def strange_answers(scene: Scene) -> None:
    """Instead of the upstream comes what no HTTP client should believe; then bits flip."""
    resident = [scene.world.resident_kb()]
    for turn, canned in enumerate(CANNED):
        scene.until(0.1 + 0.1 * turn)
        scene.world.chaos.set(UPSTREAM, canned=canned.hex())
        resident.append(scene.world.resident_kb())
    scene.until(0.6)
    seed = scene.random.randrange(2**32)
    scene.world.chaos.set(UPSTREAM, kinds=["flip"], share=1.0, after=4000, seed=seed)
    scene.until(0.8)
    scene.world.chaos.set(UPSTREAM)
    scene.figures["RSS of the workers KB before/most"] = (resident[0], max(resident))


def kept_waiting(scene: Scene, records: Slice) -> dict[str, Any]:
    """What calls got that met the silence."""
    pinged = [record for record in records.during if record.stream and 9_000 < record.first_ms < 12_000]
    waits = [record.ms for record in records.during if record.status == 504]
    return {"kept alive by comments": len(pinged), "504": len(waits), "504 p50 ms": percentile(waits, 0.5)}


PROVIDERS = (
    Fault(number=21, title="upstream refuses, bad DNS", strike=as_planned, shape=refusing),
    Fault(
        number=22,
        title=f"upstream silent {STALL_S:.0f} s",
        strike=silence,
        shape=over_chaos,
        measure=kept_waiting,
        load_s=20,
    ),
    Fault(
        number=23,
        title="upstream stalls, is cut or reset in the middle",
        strike=cuts,
        shape=over_chaos,
        load_s=15,
    ),
    Fault(number=24, title="error storm, every second call", strike=as_planned, shape=storm),
    Fault(number=25, title="upstream lies about usage", strike=as_planned, shape=lying),
    Fault(number=26, title="hostile upstream bytes", strike=strange_answers, shape=hostile),
)
