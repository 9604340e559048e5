"""What a program may ask of usage: its query parameters as Filters, within the caller's reach."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from django.utils.dateparse import parse_date, parse_datetime
from rest_framework.request import Request

from accounts.access import Caller
from accounts.errors import InvalidField, NotFound
from accounts.models import ApiKey, Project
from dashboard.activity import Filters
from dashboard.activity_form import ADDRESSES
from dashboard.moments import TASHKENT, midnight
from dashboard.usage import LENGTHS, end, step_of
from proxy.models import Request as Row
from proxy.usage import DIMENSIONS, Step, finest
from routing.models import Endpoint

DEFAULT: Final = timedelta(days=7)
GROUPS: Final = (Step.DAY.value, Step.HOUR.value, *DIMENSIONS)
VALUES_MAX: Final = 100
_UNIX_MAX: Final = 32_503_680_000  # the year 3000


@dataclass(frozen=True, slots=True)
class Reach:
    """Names of what the caller may see: a key sees its own project, a person all of the organization.

    Calls stay with the project in which they were made, so a key that was moved since is named here too.
    """

    projects: dict[str, int]
    keys: dict[str, int]

    @property
    def only(self) -> tuple[int, ...]:
        """The projects that every query is bound to."""
        return tuple(self.projects.values())


def reach_of(caller: Caller) -> Reach:
    """By public id."""
    projects = Project.objects.filter(organization=caller.organization)
    if caller.key is not None:
        projects = projects.filter(pk=caller.key.project_id)
    keys = ApiKey.objects.filter(project__organization=caller.organization).only("pk", "public_id")
    return Reach({project.api_id: project.pk for project in projects}, {key.api_id: key.pk for key in keys})


def filters_of(request: Request, reach: Reach) -> Filters:
    """Raises InvalidField, and NotFound for ids that are not the caller's, foreign ones included."""
    since = moment(request, "since")
    until = moment(request, "until")
    if since is not None and until is not None and since >= until:
        raise InvalidField("until", "until must be after since.")
    if since is None and "id" not in request.query_params:
        since = (until or datetime.now(TASHKENT)) - DEFAULT
    projects = _known(request, "project_id", reach.projects)
    return Filters(
        since=since,
        until=until,
        projects=reach.only if projects is None else projects,
        keys=_known(request, "key_id", reach.keys),
        models=many(request, "model"),
        endpoints=_endpoints(request),
        kinds=_among(request, "kind", tuple(ADDRESSES)),
        statuses=_among(request, "status", Row.Status.values),
        text=request.query_params.get("id", "")[:40],
    )


def groups_of(request: Request) -> tuple[str, ...]:
    """What sums are split by, without repeats; day or hour, not both."""
    groups = tuple(dict.fromkeys(_among(request, "group_by", GROUPS) or ()))
    if {Step.DAY.value, Step.HOUR.value} <= set(groups):
        raise InvalidField("group_by", "Group by day or by hour, not by both.")
    return groups


def stepped(filters: Filters, groups: Sequence[str]) -> tuple[datetime, datetime, Step]:
    """The range in whole steps, which are the group's own, or as fine as the range allows.

    Raises InvalidField where hours are asked for that are kept no more.
    """
    since = filters.since or datetime.now(TASHKENT) - DEFAULT
    wanted = next((Step(name) for name in groups if name in (Step.DAY, Step.HOUR)), None)
    step = wanted or step_of(since, filters.until)
    since = floor(since, step)
    if step == Step.HOUR and finest(since) == Step.DAY:
        raise InvalidField("since", "Hours are kept for 90 days; group by day.")
    until = end(filters.until)
    whole = floor(until, step)
    return since, whole if whole == until else whole + LENGTHS[step], step


def floor(at: datetime, step: Step) -> datetime:
    """The beginning of the minute, hour or Tashkent day."""
    local = at.astimezone(TASHKENT)
    if step == Step.DAY:
        return midnight(local.date())
    minute = 0 if step == Step.HOUR else local.minute
    return local.replace(minute=minute, second=0, microsecond=0)


def moment(request: Request, name: str) -> datetime | None:
    """A parameter that is Unix seconds, an ISO 8601 time, or a date, which begins at midnight in Tashkent."""
    text = request.query_params.get(name)
    if not text:
        return None
    if text.isascii() and text.isdigit() and int(text) <= _UNIX_MAX:
        return datetime.fromtimestamp(int(text), TASHKENT)
    try:
        day: date | None = parse_date(text)
        at = midnight(day) if day else parse_datetime(text.replace(" ", "+"))  # a + that nobody escaped
    except ValueError:
        at = None
    if at is None or not 2000 <= at.year < 3000:
        raise InvalidField(name, f"{name} must be a date, an ISO 8601 time or Unix seconds.")
    return at if at.tzinfo else at.replace(tzinfo=TASHKENT)


def many(request: Request, name: str) -> tuple[str, ...] | None:
    """Values of a parameter that may be repeated, have commas, or be written `name[]`; None without any."""
    raw = [*request.query_params.getlist(name), *request.query_params.getlist(f"{name}[]")]
    values = tuple(value for text in raw for value in text.split(",") if value)
    if len(values) > VALUES_MAX:
        raise InvalidField(name, f"{name} takes at most {VALUES_MAX} values.")
    if any("\0" in value for value in values):
        raise InvalidField(name, f"{name} has a control character.")
    return values or None


def whole_number(request: Request, name: str, default: int, most: int) -> int:
    """A parameter from 1 to `most`."""
    raw = request.query_params.get(name, str(default))
    if not (raw.isascii() and raw.isdigit() and len(raw) < 10 and 1 <= int(raw) <= most):
        raise InvalidField(name, f"{name} must be from 1 to {most}.")
    return int(raw)


def _known(request: Request, name: str, known: dict[str, int]) -> tuple[int, ...] | None:
    values = many(request, name)
    if values is None:
        return None
    if any(value not in known for value in values):
        raise NotFound
    return tuple(known[value] for value in values)


def _among(request: Request, name: str, known: Sequence[str]) -> tuple[str, ...] | None:
    values = many(request, name)
    if values is not None and any(value not in known for value in values):
        raise InvalidField(name, f"{name} is one or more of: {', '.join(known)}.")
    return values


def _endpoints(request: Request) -> tuple[int, ...] | None:
    """Endpoints by number, or all of a provider by its name."""
    numbers, slugs = many(request, "endpoint"), many(request, "provider")
    if numbers is None and slugs is None:
        return None
    if any(not (text.isascii() and text.isdigit() and len(text) < 18) for text in numbers or ()):
        raise InvalidField("endpoint", "endpoint is a number, as receipts show it.")
    found = tuple(int(text) for text in numbers or ())
    if slugs is None:
        return found
    at = tuple(Endpoint.objects.filter(provider__slug__in=slugs).values_list("pk", flat=True))
    return at if numbers is None else tuple(set(found) & set(at))
