"""DRF: `/api/usage`: the calls themselves, or their sums by time and by what they were.

Sums come out of the roll-ups and what was committed since: to the micro what the ledger charged.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import islice
from typing import Any, Final
from uuid import UUID

import orjson
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.errors import InvalidField
from accounts.models import ApiKey, Organization, Project
from billing.money import exact_uzs
from dashboard import activity
from dashboard.activity import Filters
from dashboard.activity_files import as_json
from dashboard.api import ManagementView
from dashboard.moments import TASHKENT
from dashboard.shapes import described
from dashboard.usage import LENGTHS
from dashboard.usage_query import GROUPS, filters_of, groups_of, reach_of, stepped, whole_number
from proxy.usage import Asked, Step, Sums, sums, total
from routing.models import Endpoint

LIMIT, LIMIT_MAX = 50, 500
_TIMES: Final = (Step.DAY.value, Step.HOUR.value)
_STEPS_AT_ONCE: Final = 50
_NUMBERS: Final = ("project", "key", "endpoint")
_COUNTS: Final = (
    *("calls", "input_tokens", "cached_tokens", "cache_write_tokens", "output_tokens", "reasoning_tokens"),
    *("images", "seconds", "characters"),
)

type Place = tuple[datetime | None, tuple[Any, ...]]  # of a sum in the order of pages


class UsageSums(serializers.Serializer):  # type: ignore[type-arg]
    """Sums of calls. Times are means in milliseconds; tokens a second are those of streams."""

    calls = serializers.IntegerField()
    input_tokens = serializers.IntegerField()
    cached_tokens = serializers.IntegerField(help_text="of the input")
    cache_write_tokens = serializers.IntegerField(help_text="of the input")
    output_tokens = serializers.IntegerField()
    reasoning_tokens = serializers.IntegerField(help_text="of the output")
    images = serializers.IntegerField()
    seconds = serializers.IntegerField()
    characters = serializers.IntegerField()
    cost_uzs = serializers.CharField()
    cost_micros = serializers.IntegerField()
    latency_ms = serializers.IntegerField(allow_null=True)
    ttft_ms = serializers.IntegerField(allow_null=True)
    tokens_per_second = serializers.FloatField(allow_null=True)


class Usage(serializers.Serializer):  # type: ignore[type-arg]
    """`data`: with group_by the sums, each with its groups; without it the calls, newest first."""

    object = serializers.CharField()
    since = serializers.DateTimeField(allow_null=True)
    until = serializers.DateTimeField(allow_null=True)
    group_by = serializers.ListField(child=serializers.ChoiceField(choices=list(GROUPS)))
    totals = UsageSums(allow_null=True, help_text="of all pages, with group_by on the first one")
    data = serializers.ListField(child=serializers.DictField())  # type: ignore[assignment]
    has_more = serializers.BooleanField()
    next_cursor = serializers.CharField(allow_null=True)


_PARAMETERS: Final = [
    OpenApiParameter(name, str, description=told)
    for name, told in (
        ("since", "A date, an ISO 8601 time or Unix seconds; 7 days ago if left out."),
        ("until", "Exclusive; now if left out."),
        ("project_id", "proj_…; this and the following may be repeated or have commas."),
        ("key_id", "key_…"),
        ("model", "A model's id."),
        ("provider", "Who answered, by its name in receipts."),
        ("endpoint", "The same by number."),
        ("kind", "What was called, such as chat, messages, embeddings, images, speech, videos."),
        ("status", "ok, error, cancelled or crashed."),
        ("id", "How a call's id begins, six hex digits or more; not with group_by."),
        ("group_by", f"One or more of: {', '.join(GROUPS)}."),
        ("limit", f"1 to {LIMIT_MAX}, {LIMIT} if left out."),
        ("cursor", "next_cursor of the page before."),
    )
]


class UsageView(ManagementView):
    """Calls of the caller's reach."""

    @described("getUsage", "Usage", Usage, tag="Usage", parameters=_PARAMETERS)
    def get(self, request: Request) -> Response:
        """Calls, or sums of them. A key reads its own project, a person all of the organization."""
        filters = filters_of(request, reach_of(self.caller))
        groups = groups_of(request)
        limit = whole_number(request, "limit", LIMIT, LIMIT_MAX)
        if not groups:
            return Response(self._calls(filters, limit))
        if filters.text:
            raise InvalidField("id", "Calls that are looked for by id aren't added up.")
        return Response(self._sums(filters, groups, limit))

    def _calls(self, filters: Filters, limit: int) -> dict[str, Any]:
        before = _call_cursor(self.request.query_params.get("cursor", ""))
        page = activity.listed(self.caller.organization, filters, before, limit)
        data = [as_json(call) for call in page.calls]
        return _answer(filters, (), data, None, str(page.older) if page.older else None)

    def _sums(self, filters: Filters, groups: Sequence[str], limit: int) -> dict[str, Any]:
        organization = self.caller.organization
        since, until, step = stepped(filters, groups)
        by = tuple(name for name in groups if name not in _TIMES)
        filters = replace(filters, since=since, until=until)
        timed = len(by) < len(groups)
        asked = Asked(
            org=organization.pk, since=since, until=until, step=step, by=by, only=filters.among, steps=timed
        )
        raw = self.request.query_params.get("cursor", "")
        found = list(islice(_after(asked, _sum_cursor(raw, by, timed) if raw else None), limit + 1))
        names = _names(organization, found[:limit], by)
        data = [_told(one, groups, by, names) for one in found[:limit]]
        whole = None if raw else shown_sums(total(replace(asked, by=(), steps=False)))
        last = _cursor(_place(found[limit - 1])) if len(found) > limit else None
        return _answer(filters, groups, data, whole, last)


