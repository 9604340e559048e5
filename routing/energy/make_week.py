"""Makes routing/energy/week.csv: `python -m routing.energy.make_week > routing/energy/week.csv`.

The figures are ours: drawn around the shape of a day as such markets have it, from a fixed seed and in whole
cents, so that every machine makes the same file. They are no recording of any market. In the week: a negative
hour at noon on Sunday in California, an hour far above what a site pays on Wednesday evening in Texas, and
seventy minutes on Tuesday in New York of which nothing is known.
"""

import random
import sys
from collections.abc import Iterator
from typing import Final

SEED: Final = 20261121
STEPS_A_DAY: Final = 288
# Node → hours from UTC, how far the price wanders (cents), cents per MWh at each full hour of its own day.
DAYS: Final[dict[str, tuple[int, int, tuple[int, ...]]]] = {
    "HB_NORTH": (
        -6, 130,
        (2100, 1950, 1850, 1800, 1850, 2200, 2900, 3100, 2600, 2150, 1900, 1800,
         1850, 2000, 2300, 2900, 3900, 5600, 6400, 5200, 4100, 3300, 2700, 2300),
    ),
    "TH_NP15_GEN-APND": (
        -8, 110,
        (3600, 3450, 3350, 3300, 3400, 3900, 4700, 4300, 2800, 1600, 1000, 800,
         750, 850, 1200, 2200, 3900, 6100, 6800, 6000, 5100, 4500, 4100, 3800),
    ),
    "N.Y.C.": (
        -5, 140,
        (2900, 2750, 2650, 2600, 2650, 2950, 3700, 4300, 4200, 4000, 3900, 3850,
         3800, 3750, 3800, 4000, 4700, 5600, 5500, 4900, 4300, 3800, 3400, 3100),
    ),
    "TORONTO:HUB": (
        -5, 100,
        (1900, 1750, 1650, 1600, 1650, 1950, 2600, 3100, 3000, 2800, 2700, 2600,
         2550, 2500, 2600, 2850, 3500, 4200, 4100, 3600, 3100, 2700, 2300, 2050),
    ),
}  # fmt: skip
_TUESDAY, _WEDNESDAY, _SUNDAY = 1, 2, 6
# Node → (day, hour UTC, prices in cents from then on; None: nothing is known).
EVENTS: Final[dict[str, tuple[int, int, tuple[int | None, ...]]]] = {
    "HB_NORTH": (
        _WEDNESDAY, 23,
        (18_000, 42_000, 81_000, 125_000, 227_100, 227_100, 190_400, 152_700, 98_000, 61_000, 38_000, 14_500),
    ),
    "TH_NP15_GEN-APND": (
        _SUNDAY, 20,
        (-310, -820, -1240, -1530, -1810, -1790, -1660, -1400, -1180, -870, -520, -140),
    ),
    "N.Y.C.": (_TUESDAY, 14, (None,) * 14),
}  # fmt: skip


def week() -> Iterator[str]:
    """The lines of the file: names of the nodes, then a line for each five minutes from Monday 00:00 UTC."""
    columns = [_node(code, random.Random(f"{SEED} {code}")) for code in DAYS]
    yield ",".join(DAYS)
    for line in zip(*columns, strict=True):
        yield ",".join(line)


def _node(code: str, chance: random.Random) -> list[str]:
    offset_h, wander, hours = DAYS[code]
    cents: list[int | None] = []
    drift = 0
    for step in range(7 * STEPS_A_DAY):
        drift = drift * 9 // 10 + chance.randint(-wander, wander)
        day = (step + offset_h * 12) // STEPS_A_DAY % 7
        calm = 86 if day >= 5 else 100  # percent: weekends need less
        cents.append(_shape(hours, step + offset_h * 12) * calm // 100 + drift)
    if code in EVENTS:
        day, hour, told = EVENTS[code]
        first = day * STEPS_A_DAY + hour * 12
        cents[first : first + len(told)] = told
    return ["" if one is None else _text(one) for one in cents]


def _shape(hours: tuple[int, ...], step: int) -> int:
    """A straight line from each full hour to the next one."""
    hour, part = divmod(step % STEPS_A_DAY, 12)
    here, there = hours[hour], hours[(hour + 1) % 24]
    return here + (there - here) * part // 12


def _text(cents: int) -> str:
    whole, rest = divmod(abs(cents), 100)
    return f"{'-' if cents < 0 else ''}{whole}.{rest:02}"


if __name__ == "__main__":
    sys.stdout.write("\n".join(week()) + "\n")
