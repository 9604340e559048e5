"""Faults 9–12 and 15–19: PostgreSQL and Valkey hang, crash, stay away, cut connections, lose data."""

import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import psutil
import psycopg
import redis

from tests.factories import rows
from tests.faults.calls import HOT
from tests.faults.fault import Fault, Scene, Slice, latency, percentile, slowest_refusal

HANG_S, LOCK_S = 10.0, 10.0
AWAY_S, VALKEY_AWAY_S = 60.0, 30.0
OWN = "/* harness */ "


def hang(scene: Scene) -> None:
    """SIGSTOP of the postmaster and all its backends."""
    scene.until(0.2)
    family = [scene.world.ground.postgres, *scene.world.ground.postgres.children(recursive=True)]
    _signal(family, signal.SIGSTOP)
    scene.lasts(HANG_S)
    _signal(family, signal.SIGCONT)


def _signal(family: list[psutil.Process], number: int) -> None:
    for process in family:
        with suppress(psutil.Error):
            process.send_signal(number)


def crash(scene: Scene) -> None:
    """Immediate shutdown, as a crash, then start and recovery; twice."""
    for share in (0.2, 0.5):
        scene.until(share)
        _stop_postgres(scene, signal.SIGQUIT)
        scene.lasts(1)
        scene.world.ground.start_server("postgresql")


def away(seconds: float) -> Callable[[Scene], None]:
    """A fast shutdown, nothing for some time, then start."""

    def strike(scene: Scene) -> None:
        scene.until(0.1)
        _stop_postgres(scene, signal.SIGINT)
        scene.lasts(seconds)
        scene.world.ground.start_server("postgresql")

    return strike


def _stop_postgres(scene: Scene, number: int) -> None:
    process = scene.world.ground.live.processes["postgresql"]
    process.send_signal(number)
    process.wait(30)


def terminate(scene: Scene) -> None:
    """Each second a random connection of the gateway is cut by the server."""
    query = (
        "SELECT pid FROM pg_stat_activity WHERE usename = 'cloudapi_gateway' AND datname = current_database()"
    )
    cut = 0
    with psycopg.connect(
        scene.world.ground.live.superuser_url(scene.world.name), autocommit=True
    ) as connection:
        for turn in range(max(8, int(scene.seconds * 0.7))):
            scene.until(0.1 + turn / scene.seconds)
            pids = [row[0] for row in connection.execute(query)]
            for pid in scene.random.sample(pids, min(2, len(pids))):
                connection.execute("SELECT pg_terminate_backend(%s)", [pid])
                cut += 1
    scene.figures["connections cut"] = cut


def lock_row(scene: Scene) -> None:
    """Somebody keeps the hot wallet's row for ten seconds."""
    scene.until(0.2)
    with scene.world.connect() as connection, connection.transaction():
        hot = [scene.world.organizations[HOT]]
        connection.execute("SELECT FROM wallet WHERE org_id = %s FOR UPDATE", hot)
        scene.lasts(LOCK_S)


def only_the_locked(scene: Scene, records: Slice) -> dict[str, Any]:
    """Who was refused, how soon, and whether the others noticed."""
    busy = [record for record in records.during if record.code == "ledger_busy"]
    others = [record for record in records.during if record.wallet != HOT]
    waits = [record.ms for record in busy]
    return {
        "ledger_busy": len(busy),
        "of other wallets": sum(record.wallet != HOT for record in busy),
        "ledger_busy p50 ms": percentile(waits, 0.5),
        "ledger_busy max ms": max(waits, default=0.0),
        "others' 503": sum(record.status == 503 for record in others),
        "others' first byte p99 ms": percentile([r.first_ms for r in others if r.finished], 0.99),
    }


def deadlocks(scene: Scene) -> None:
    """Two sessions take the hot wallet and its caps' rows in the reverse order, over and over."""
    over = threading.Event()
    loops = [threading.Thread(target=_tangle, args=(scene, over, turn)) for turn in (False, True)]
    scene.until(0.15)
    for loop in loops:
        loop.start()
    scene.until(0.75)
    over.set()
    for loop in loops:
        loop.join()
    query = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
    scene.figures["deadlocks"] = rows(query)[0]["deadlocks"]


