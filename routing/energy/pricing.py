"""From USD per MWh to USD per 10^6 tokens. Pure and exact: Decimals throughout, rounded once at the end.

Units: electricity is USD per MWh (delivered: with everything that stands on a site's bill), energy is joules
at the meter per output token, prices are USD per 10^6 tokens. What is published is rounded half up to 0.0001
USD and stored as an integer of nano-USD. No margin is in it: that is billing's markup of kind `hosted`.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

ZERO: Final = Decimal(0)
SHOWN: Final = Decimal("0.0001")  # USD per 10^6 tokens
STEP_NANO: Final = 500_000  # 0.0005 USD: a smaller change isn't published
_NANO: Final = 10**9
_JOULES: Final = Decimal(3600)  # an MWh is 3.6 × 10^9 J, and prices are for 10^6 tokens
_MICRO: Final = Decimal("0.000001")


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteTerms:
    """What a site's electricity costs beside the market, and what it loses on the way to the machines."""

    pue: Decimal
    host_factor: Decimal
    indexed_share: Decimal = Decimal(1)
    hedge_usd: Decimal = ZERO
    adder_usd: Decimal = ZERO
    floor_usd: Decimal = ZERO
    ceiling_usd: Decimal = Decimal(300)
    tariff_usd: Decimal = Decimal(65)


@dataclass(frozen=True, slots=True, kw_only=True)
class HostingTerms:
    """How a model runs at a site; joules_per_token is of the GPUs alone, per output token."""

    gpus: int
    gpu_hour_usd: Decimal
    joules_per_token: Decimal
    tokens_per_s: int
    planned_use: Decimal
    input_weight: Decimal = Decimal("0.20")
    cached_weight: Decimal = Decimal("0.05")
    floor_usd: Decimal = ZERO
    idle_kw: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class Delivered:
    """USD per MWh that the formula uses. above: it would have been more than the ceiling, so drain."""

    usd: Decimal
    above: bool


@dataclass(frozen=True, slots=True)
class Quote:
    """USD per 10^6 tokens, unrounded. energy and fixed are the two parts that output is made of."""

    input: Decimal
    cached: Decimal
    output: Decimal
    energy: Decimal
    fixed: Decimal


@dataclass(frozen=True, slots=True)
class Published:
    """nano-USD per 10^6 tokens, as a CostVersion holds them; energy + fixed = output, exactly."""

    input: int
    cached: int
    output: int
    energy: int
    fixed: int

    @property
    def components(self) -> dict[str, int]:
        return {"input": self.input, "cached_input": self.cached, "output": self.output}


def delivered(site: SiteTerms, lmp: Decimal) -> Delivered:
    """What a MWh of the market at `lmp` costs at the site's meter, clamped to its floor and ceiling."""
    share = site.indexed_share
    return clamped(site, share * lmp + (1 - share) * site.hedge_usd + site.adder_usd)


def clamped(site: SiteTerms, usd: Decimal) -> Delivered:
    """A delivered price within the site's bounds. Nobody is paid for tokens: the floor is 0 or more."""
    within = min(max(usd, site.floor_usd), site.ceiling_usd)
    return Delivered(within.quantize(_MICRO, ROUND_HALF_UP), usd > site.ceiling_usd)


def joules(site: SiteTerms, hosting: HostingTerms) -> Decimal:
    """Joules at the meter per output token, with the share of a standby that isn't switched off."""
    busy = hosting.joules_per_token * site.host_factor * site.pue
    use = hosting.planned_use
    idle_w = hosting.idle_kw * 1000 * site.pue
    return busy + idle_w * (1 - use) / (use * hosting.tokens_per_s)


def energy_part(joules_per_token: Decimal, delivered_usd: Decimal) -> Decimal:
    """USD of electricity per 10^6 output tokens."""
    return joules_per_token * delivered_usd / _JOULES


def capital_part(hosting: HostingTerms) -> Decimal:
    """USD of machines per 10^6 output tokens; constant until somebody reviews it."""
    millions_an_hour = Decimal(hosting.tokens_per_s) * 3600 * hosting.planned_use / 1_000_000
    return hosting.gpus * hosting.gpu_hour_usd / millions_an_hour


def quote(hosting: HostingTerms, energy: Decimal, capital: Decimal, margin: Decimal = ZERO) -> Quote:
    """The prices of one model at one site. margin: 0.10 is 10 %; production leaves it to billing."""
    whole = (capital + energy) * (1 + margin)
    output = max(hosting.floor_usd, whole)
    return Quote(
        input=hosting.input_weight * output,
        cached=hosting.cached_weight * output,
        output=output,
        energy=energy,
        fixed=output - energy,
    )


def shown(usd: Decimal) -> Decimal:
    """USD per 10^6 tokens as published: half up to 0.0001."""
    return usd.quantize(SHOWN, ROUND_HALF_UP)


def published(prices: Quote) -> Published:
    """A quote as a CostVersion says it. The fixed part is rounded by itself: it stands still."""
    output, fixed = to_nano(prices.output), to_nano(prices.fixed)
    return Published(to_nano(prices.input), to_nano(prices.cached), output, output - fixed, fixed)


def to_nano(usd: Decimal) -> int:
    """nano-USD of a price that is rounded half up to 0.0001 USD."""
    return int(shown(usd) * _NANO)


def is_worth_publishing(before: Mapping[str, int], now: Published) -> bool:
    """Whether any component differs from the one in force by the publishing step or more."""
    names = now.components
    return any(abs(value - before.get(name, -STEP_NANO)) >= STEP_NANO for name, value in names.items())


def written(site: SiteTerms, hosting: HostingTerms) -> str:
    """The inputs of a price that stand still, in one spelling: for digest()."""
    return json.dumps({"site": asdict(site), "hosting": asdict(hosting)}, sort_keys=True, default=_plain)


def digest(terms: str, delivered_usd: Decimal) -> str:
    """What a price was made of, in 32 hex digits of SHA-256: the same inputs, the same digest."""
    return hashlib.sha256(f"{terms} {_plain(delivered_usd)}".encode()).hexdigest()[:32]


def _plain(value: object) -> str:
    """1, 1.0 and 1.000 are one number, whichever way a column has stored it."""
    return format(value.normalize(), "f") if isinstance(value, Decimal) else str(value)
