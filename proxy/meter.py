"""Where tokens become money: prices, worst cases and charges. Pure integers, no Django, no network.

Units: costs are nano-USD per 10^6 units, prices are micros (10^-6 UZS) per 10^6 units, charges are micros.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from accounts.values import value

MILLION = 1_000_000
_NANO_BPS_BPS = 10**9 * 10_000 * 10_000
_NONE: Mapping[str, int] = MappingProxyType({})


def unit_price(nano_usd: int, micros_per_usd: int, bps: int, fx_bps: int = 0) -> int:
    """Micros per 10^6 units = cost × rate × (1 + markup) × (1 + exchange margin), rounded half-up once.

    The same function prices a charge, /v1/models, /pricing and the charts (ARCHITECTURE §3).
    """
    exact = nano_usd * micros_per_usd * (10_000 + bps) * (10_000 + fx_bps)
    return (exact + _NANO_BPS_BPS // 2) // _NANO_BPS_BPS


def charge(units: int, price: int) -> int:
    """Micros for `units` at `price` micros per 10^6 units; a started micro counts."""
    return -(-units * price // MILLION)


@value(frozen=True)
class Usage:
    """Units of one answer. `input` and `output` are totals: cached, written and reasoning are inside.

    `cache_write` lives 5 minutes, `cache_write_1h` an hour. `image`, `second` and `character` are named as
    the components that price them.
    """

    input: int = 0
    cached: int = 0
    cache_write: int = 0
    cache_write_1h: int = 0
    output: int = 0
    reasoning: int = 0
    image: int = 0
    second: int = 0
    character: int = 0
    estimated: bool = False

    @property
    def is_plain(self) -> bool:
        """Fresh input and plain output alone, as every estimate is that routes are compared by."""
        written = self.cache_write or self.cache_write_1h
        return not (self.cached or written or self.reasoning or self.image or self.second or self.character)


def guessed(input_tokens: int, output_tokens: int, units: Mapping[str, int]) -> Usage:
    """Usage that nobody has reported, with what else the call asked for."""
    counts = {name: units.get(name, 0) for name in ("image", "second", "character")}
    return Usage(input=input_tokens, output=output_tokens, estimated=True, **counts)


@dataclass(frozen=True, slots=True)
class Tariff:
    """Prices of one endpoint: component → units per 10^6, with dearer tiers above an input size."""

    components: Mapping[str, int]
    above_input: tuple[tuple[int, Mapping[str, int]], ...] = ()
    # (above this input, dearest input, request, dearest output) of each tier: every call's bound asks for it.
    most: tuple[tuple[int, int, int, int], ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        tiers = [(-1, self.components), *((over, {**self.components, **c}) for over, c in self.above_input)]
        object.__setattr__(self, "most", tuple((over, *_dearest(prices)) for over, prices in tiers))

    def at(self, input_tokens: int) -> Mapping[str, int]:
        """The components in force for a prompt of this size."""
        chosen = self.components
        for over, components in self.above_input:
            if input_tokens > over:
                chosen = {**self.components, **components}
        return chosen


def _dearest(prices: Mapping[str, int]) -> tuple[int, int, int]:
    dearest = max(prices.get(name, 0) for name in _INPUTS)
    return dearest, prices.get("request", 0), max(prices.get("output", 0), prices.get("reasoning", 0))


@dataclass(frozen=True, slots=True)
class Price:
    """What one endpoint costs the caller and us, with the versions that made it (ARCHITECTURE §3).

    `base` has neither markup nor exchange margin on it. `fx_margin`: the margin's row; None while it is zero.
    """

    cost_version: int
    fx_rate: int
    markup: int
    micros_per_usd: int
    bps: int
    sale: Tariff
    base: Tariff
    cost: Tariff
    fx_margin: int | None = None
    fx_bps: int = 0
    version: str = field(init=False)
    report: Mapping[str, Mapping[str, int]] = field(init=False)

    def __post_init__(self) -> None:
        """Adds the version's name, and `report`: component → base and final micros, for the request row.

        Where there is an exchange margin, `fx_margin` says how much of the final price it is.
        """
        object.__setattr__(
            self, "version", version_name(self.cost_version, self.fx_rate, self.markup, self.fx_margin)
        )
        object.__setattr__(self, "report", {name: self._parts(name) for name in self.sale.components})

    def _parts(self, name: str) -> dict[str, int]:
        parts = {"base": self.base.components[name], "final": self.sale.components[name]}
        if self.fx_bps:
            parts["fx_margin"] = self.margin_of(self.cost.components[name], parts["final"])
        return parts

    def margin_of(self, nano_usd: int, final: int) -> int:
        """How much of a final price the exchange margin is."""
        return final - unit_price(nano_usd, self.micros_per_usd, self.bps) if self.fx_bps else 0


def version_name(cost_version: object, fx_rate: object, markup: object, fx_margin: object = None) -> str:
    """The header x-cloudapi-price-version: c12.f3.m1, with .x4 behind it where a margin was on the rate."""
    name = f"c{cost_version}.f{fx_rate}.m{markup}"
    return name if fx_margin is None else f"{name}.x{fx_margin}"


def priced(cost: Tariff, micros_per_usd: int, bps: int, fx_bps: int = 0) -> Tariff:
    """A cost tariff (nano-USD) as a price tariff (micros)."""

    def convert(components: Mapping[str, int]) -> dict[str, int]:
        return {name: unit_price(nano, micros_per_usd, bps, fx_bps) for name, nano in components.items()}

    return Tariff(convert(cost.components), tuple((over, convert(c)) for over, c in cost.above_input))


def lines(usage: Usage, tariff: Tariff) -> dict[str, tuple[int, int]]:
    """Component → (units, price) of an answer; a component without a price of its own falls back.

    Cached and written input fall back to the input price, reasoning to the output price; what is written for
    an hour to the price of five minutes.
    """
    prices = tariff.at(usage.input)
    plain = prices.get("input", 0)
    output = prices.get("output", 0)
    fresh = max(0, usage.input - usage.cached - usage.cache_write - usage.cache_write_1h)
    written = prices.get("cache_write_5m", plain)
    rows = {
        "input": (fresh, plain),
        "cached_input": (usage.cached, prices.get("cached_input", plain)),
        "cache_write_5m": (usage.cache_write, written),
        "cache_write_1h": (usage.cache_write_1h, prices.get("cache_write_1h", written)),
        "output": (max(0, usage.output - usage.reasoning), output),
        "reasoning": (usage.reasoning, prices.get("reasoning", output)),
        "image": (usage.image, prices.get("image", 0)),
        "second": (usage.second, prices.get("second", 0)),
        "character": (usage.character, prices.get("character", 0)),
        "request": (1, prices.get("request", 0)),
    }
    return {name: row for name, row in rows.items() if row[0] and row[1]}


def total(usage: Usage, tariff: Tariff) -> int:
    """The sum over components, each rounded up by itself; in the tariff's own unit (micros or nano-USD)."""
    if usage.is_plain:
        prices = tariff.at(usage.input)
        whole = charge(usage.input, prices.get("input", 0)) + charge(1, prices.get("request", 0))
        return whole + charge(usage.output, prices.get("output", 0))
    return sum(charge(units, price) for units, price in lines(usage, tariff).values())


