"""What a market says, and what an adapter is given to ask it with. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Node:
    """A place in a market: its code as the market writes it, and what its price is in."""

    code: str
    currency: str = "USD"
    params: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PricePoint:
    """A published price of a node for [start, end), in UTC; per MWh in `currency`, also below zero."""

    code: str
    start: datetime
    end: datetime
    price: Decimal
    currency: str = "USD"


class Http(Protocol):
    """How an adapter asks. All questions of one poll together end within ten seconds."""

    @property
    def key(self) -> str:
        """The operator's key for this market; empty where none is needed."""

    def get(self, url: str, headers: Mapping[str, str] | None = None, *, within_s: int = 10) -> bytes:
        """The body of a 200. Raises FeedError for anything else, never with what was sent."""
