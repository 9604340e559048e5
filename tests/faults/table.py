"""`python -m tests.faults.table OUTCOMES…`: the table of docs/reliability.md from what `--log` wrote."""

import json
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from tests.faults.calls import MICROS_PER_NANO

HEAD = (
    *("#", "Fault", "Seeds", "Calls", "Finished", "402", "503", "No answer", "Cut", "Late"),
    *(
        "Charged, so'm",
        "Loss booked, so'm",
        "Unread, so'm",
        "Not booked, so'm",
        "Orphans, s",
        "503 max, s",
        "Breaches",
    ),
)


def main(paths: Iterable[str]) -> None:
    """Print one row for each fault, summed over its seeds, and one for all."""
    found: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for path in paths:
        for line in Path(path).read_text(encoding="utf-8").splitlines():
            outcome = json.loads(line)
            found[outcome["number"]].append(outcome)
    _print(HEAD)
    _print(["---"] * len(HEAD))
    for number in sorted(found):
        _print(_row(str(number), found[number][0]["title"], found[number]))
    _print(_row("", "all", [outcome for outcomes in found.values() for outcome in outcomes]))


def _row(number: str, title: str, outcomes: list[dict[str, Any]]) -> list[str]:
    figures = [outcome["figures"] for outcome in outcomes]

    def total(*names: str) -> int:
        return sum(one.get(name, 0) for one in figures for name in names)

    def most(name: str) -> float:
        return max((float(one.get(name, 0)) for one in figures), default=0.0)

    seeds = sorted({str(outcome["seed"]) for outcome in outcomes})
    counts = ("calls", "finished", "refused with 402", "refused with 503")
    return [
        *(number, title, " ".join(seeds), *(f"{total(name):,}" for name in counts)),
        f"{total('no answer', 'no connection'):,}",
        *(f"{total(name):,}" for name in ("cut in the middle", "late captures")),
        *_money(
            total,
            ("charged_micros", 1),
            *((f"{name}_nano", MICROS_PER_NANO) for name in ("loss", "unread", "not_booked")),
        ),
        *(f"{most('orphan holds open s'):.1f}", f"{most('503 max ms') / 1000:.1f}"),
        str(sum(len(outcome["breaches"]) for outcome in outcomes)),
    ]


def _money(total: Callable[..., int], *columns: tuple[str, int]) -> list[str]:
    return [f"{total(name) * micros / 1_000_000:,.2f}" for name, micros in columns]


def _print(cells: Iterable[str]) -> None:
    sys.stdout.write(f"| {' | '.join(cells)} |\n")


if __name__ == "__main__":
    main(sys.argv[1:])