def shared(usage: Usage, begun: tuple[Usage, Tariff], tariff: Tariff) -> int:
    """Micros of an answer that two endpoints gave: the prompt once, at who finished it; each part's output at
    the price of who said it.

    usage: of the whole answer. begun: the first part's, and its endpoint's tariff. Never more than the dearer
    of the two would have cost alone, so never more than was held for either.
    """
    part, dear = begun
    first = replace(usage, output=part.output, reasoning=part.reasoning)
    rest = replace(usage, output=usage.output - part.output, reasoning=usage.reasoning - part.reasoning)
    said = lines(first, dear)
    begun_micros = sum(charge(*said[name]) for name in ("output", "reasoning") if name in said)
    alone = max(total(usage, dear), total(usage, tariff))
    return min(begun_micros + total(rest, tariff), alone)


def certain(usage: Usage, tariff: Tariff) -> Usage:
    """An estimate of tokens that nobody pays for is left out: all but seconds is counted."""
    if not usage.estimated or usage.second or any(name in tariff.components for name in _TOKENS):
        return usage
    return Usage(image=usage.image, second=usage.second, character=usage.character)


def worst_case(
    input_bound: int, copies: int, tariff: Tariff, units: Mapping[str, int] = _NONE
) -> tuple[int, int]:
    """(fixed, price per 10^6 output tokens) that no answer to this prompt can exceed.

    `copies` is the request's n: every choice may fill the output bound. `units`: component → units at most,
    of what isn't tokens.
    """
    fixed = out = 0
    for over, dearest, request, output in tariff.most:
        if input_bound > over:  # a tier that a prompt up to this size may meet
            fixed = max(fixed, charge(input_bound, dearest) + charge(1, request))
            out = max(out, output)
    if units:
        fixed += sum(charge(count, tariff.components.get(name, 0)) for name, count in units.items())
    if not fixed and not out:  # what is free of charge needs no wallet
        return 0, out * copies
    # Each component is rounded up by itself, so the sum may pass the product by a micro per component.
    return fixed + len(_INPUTS) + 1, out * copies


_INPUTS = ("input", "cached_input", "cache_write_5m", "cache_write_1h")
_TOKENS = (*_INPUTS, "output", "reasoning")