def shown_sums(found: Sums) -> dict[str, Any]:
    """The public face of sums."""
    rate = found.token_rate
    return {name: getattr(found, name) for name in _COUNTS} | {
        "cost_uzs": exact_uzs(found.cost_micros),
        "cost_micros": found.cost_micros,
        "latency_ms": _rounded(found.mean_latency_ms),
        "ttft_ms": _rounded(found.mean_ttft_ms),
        "tokens_per_second": None if rate is None else round(rate, 1),
    }


def _answer(
    filters: Filters, groups: Sequence[str], data: Any, totals: dict[str, Any] | None, cursor: str | None
) -> dict[str, Any]:
    return {
        "object": "usage",
        "since": _iso(filters.since),
        "until": _iso(filters.until),
        "group_by": list(groups),
        "totals": totals,
        "data": data,
        "has_more": cursor is not None,
        "next_cursor": cursor,
    }


def _after(asked: Asked, last: Place | None) -> Iterator[Sums]:
    """The sums in order of their place, those after the last one seen; steps are read some at a time."""
    for part in _parts(asked, last[0] if last else None):
        for found in sorted(sums(part), key=_place):
            if last is None or _place(found) > last:
                yield found


def _parts(asked: Asked, since: datetime | None) -> Iterator[Asked]:
    if not asked.steps:
        yield asked
        return
    at, length = max(since or asked.since, asked.since), LENGTHS[asked.step] * _STEPS_AT_ONCE
    until = min(asked.until, datetime.now(TASHKENT) + LENGTHS[asked.step])
    while at < until:
        yield replace(asked, since=at, until=min(at + length, asked.until))
        at += length


def _place(found: Sums) -> Any:
    return found.at, found.of


def _cursor(place: Place) -> str:
    at, of = place
    told = orjson.dumps([int(at.timestamp()) if at else None, *of])
    return urlsafe_b64encode(told).decode().rstrip("=")


def _sum_cursor(text: str, by: Sequence[str], timed: bool) -> Place:
    """Raises InvalidField for what no page of this grouping ends with."""
    try:
        at, *of = orjson.loads(urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        types = [int if name in _NUMBERS else str for name in by]
        if [type(value) for value in of] != types or (type(at) is int) != timed:
            raise ValueError
        return datetime.fromtimestamp(at, TASHKENT) if timed else None, tuple(of)
    except (ValueError, TypeError, OverflowError, OSError):
        raise InvalidField("cursor", "cursor is not one of this list.") from None


def _call_cursor(text: str) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        raise InvalidField("cursor", "cursor is not one of this list.") from None


def _names(organization: Organization, found: Sequence[Sums], by: Sequence[str]) -> dict[str, dict[int, str]]:
    """Public ids of the projects and keys, and the providers of the endpoints, that the sums name."""
    wanted = {name: {one.of[place] for one in found} for place, name in enumerate(by) if name in _NUMBERS}
    projects = Project.objects.filter(organization=organization, pk__in=wanted.get("project", ()))
    keys = ApiKey.objects.filter(project__organization=organization, pk__in=wanted.get("key", ()))
    endpoints = Endpoint.objects.filter(pk__in=wanted.get("endpoint", ()))
    return {
        "project": {one.pk: one.api_id for one in projects},
        "key": {one.pk: one.api_id for one in keys},
        "endpoint": dict(endpoints.values_list("pk", "provider__slug")),
    }


def _told(found: Sums, groups: Sequence[str], by: Sequence[str], names: Any) -> dict[str, Any]:
    """A sum with its groups in the order in which they were asked for."""
    of = dict(zip(by, found.of, strict=True))
    told: dict[str, Any] = {}
    for name in groups:
        if name in _TIMES:
            assert found.at is not None
            local = found.at.astimezone(TASHKENT)
            told[name] = local.date().isoformat() if name == Step.DAY else local.isoformat()
        elif name == "endpoint":
            told |= {"endpoint": of[name] or None, "provider": names[name].get(of[name])}
        else:
            told[name] = names[name].get(of[name]) if name in _NUMBERS else of[name]
    return told | shown_sums(found)


def _rounded(value: float | None) -> int | None:
    return None if value is None else round(value)


def _iso(at: datetime | None) -> str | None:
    return at.astimezone(TASHKENT).isoformat() if at else None
