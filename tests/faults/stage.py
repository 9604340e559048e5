"""One fault from an empty database to its verdict."""

import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from django.db import connection

from deploy.local.process import spawn, stop, tail
from tests.embedded import ROOT
from tests.factories import make_caller, rows
from tests.faults import calls
from tests.faults.audit import Audit, audit, read_books, read_journal
from tests.faults.calls import CAPPED, FREE, POOR, WALLETS, Record, Spec
from tests.faults.fault import Fault, Scene, Slice
from tests.faults.invariants import Watcher, all_money, laws
from tests.faults.world import Ground, World, world
from tests.processes import until
from tests.stack import working_on

RICH_UZS, POOR_UZS, CAPPED_UZS = 50_000_000, 900, 3_000
ORPHANS_GOAL_S, RECOVERY_GOAL_S = 20.0, 10.0
CLOSE_PATIENCE_S = 130.0  # a reserve whose answer got lost is given back after 60 to 90 s
PROBES, PROBE_S, PROBE_PATIENCE_S = 40, 2.0, 60.0
PROBES_FROM = 1_000_000  # their numbers are above those of the load
# What a worker says of a call that it could not bring to its end, or of a task that nobody awaited.
BAD_LINES = re.compile(r"Traceback|ended badly|can't be settled|never retrieved|never awaited|in quarantine")


@dataclass(slots=True, kw_only=True)
class Outcome:
    """What one fault at one seed came to."""

    number: int
    title: str
    seed: int
    plan: str
    breaches: list[str] = field(default_factory=list)
    figures: dict[str, Any] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        """The books held; missed times are figures."""
        return not self.breaches


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """How much of it: `count` calls at least, `rate` per second, faults of `scale` times their length."""

    count: int
    rate: float
    scale: float = 1.0


def play(ground: Ground, fault: Fault, seed: int, measure: Measure) -> Outcome:
    """Run one fault."""
    random = Random(f"{seed}/{fault.number}")
    rate, scale = measure.rate, measure.scale
    seconds = max(measure.count / rate, fault.load_s * scale)
    specs = calls.make_calls(random, int(seconds * rate), seconds, fault.shape)
    specs.sort(key=lambda spec: spec.at)
    words = fault.words(random)
    plan = f"{len(specs)} calls in {seconds:.0f} s" + "".join(f", {k}={v}" for k, v in words.items())
    outcome = Outcome(number=fault.number, title=fault.title, seed=seed, plan=plan)
    with world(ground, f"fault_{fault.number}_{seed}", fault.through) as stage, working_on(stage.name):
        _invite(stage)
        money = all_money()
        begin = (ground.folder / "upstream.jsonl").stat().st_size
        scene = Scene(world=stage, random=random, seconds=seconds, scale=scale)
        records = _perform(scene, fault, specs, words, outcome)
        stage.stop()
        if all_money() != money:
            outcome.breaches.append(f"money: {money} micros before, {all_money()} after")
        outcome.breaches += [f"after the end: {finding}" for finding in laws()]
        result = audit(
            specs, records, read_books(records), read_journal(ground.folder / "upstream.jsonl", begin)
        )
        _tell(outcome, result, scene)
        _read_logs(stage, outcome)
    return outcome


def _invite(stage: World) -> None:
    """Twenty organizations with money: one poor, one capped, one with free units."""
    for place in range(WALLETS):
        balance = POOR_UZS if place == POOR else RICH_UZS
        caps = {"project_day": CAPPED_UZS * 1_000_000} if place == CAPPED else None
        caller = make_caller(balance_uzs=balance, free=place == FREE, caps=caps)
        stage.keys.append(caller.key)
        stage.organizations.append(caller.organization.pk)
        stage.projects.append(caller.project.pk)
    (stage.folder / "keys").write_text("\n".join(stage.keys))


