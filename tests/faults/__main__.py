"""`python -m tests.faults [--seed S] [--n N] [--only 2,9]`, which `make faults` calls.

Exit code 0: the books held. Missed times are told among the figures.
"""

import argparse
import json
import os
import sys
import time
from dataclasses import asdict
from pathlib import Path

import django

from tests import embedded

os.environ.update(embedded.environment(embedded.TEMPLATE, valkey_db=1))
os.environ.pop("SANDBOX_URL", None)
os.environ.pop("SANDBOX_MEDIA_URL", None)
django.setup()  # before the factories bring their models

from tests.faults.matrix import FAULTS  # noqa: E402
from tests.faults.stage import Measure, Outcome, play  # noqa: E402
from tests.faults.world import standing_ground  # noqa: E402


def main() -> int:
    """Play the chosen faults one after the other and say how it went."""
    options = _options()
    chosen = [fault for fault in FAULTS if not options.only or fault.number in options.only]
    measure = Measure(count=options.n, rate=options.rate, scale=0.5 if options.short else 1)
    outcomes = []
    with standing_ground() as ground:
        for fault in chosen:
            began = time.monotonic()
            outcome = play(ground, fault, options.seed, measure)
            outcome.figures["took s"] = round(time.monotonic() - began, 1)
            _print(outcome)
            outcomes.append(outcome)
            if options.log:
                with options.log.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(asdict(outcome), ensure_ascii=False) + "\n")
        kept = _keep(ground.folder, outcomes)
    _close(outcomes, kept)
    return 0 if all(outcome.passed for outcome in outcomes) else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--seed", type=int, default=int(os.environ.get("SEED") or 1))
    parser.add_argument(
        "--n", type=int, default=int(os.environ.get("N") or 3000), help="calls per fault, at least"
    )
    parser.add_argument("--rate", type=float, default=200, help="calls per second, open loop")
    parser.add_argument("--short", action="store_true", help="faults of half their length")
    parser.add_argument("--only", type=_numbers, default=(), help="numbers of faults, such as 2,9")
    parser.add_argument("--log", type=Path, help="append each outcome to this file, a JSON object a line")
    return parser.parse_args()


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(map(int, text.split(",")))


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _print(outcome: Outcome) -> None:
    verdict = "ok" if outcome.passed else "FAILED"
    _say(f"\nfault {outcome.number}, seed {outcome.seed}: {outcome.title}: {verdict}")
    _say(f"  plan: {outcome.plan}")
    _say("  " + ", ".join(f"{name} {value}" for name, value in outcome.figures.items()))
    for breach in outcome.breaches[:12]:
        _say(f"  BREACH {breach[:600]}")


def _keep(folder: Path, outcomes: list[Outcome]) -> Path | None:
    """The logs of a run that failed outlive it."""
    if all(outcome.passed for outcome in outcomes):
        return None
    kept = embedded.ROOT / "var" / "faults" / time.strftime("%H%M%S")
    for outcome in outcomes:
        if not outcome.passed:
            name = f"fault_{outcome.number}_{outcome.seed}"
            (kept / name).mkdir(parents=True)
            for path in (folder / name).glob("*.*"):
                (kept / name / path.name).write_bytes(path.read_bytes())
    return kept


def _close(outcomes: list[Outcome], kept: Path | None) -> None:
    failed = [outcome for outcome in outcomes if not outcome.passed]
    calls = sum(outcome.figures.get("calls", 0) for outcome in outcomes)
    finished = sum(outcome.figures.get("finished", 0) for outcome in outcomes)
    _say(f"\n{len(outcomes)} faults, {calls} calls, {finished} finished answers, {len(failed)} faults failed")
    for outcome in failed:
        _say(f"  again: make faults SEED={outcome.seed} ARGS='--only {outcome.number}'; logs in {kept}")


if __name__ == "__main__":
    sys.exit(main())
