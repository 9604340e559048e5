"""Calls of one organization: today's sum, the filtered list, one call's receipt. Amounts are micros."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Q, QuerySet

from accounts.models import ApiKey, Organization, Project
from dashboard.moments import id_at, midnight, today
from proxy.models import Request
from proxy.usage import DIMENSIONS, Asked, total
from routing.models import Endpoint

PAGE = 50
LATEST = 8
_OF_RECEIPTS = ("prices", "route", "owed_elsewhere")  # long, and no list shows them
_PREFIX_LEAST = 6  # hex digits of an id that are worth a search


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """What calls are narrowed to. A call belongs to the moment in which its id was made.

    since is inclusive, until exclusive. None lets all through, an empty tuple none. text: how an id begins.
    """

    since: datetime | None = None
    until: datetime | None = None
    projects: tuple[int, ...] | None = None
    keys: tuple[int, ...] | None = None
    models: tuple[str, ...] | None = None
    endpoints: tuple[int, ...] | None = None
    kinds: tuple[str, ...] | None = None
    statuses: tuple[str, ...] | None = None
    text: str = ""

    @property
    def among(self) -> dict[str, tuple[int, ...] | tuple[str, ...]]:
        """What is narrowed to a few values, by the name of its dimension."""
        named = {
            "project": self.projects,
            "key": self.keys,
            "model": self.models,
            "endpoint": self.endpoints,
            "kind": self.kinds,
            "status": self.statuses,
        }
        return {name: values for name, values in named.items() if values is not None}


@dataclass(frozen=True, slots=True)
class Call:
    """A row of the request log with the names of what it was made with."""

    row: Request
    key: ApiKey | None
    project: Project | None


@dataclass(frozen=True, slots=True)
class Page:
    calls: Sequence[Call]
    older: UUID | None  # the cursor of the next page


@dataclass(frozen=True, slots=True)
class Day:
    calls: int
    spent_micros: int


def spent_today(organization: Organization) -> Day:
    """Calls and their cost since Tashkent's midnight."""
    # Workers' clocks make ids: one that is ahead must not hide its calls at midnight.
    counts, until = ("calls", "cost_micros"), midnight(today() + timedelta(days=2))
    found = total(Asked(org=organization.pk, since=midnight(today()), until=until, counts=counts))
    return Day(found.calls, found.cost_micros)


def newest_today(organization: Organization) -> UUID | None:
    """The id of the last call since Tashkent's midnight: one index read tells whether any has come."""
    rows = _rows(organization).filter(id__gte=id_at(midnight(today())))
    return rows.order_by("-id").values_list("id", flat=True).first()


def latest(organization: Organization) -> Sequence[Call]:
    return _named(organization, _rows(organization).order_by("-id")[:LATEST])


def listed(
    organization: Organization, filters: Filters, before: UUID | None = None, size: int = PAGE
) -> Page:
    """One page, newest first, from the cursor on."""
    rows = narrowed(organization, filters).defer("prices", "route")
    if before is not None:
        rows = rows.filter(id__lt=before)
    page = _named(organization, rows.defer(*_OF_RECEIPTS).order_by("-id")[: size + 1])
    older = page[size - 1].row.id if len(page) > size else None
    return Page(page[:size], older)


def find(organization: Organization, call_id: UUID) -> Call | None:
    """The organization's own call; a foreign id is None like an unknown one."""
    found = _named(organization, _rows(organization).filter(id=call_id))
    return found[0] if found else None


def rate_of(row: Request) -> float | None:
    """Output tokens a second after the first one; None where one endpoint's stream didn't tell it."""
    if not row.stream or row.ttft_ms is None or row.latency_ms <= row.ttft_ms or len(row.attempts) != 1:
        return None
    return 1000 * row.output_tokens / (row.latency_ms - row.ttft_ms)


def endpoints(row: Request) -> dict[int, Endpoint]:
    """The endpoints that the call's attempts and its route name."""
    named = (*row.attempts, *row.route)
    ids = [one if isinstance(one, int) else one.get("endpoint") for one in named]
    return Endpoint.objects.select_related("provider").in_bulk([pk for pk in ids if pk is not None])


def _rows(organization: Organization) -> QuerySet[Request]:
    return Request.objects.filter(org_id=organization.pk)


def narrowed(organization: Organization, filters: Filters) -> QuerySet[Request]:
    """The organization's calls that the filters let through, in no order yet."""
    wanted = Q(**{f"{DIMENSIONS[name]}__in": values for name, values in filters.among.items()})
    if filters.since is not None:
        wanted &= Q(id__gte=id_at(filters.since))
    if filters.until is not None:
        wanted &= Q(id__lt=id_at(filters.until))
    return _with_id(_rows(organization).filter(wanted), filters.text)


def _with_id(rows: QuerySet[Request], text: str) -> QuerySet[Request]:
    """Rows whose id begins with the text, as one range of ids; too short or no hex digits match nothing."""
    digits = text.strip().lower().replace("-", "")
    if not digits:
        return rows
    if not _PREFIX_LEAST <= len(digits) <= 32 or set(digits) - set("0123456789abcdef"):
        return rows.none()
    return rows.filter(id__range=(UUID(digits.ljust(32, "0")), UUID(digits.ljust(32, "f"))))


def _named(organization: Organization, rows: Iterable[Request]) -> list[Call]:
    found = list(rows)
    projects = {p.pk: p for p in Project.objects.filter(organization=organization)}
    wanted = {row.key_id for row in found}
    keys = {k.pk: k for k in ApiKey.objects.filter(project__organization=organization, pk__in=wanted)}
    return [Call(row, keys.get(row.key_id), projects.get(row.project_id)) for row in found]
