"""How far a price has gone by small steps alone: no list that rises a little each day is followed for ever.

The distance counts from the price that an operator set last, or that was in force a month ago, whichever is
the later one; and it is a distance, so a price that goes up and comes back has gone nowhere.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from django.db.models import Q
from django.utils import timezone

from routing.models import CatalogProposal, CostVersion, ProposalState
from routing.sync.compare import step_bps

WINDOW: Final = timedelta(days=30)


def drift_bps(endpoint: int, after: Mapping[str, int]) -> int | None:
    """The largest distance of a component from where it began, in basis points; None where it began at zero,
    or nowhere."""
    base = _base(endpoint)
    moved = {name: nano for name, nano in after.items() if base.get(name) != nano}
    steps = [step_bps(base.get(name, 0), nano) for name, nano in moved.items()]
    known = [step for step in steps if step is not None]
    return max(known, key=abs, default=0) if len(known) == len(steps) else None


def _base(endpoint: int) -> Mapping[str, int]:
    """The price that the sync's own steps began at."""
    followed = CatalogProposal.objects.filter(
        endpoint=endpoint, state=ProposalState.APPLIED, cost__isnull=False
    )
    known = Q(created_at__lte=timezone.now() - WINDOW) | ~Q(pk__in=followed.values("cost_id"))
    row = CostVersion.objects.filter(known, endpoint=endpoint).order_by("-pk").first()
    found: Mapping[str, int] = row.components if row else {}
    return found