def _perform(
    scene: Scene, fault: Fault, specs: list[Spec], words: dict[str, str], outcome: Outcome
) -> list[Record]:
    """Load, fault, and the time after it."""
    stage = scene.world
    stage.start(**words)
    with Watcher(stage.name) as watcher:
        with _load(stage, specs, "calls") as (process, path):
            scene.begin()
            fault.strike(scene)
            healed = time.monotonic()
            connection.close()  # the fault may have cut it
            process.wait(scene.seconds + 120)
        began, records = calls.load_records(path)
        _probe(stage, outcome)
        _await_peace(stage)
        outcome.figures["living workers taken for dead"] = _fenced_alive(stage)
        outcome.figures["all holds closed, s after the fault"] = round(time.monotonic() - healed, 1)
    part = Slice(
        before=[r for r in records if r.at < scene.struck - began],
        during=[r for r in records if scene.struck - began <= r.at < healed - began],
        after=[r for r in records if r.at >= healed - began],
    )
    outcome.figures |= {
        "fault s": round(healed - scene.struck, 1),
        **scene.figures,
        **fault.measure(scene, part),
    }
    outcome.figures["last failure, s after the fault"] = _last_failure(specs, part, healed - began)
    outcome.figures["laws read during it"] = watcher.reads
    outcome.figures["orphan holds open s"] = round(watcher.orphans_s, 1)
    if watcher.orphans_s > ORPHANS_GOAL_S:
        outcome.figures["goal orphans in 20 s"] = "MISSED"
    outcome.breaches += watcher.breaches
    return records


@contextmanager
def _load(stage: World, specs: list[Spec], name: str) -> Iterator[tuple[subprocess.Popen[bytes], Path]]:
    """A load process that has begun."""
    plan, path, log = (stage.folder / f"{name}.{kind}" for kind in ("plan", "records", "log"))
    calls.save(plan, specs)
    words = [str(stage.port), str(stage.folder / "keys"), str(plan), str(path)]
    process = spawn([sys.executable, "-m", "tests.faults.load", *words], log, cwd=ROOT)
    try:
        until(lambda: path.exists() and path.stat().st_size, f"the load:\n{tail(log)}")
        yield process, path
    finally:
        stop(process, 15, 5)


def _probe(stage: World, outcome: Outcome) -> None:
    """I12: soon after the fault every call succeeds again."""
    random, end, records = Random(0), time.monotonic() + PROBE_PATIENCE_S, []
    while time.monotonic() < end:
        specs = calls.make_calls(random, PROBES, PROBE_S, _plain)
        with _load(stage, specs, "probe") as (process, path):
            process.wait(120)
        _, records = calls.load_records(path)
        if all(record.finished for record in records):
            return
    failed = [record for record in records if not record.finished]
    outcome.breaches.append(
        f"{len(failed)} of {PROBES} calls fail long after the fault, such as {failed[:1]}"
    )


def _plain(spec: Spec, random: Random) -> None:
    spec.number += PROBES_FROM
    spec.model, spec.wallet, spec.chunk_ms = "faults/one", random.randrange(FREE), 0


def _await_peace(stage: World) -> None:
    """Until nothing is held and no dead worker's spool waits; the audit names what stays."""
    end = time.monotonic() + CLOSE_PATIENCE_S
    while (_open_holds() or stage.unreplayed()) and time.monotonic() < end:
        time.sleep(0.25)


def _open_holds() -> int:
    return int(rows("SELECT count(*) FROM hold WHERE state = 0")[0]["count"])


def _tell(outcome: Outcome, result: Audit, scene: Scene) -> None:
    """The audit's figures, money in so'm where it is the customer's."""
    outcome.breaches += result.lines()
    outcome.figures = {**result.figures, **outcome.figures}
    spool = Path(scene.world.env["SPOOL_DIR"])
    left = [path.name for path in spool.glob("*") if path.stat().st_size]
    if left:
        outcome.breaches.append(f"left in the spool: {left}")


def _read_logs(stage: World, outcome: Outcome) -> None:
    bad = [line for line in stage.log().splitlines() if BAD_LINES.search(line)]
    outcome.figures["bad lines in the gateway's log"] = len(bad)
    if bad:
        outcome.figures["first of them"] = bad[0][:200]


def _fenced_alive(stage: World) -> int:
    """Fenced epochs whose process lives: nobody but a sleeper should be among them."""
    found = rows("SELECT pid FROM worker WHERE fenced_at IS NOT NULL")
    living = stage.workers()
    return sum(row["pid"] in living for row in found)


def _last_failure(specs: list[Spec], part: Slice, healed: float) -> float:
    """I12: until when calls that ask for nothing special failed; refusals for want of money don't count."""
    plain = {spec.number for spec in specs if not spec.wishes and not spec.leave and not spec.slow}
    failed = [r.at - healed for r in part.after if r.number in plain and not r.finished and r.status != 402]
    return round(max(failed, default=0.0), 1)