def _tangle(scene: Scene, over: threading.Event, backwards: bool) -> None:
    organization, project = scene.world.organizations[HOT], scene.world.projects[HOT]
    takes: list[tuple[str, list[int]]] = [
        ("SELECT FROM wallet WHERE org_id = %s FOR UPDATE", [organization]),
        ("SELECT FROM cap_use WHERE scope_id = %s AND scope = 1 FOR UPDATE", [project]),
    ]
    if backwards:
        takes.reverse()
    with scene.world.connect() as connection:
        while not over.wait(0.02):
            with suppress(psycopg.errors.DeadlockDetected), connection.transaction():
                connection.execute(*takes[0])
                time.sleep(0.03)
                connection.execute(*takes[1])


def flush(scene: Scene) -> None:
    """FLUSHALL each second."""
    client = _valkey(scene)
    for turn in range(max(5, int(scene.seconds * 0.7))):
        scene.until(0.1 + turn / scene.seconds)
        client.flushall()


def valkey_dies(seconds: float) -> Callable[[Scene], None]:
    """kill -9, an empty one after some time."""

    def strike(scene: Scene) -> None:
        scene.until(0.15)
        ground = scene.world.ground
        ground.valkey.kill()
        ground.valkey.wait()
        scene.lasts(seconds)
        for path in (ground.live.place.data / "valkey").rglob("*"):
            if path.is_file():
                path.unlink()
        ground.start_server("valkey")

    return strike


def valkey_hangs(scene: Scene) -> None:
    """SIGSTOP for ten seconds, then a Valkey that refuses all writes for five."""
    scene.until(0.15)
    process = psutil.Process(scene.world.ground.valkey.pid)
    process.suspend()
    scene.lasts(HANG_S)
    process.resume()
    client = _valkey(scene)
    client.config_set("maxmemory", "1mb")
    scene.lasts(5)
    client.config_set("maxmemory", "256mb")


def _valkey(scene: Scene) -> redis.Redis:
    return redis.Redis.from_url(scene.world.ground.live.redis_url())


def postgres_hung(scene: Scene, records: Slice) -> dict[str, Any]:
    """Refusals in time, and no answer but a 503 for those who were not served."""
    odd = [record.status for record in records.during if record.status not in (0, 200, 402, 503)]
    return slowest_refusal(scene, records) | {"other statuses": sorted(set(odd))}


STORES = (
    Fault(number=9, title=f"PostgreSQL hangs {HANG_S:.0f} s", strike=hang, measure=postgres_hung, load_s=22),
    Fault(number=10, title="PostgreSQL crashes, twice", strike=crash, measure=slowest_refusal, load_s=20),
    Fault(
        number=11,
        title=f"PostgreSQL is away {AWAY_S:.0f} s",
        strike=away(AWAY_S),
        measure=postgres_hung,
        load_s=AWAY_S * 1.3,
    ),
    Fault(
        number=12,
        title="connections are cut each second",
        strike=terminate,
        measure=slowest_refusal,
        load_s=15,
    ),
    Fault(
        number=15,
        title=f"a wallet's row is locked {LOCK_S:.0f} s",
        strike=lock_row,
        measure=only_the_locked,
        load_s=18,
    ),
    Fault(number=16, title="deadlocks with two other sessions", strike=deadlocks, load_s=15),
    Fault(number=17, title="FLUSHALL each second", strike=flush, measure=latency, load_s=12),
    Fault(
        number=18,
        title=f"Valkey dies, an empty one after {VALKEY_AWAY_S:.0f} s",
        strike=valkey_dies(VALKEY_AWAY_S),
        measure=latency,
        load_s=VALKEY_AWAY_S * 1.4,
    ),
    Fault(
        number=19,
        title="Valkey hangs 10 s, then refuses writes",
        strike=valkey_hangs,
        measure=latency,
        load_s=22,
    ),
)
