"""What a market said, doubted and kept: prices of our nodes, also in dollars, and rates by day."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Final

from django.db.models import OuterRef, Subquery

from routing.energy.adapters.point import PricePoint
from routing.energy.guards import refusal
from routing.energy.markets import Currency, Feed, GridNode, GridPrice, GridRate
from routing.errors import FeedError

_MICRO: Final = Decimal("0.000001")
_REFUSALS_TOLD: Final = 3
_ONE: Final = Decimal(1)
_RATE_LEAST, _RATE_MOST = Decimal("0.5"), Decimal(5)


def keep_prices(feed: Feed, points: Sequence[PricePoint], now: datetime) -> tuple[datetime | None, str]:
    """Stores what is new of our nodes and can be true.

    Returns the end of the newest interval that is stored, and in words what was refused. Raises FeedError
    where points can't be used at all.
    """
    newest = GridPrice.objects.filter(node=OuterRef("pk")).order_by("-start").values("end")[:1]
    nodes = {node.code: node for node in feed.nodes.annotate(newest_end=Subquery(newest))}
    rates = rates_now({node.currency for node in nodes.values()})
    fresh: list[GridPrice] = []
    refused: list[str] = []
    for point in points:
        node = nodes.get(point.code)
        if node is None or _is_known(point, node):
            continue
        usd = in_usd(point.price, rates[node.currency])
        why = refusal(usd, point.end, now, same_unit=point.currency == node.currency)
        if why:
            refused.append(f"{point.code}: {why}")
        else:
            fresh.append(_row(node, point, usd))
    GridPrice.objects.bulk_create(fresh, batch_size=1000, ignore_conflicts=True)
    ends = [node.newest_end for node in nodes.values() if node.newest_end] + [row.end for row in fresh]
    return max(ends, default=None), "; ".join(refused[:_REFUSALS_TOLD])


def keep_rates(points: Sequence[PricePoint], now: datetime) -> tuple[datetime | None, str]:
    """Stores the days that are new; see keep_prices()."""
    fresh = []
    for point in points:
        if not _RATE_LEAST <= point.price <= _RATE_MOST or point.start > now:
            raise FeedError(f"a rate of {point.price} on {point.start:%Y-%m-%d} can't be true")
        fresh.append(GridRate(currency=point.currency, date=point.start.date(), per_usd=point.price))
    GridRate.objects.bulk_create(fresh, ignore_conflicts=True)
    return max((point.end for point in points), default=None), ""


def rates_now(currencies: set[str]) -> Mapping[str, Decimal]:
    """What a dollar costs in each of them, by the newest day that is known, however old. Raises FeedError."""
    rows = GridRate.objects.filter(currency__in=currencies).order_by("currency", "-date")
    found = {row.currency: row.per_usd for row in rows.distinct("currency")} | {str(Currency.USD): _ONE}
    if missing := currencies - set(found):
        raise FeedError(f"no rate of {', '.join(sorted(missing))} is known yet")
    return found


def in_usd(price: Decimal, per_usd: Decimal) -> Decimal:
    """The same price in dollars, to the sixth decimal."""
    return (price / per_usd).quantize(_MICRO)


def _is_known(point: PricePoint, node: GridNode) -> bool:
    """Stored before, or so old that nobody may add it any more: prices were made without it."""
    end: datetime | None = getattr(node, "newest_end", None)
    return end is not None and point.end <= end


def _row(node: GridNode, point: PricePoint, usd: Decimal) -> GridPrice:
    return GridPrice(node=node, start=point.start, end=point.end, price=point.price, usd=usd)
