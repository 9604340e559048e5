"""Faults 1–8: processes of ours die, sleep or are replaced."""

import os
import signal
from contextlib import suppress
from random import Random
from typing import Any

from deploy.local.process import stop
from tests.faults.calls import Spec
from tests.faults.fault import Fault, Scene, Slice
from tests.faults.world import DATABASE, DRAIN_S

BURST_S = 0.8  # 160 calls at 200 a second, half of them for each worker
ZOMBIE_S = 25.0  # fenced after about 16; gunicorn kills a worker that is silent for 60


def failpoint(name: str, passes: int) -> Any:
    """Workers die on about every `passes`-th call that comes by."""
    return lambda random: {"FAILPOINT": f"{name}:sigkill:{random.randint(passes // 2, passes * 2)}"}


def workers_die(scene: Scene) -> None:
    """The failpoint does it; afterwards a gateway without one."""
    scene.until(0.75)
    restart(scene)


def restart(scene: Scene) -> None:
    """kill -9 of the gateway, then one without a failpoint in its place."""
    gateway = scene.world.gateway
    assert gateway is not None
    stop(gateway, signal.SIGKILL, 5)
    scene.world.start_gateway()


def random_kills(scene: Scene) -> None:
    """kill -9 of a random worker, twenty times."""
    for turn in range(20):
        scene.until(0.1 + 0.65 * turn / 20)
        scene.kill_worker()


def bursts(spec: Spec, random: Random) -> None:
    """160 calls at the same moment, all alike, so that they settle together."""
    spec.at = spec.at // BURST_S * BURST_S
    spec.stream, spec.tokens, spec.chunk_ms = False, 8, 0


def in_batch(scene: Scene) -> None:
    """The process that sends a batch of 32 is dead before the ledger's answer comes."""
    scene.until(0.15)
    scene.world.chaos.set(DATABASE, kill_items=32)
    scene.until(0.75)
    scene.figures["workers killed"] = len(scene.world.chaos.set(DATABASE)["killed"])


def all_die(scene: Scene) -> None:
    """Gateway and Celery at once; both come back."""
    for share in (0.25, 0.6):
        scene.until(share)
        scene.world.kill_everything()
        scene.world.start()


def long_streams(spec: Spec, random: Random) -> None:
    """Streams of some seconds, so that a deploy meets many of them."""
    if spec.stream:
        spec.tokens, spec.chunk_ms = random.randint(20, 60), 60


def deploy(scene: Scene) -> None:
    """SIGTERM; the next gateway binds to the same port when the first has gone."""
    scene.until(0.4)
    gateway = scene.world.gateway
    assert gateway is not None
    stop(gateway, signal.SIGTERM, DRAIN_S + 15)
    scene.figures["exit code"] = gateway.returncode
    scene.world.start_gateway()


def after_deploy(scene: Scene, records: Slice) -> dict[str, Any]:
    """Streams that had begun before SIGTERM and did not come to their end."""
    struck = max((record.at for record in records.before), default=0.0)
    begun = [r for r in records.before if r.stream and r.at + r.ms / 1000 > struck]
    return {"streams open at SIGTERM": len(begun), "cut by it": sum(not r.finished for r in begun)}


def zombie(scene: Scene) -> None:
    """SIGSTOP until its epoch is fenced and its holds are released, then SIGCONT."""
    scene.until(0.15)
    pid = scene.pick_worker()
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    scene.lasts(ZOMBIE_S / scene.scale)  # shorter, and nobody would take it for dead
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGCONT)


DEATHS = (
    Fault(
        number=1, title="worker dies after reserve", words=failpoint("after_reserve", 120), strike=workers_die
    ),
    Fault(number=2, title="worker dies in the middle, 20 times", strike=random_kills, shape=long_streams),
    Fault(
        number=3,
        title="worker dies with usage known",
        words=failpoint("before_settle", 120),
        strike=workers_die,
    ),
    Fault(
        number=4, title="worker dies after commit", words=failpoint("after_commit", 120), strike=workers_die
    ),
    Fault(
        number=5,
        title="worker dies while its batch of 32 or more is under way",
        strike=in_batch,
        shape=bursts,
        through=frozenset({DATABASE}),
    ),
    Fault(number=6, title="all processes of ours die, twice", strike=all_die, load_s=20),
    Fault(
        number=7,
        title="deploy among open streams",
        strike=deploy,
        shape=long_streams,
        measure=after_deploy,
        load_s=20,
    ),
    Fault(number=8, title=f"a worker sleeps {ZOMBIE_S:.0f} s", strike=zombie, load_s=ZOMBIE_S * 1.4),
)
