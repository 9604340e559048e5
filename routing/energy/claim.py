"""What may honestly be said of our prices: "Up to X % lower", and what electricity has to do with it. Pure.

A claim is a comparison with what named providers ask in public, seen lately, for the same model in the same
quantization. Without three of them there is no claim. Prices are nano-USD per 10^6 tokens; a mix is three
parts of input and one of output.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_FLOOR, Decimal
from fractions import Fraction
from statistics import median
from typing import Final

PROVIDERS_MIN: Final = 3
SEEN_WITHIN: Final = timedelta(days=30)
CLAIM_WINDOW: Final = timedelta(days=7)  # whose lowest price is compared
_INPUT_PARTS: Final = 3


@dataclass(frozen=True, slots=True)
class Listed:
    """What a provider asked in public on a day."""

    provider: str
    input_nano: int
    output_nano: int
    seen_at: date


def mix(input_nano: int, output_nano: int) -> Fraction:
    """nano-USD per 10^6 tokens of three parts input and one part output."""
    return Fraction(_INPUT_PARTS * input_nano + output_nano, _INPUT_PARTS + 1)


def saving_percent(ours: Fraction, listed: Iterable[Listed], today: date) -> int | None:
    """Whole percent, rounded down, by which ours is below the providers' median; None: nothing to claim.

    ours: the mix that callers really paid, margin included. Of each provider its newest price counts.
    """
    newest: dict[str, Listed] = {}
    for one in sorted(listed, key=lambda one: one.seen_at):
        if today - SEEN_WITHIN <= one.seen_at <= today:
            newest[one.provider.strip().casefold()] = one
    if len(newest) < PROVIDERS_MIN:
        return None
    theirs = median(mix(one.input_nano, one.output_nano) for one in newest.values())
    percent = int((1 - ours / theirs) * 100) if ours < theirs else 0
    return percent or None


def up_to(savings: Sequence[int | None]) -> int | None:
    """The largest saving of any public model, for "Up to X % lower"; None: say nothing."""
    return max((one for one in savings if one), default=None)


def energy_saving_percent(energy: Decimal, output: Decimal) -> Decimal:
    """How much lower a price would be with electricity for nothing: percent, one decimal, rounded down."""
    if output <= 0:
        return Decimal("0.0")
    return (energy / output * 100).quantize(Decimal("0.1"), ROUND_FLOOR)
