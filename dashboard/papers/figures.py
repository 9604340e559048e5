"""What papers say, as plain values that can be frozen as JSON and read back. Amounts are micros of so'm."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, astuple, dataclass
from typing import Any

from billing.money import MICROS_PER_TIYIN, half_up

type Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """One side of a paper, as it was called when the paper was issued."""

    name: str
    stir: str = ""
    pinfl: str = ""
    address: str = ""
    bank: str = ""
    account: str = ""
    mfo: str = ""
    vat_code: str = ""
    contact: str = ""
    director: str = ""


@dataclass(frozen=True, slots=True)
class Sums:
    """Money of both parts of a wallet: paid, and given by us."""

    paid: int = 0
    bonus: int = 0

    @property
    def total(self) -> int:
        return self.paid + self.bonus

    def __add__(self, other: "Sums") -> "Sums":
        return Sums(self.paid + other.paid, self.bonus + other.bonus)


@dataclass(frozen=True, slots=True)
class Movement:
    """All transfers of one kind (billing.ids.Kind) in the month; positive came in."""

    kind: int
    count: int
    paid: int
    bonus: int

    @property
    def sums(self) -> Sums:
        return Sums(self.paid, self.bonus)


@dataclass(frozen=True, slots=True)
class Usage:
    """Calls of one model in one project on one day of the month."""

    day: int
    project: str
    model: str
    requests: int
    input: int
    cached: int
    cache_write: int
    output: int
    images: int
    seconds: int
    characters: int
    micros: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """A month of a wallet: what there was, what moved, what calls took, what is left."""

    month: str
    vat_bps: int
    preliminary: bool
    opening: Sums
    movements: Sequence[Movement]
    usage: Sequence[Usage]
    closing: Sums

    def by_model(self) -> list[Usage]:
        """Usage of the whole month (day 0), by project, the costliest model first."""
        found: dict[tuple[str, str], Usage] = {}
        for row in self.usage:
            held = found.get((row.project, row.model))
            found[row.project, row.model] = _added(held, row)
        return sorted(found.values(), key=lambda row: (row.project, -row.micros, row.model))

    def by_day(self) -> Iterator[Usage]:
        yield from sorted(self.usage, key=lambda row: (row.day, row.project, row.model))

    @property
    def calls_micros(self) -> int:
        return sum(row.micros for row in self.usage)


def _added(held: Usage | None, row: Usage) -> Usage:
    counts = astuple(row)[3:]
    if held is not None:
        counts = tuple(a + b for a, b in zip(astuple(held)[3:], counts, strict=True))
    return Usage(0, row.project, row.model, *counts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """One top-up that arrived."""

    topup: int
    paid_at: str  # ISO 8601, Tashkent
    micros: int
    method: str  # billing.models.Channel
    references: Sequence[str]  # numbers at the provider, or the bank's
    fiscal_url: str
    vat_bps: int

    @property
    def tiyin(self) -> int:
        return half_up(self.micros, MICROS_PER_TIYIN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """Services of a month that were paid for: calls from the paid balance less what was given back."""

    month: str
    vat_bps: int
    charged: int
    refunded: int

    @property
    def tiyin(self) -> int:
        """The sum of the act: so'm and tiyin, half up; the statement has the micros."""
        return half_up(max(self.charged - self.refunded, 0), MICROS_PER_TIYIN)


def vat_within(amount: int, bps: int) -> int:
    """The VAT that an amount of any unit includes, half up; 0 where VAT isn't applied."""
    return half_up(amount * bps, 10_000 + bps)


def to_json(figures: Statement | Receipt | Act) -> Json:
    """Plain JSON; usage as rows without names, as there may be thousands."""
    plain = asdict(figures)
    if isinstance(figures, Statement):
        plain["usage"] = [list(astuple(row)) for row in figures.usage]
    return plain


def statement_of(plain: Mapping[str, Any]) -> Statement:
    return Statement(
        **{
            **plain,
            "opening": Sums(**plain["opening"]),
            "closing": Sums(**plain["closing"]),
            "movements": [Movement(**row) for row in plain["movements"]],
            "usage": [Usage(*row) for row in plain["usage"]],
        }
    )


def digest(plain: Mapping[str, Any]) -> str:
    """SHA-256 over the figures' canonical JSON, in hex."""
    text = json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()
