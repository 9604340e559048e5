"""A site's month of electricity: what the formula says, what callers paid for it, and what its bill says.

The market's price is a stand-in for the bill, and joules per token were measured elsewhere: once a month
both are held against the meter. Energy is kWh, money USD; a month is one of Tashkent, as on all papers.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.db import connection
from django.db.models import Avg

from dashboard.moments import first_id
from dashboard.papers.months import Month
from routing.energy import pricing
from routing.energy.models import DataCentre, Hosting, SitePrice

_JOULES_PER_KWH: Final = 3_600_000
_NANO: Final = 10**9

# What callers paid for electricity: of each price they paid, the share that its version calls electricity.
# Each component is in proportion to output, so the share is the same for all of them.
_CALLS: Final = """
SELECT r.endpoint_id, count(*), sum(r.output_tokens)::bigint,
       coalesce(sum(
           ((r.input_tokens - r.cached_tokens) * (c.components->>'input')::numeric
            + r.cached_tokens * (c.components->>'cached_input')::numeric
            + r.output_tokens * (c.components->>'output')::numeric) / 1000000
           * (c.energy->>'energy_nano')::numeric / nullif((c.components->>'output')::numeric, 0)
       ) FILTER (WHERE r.price_micros > 0), 0)
  FROM proxy_request r
  JOIN routing_endpoint e ON e.id = r.endpoint_id
  LEFT JOIN routing_costversion c ON c.id = r.cost_version
 WHERE r.id >= %(first)s AND r.id < %(last)s AND e.provider_id = %(provider)s
 GROUP BY r.endpoint_id
"""


@dataclass(frozen=True, slots=True)
class EnergyMonth:
    """kwh: by the formula. paid_usd: for electricity, before margin. mean_usd: of all ticks, per MWh."""

    calls: int
    output_tokens: int
    kwh: Decimal
    paid_usd: Decimal
    mean_usd: Decimal | None


def energy_month(site: DataCentre, month: Month) -> EnergyMonth:
    """What a site's calls of that month used and paid, by today's figures of its models."""
    span: dict[str, UUID | int] = {
        "first": first_id(month.first_day),
        "last": first_id(month.next.first_day),
        "provider": site.provider_id,
    }
    with connection.cursor() as cursor:
        cursor.execute(_CALLS, span)
        rows = cursor.fetchall()
    joules = _joules(site)
    used = sum((tokens * joules.get(endpoint, Decimal(0)) for endpoint, _, tokens, _ in rows), Decimal(0))
    ticks = SitePrice.objects.filter(site=site, at__gte=month.starts_at, at__lt=month.ends_at)
    return EnergyMonth(
        calls=sum(calls for _, calls, _, _ in rows),
        output_tokens=sum(tokens for _, _, tokens, _ in rows),
        kwh=used / _JOULES_PER_KWH,
        paid_usd=sum((nano for *_, nano in rows), Decimal(0)) / _NANO,
        mean_usd=ticks.aggregate(mean=Avg("delivered_usd"))["mean"],
    )


def _joules(site: DataCentre) -> dict[int, Decimal]:
    """Endpoint → joules at the site's meter per output token."""
    rows = Hosting.objects.filter(endpoint__provider=site.provider_id)
    return {row.endpoint_id: pricing.joules(site.terms, row.terms) for row in rows}


def findings(found: EnergyMonth, metered_kwh: Decimal, bill_usd: Decimal) -> list[str]:
    """The month beside its bill, and by how much figures want to be changed. Both amounts are above 0."""
    per_mwh = bill_usd / metered_kwh * 1000
    lines = [
        f"calls {found.calls:,}, output tokens {found.output_tokens:,}",
        f"kWh: formula {found.kwh:,.3f}, metered {metered_kwh:,.3f}",
        f"USD: paid by callers for electricity {found.paid_usd:,.4f}, bill {bill_usd:,.4f}",
        f"USD per MWh: bill {per_mwh:,.2f}, mean of ticks {_or_dash(found.mean_usd)}",
    ]
    if found.kwh:
        lines.append(f"joules_per_token × {metered_kwh / found.kwh:.3f} would meet the meter")
    if found.mean_usd is not None:
        lines.append(f"adder_usd {per_mwh - found.mean_usd:+.2f} would meet the bill")
    return lines


def _or_dash(amount: Decimal | None) -> str:
    return "–" if amount is None else f"{amount:,.2f}"
