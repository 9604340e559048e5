"""Projects as their list shows them: what they spend, how many keys they have, what they may call."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Q, QuerySet

from accounts.access import Caller
from accounts.errors import InvalidField
from accounts.models import Project
from dashboard.moments import midnight, today
from proxy.offers import catalog
from proxy.usage import Asked, sums_together
from routing.snaps import ModelSnap


@dataclass(frozen=True, slots=True)
class Row:
    """A project; amounts are micros since Tashkent's midnight and since the month's first day."""

    project: Project
    keys: int
    today_micros: int
    month_micros: int


def rows(caller: Caller, *, archived: bool = False) -> Sequence[Row]:
    """All projects within reach, the default one first: one question to the roll-ups."""
    return with_spending(caller, reachable(caller, archived=archived).order_by("-is_default", "name"))


def reachable(caller: Caller, *, archived: bool = False) -> QuerySet[Project]:
    """The projects within reach, each with its `key_count`."""
    usable = Count("keys", filter=Q(keys__revoked_at=None, keys__studio=False))
    found = Project.objects.filter(organization=caller.organization, archived_at__isnull=not archived)
    if caller.key is not None:
        found = found.filter(pk=caller.key.project_id)
    return found.annotate(key_count=usable)


def with_spending(caller: Caller, found: Iterable[Project]) -> Sequence[Row]:
    """These reachable() projects with what they spent."""
    spent_today, spent_month = (
        {int(one.of[0]): one.cost_micros for one in several}
        for several in sums_together(
            _spent(caller, midnight(today())), _spent(caller, midnight(today().replace(day=1)))
        )
    )
    return [
        Row(one, getattr(one, "key_count", 0), spent_today.get(one.pk, 0), spent_month.get(one.pk, 0))
        for one in found
    ]


def choices() -> list[ModelSnap]:
    """The models that a project can be narrowed to, by name."""
    return sorted(
        (model for model in catalog().models.values() if not model.retired), key=lambda model: model.slug
    )


def known(slugs: Sequence[str] | None) -> Sequence[str] | None:
    """The same ids, looked up. Raises InvalidField for one that the catalog doesn't have."""
    for slug in slugs or ():
        if slug not in catalog().models:
            raise InvalidField("allowed_models", f"There is no model '{slug[:100]}'.")
    return slugs


def _spent(caller: Caller, since: datetime) -> Asked:
    until = midnight(today()) + timedelta(days=2)  # workers' clocks make ids: one may be ahead
    counts = ("cost_micros",)
    return Asked(org=caller.organization.pk, since=since, until=until, by=("project",), counts=counts)
