"""`/v1/organization/usage/*` and `/v1/organization/costs` in OpenAI's shape, for clients of its admin API.

By a key with the scope `manage`, which reads its own project, or by session. Amounts are so'm (`uzs`); days
are Tashkent's, as everywhere here. What we don't sell (vector stores, sessions, searches) has no address.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import orjson
from django.http import HttpResponse
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers
from rest_framework.request import Request

from accounts.errors import InvalidField
from accounts.models import ApiKey, Project
from billing.money import exact_uzs
from dashboard.api import ManagementView
from dashboard.moments import TASHKENT
from dashboard.shapes import described
from dashboard.usage import LENGTHS
from dashboard.usage_query import floor, many, moment, reach_of, whole_number
from proxy.errors import ApiError
from proxy.usage import Asked, Step, Sums, finest, sums


@dataclass(frozen=True, slots=True)
class Family:
    """What OpenAI counts together: our kinds of calls, and the name of each sum in a result."""

    kinds: tuple[str, ...]
    sums: dict[str, str]


_INPUT: Final = {"input_tokens": "input_tokens"}
FAMILIES: Final = {
    "completions": Family(
        ("chat", "responses", "completions", "messages", "api_chat"),
        {
            "input_tokens": "input_tokens",
            "input_cached_tokens": "cached_tokens",
            "input_cache_write_tokens": "cache_write_tokens",
            "output_tokens": "output_tokens",
        },
    ),
    "embeddings": Family(("embeddings",), _INPUT),
    "moderations": Family(("moderations",), _INPUT),
    "images": Family(("images", "image_edits", "api_image"), {"images": "images"}),
    "audio_speeches": Family(("speech",), {"characters": "characters"}),
    "audio_transcriptions": Family(("transcriptions", "translations"), {"seconds": "seconds"}),
}
_WIDTHS: Final = {"1m": Step.MINUTE, "1h": Step.HOUR, "1d": Step.DAY}
_PAGES: Final = {Step.MINUTE: (60, 1440), Step.HOUR: (24, 168), Step.DAY: (7, 31)}
_COST_PAGES: Final = (7, 180)
# How calls are grouped here, and what is the same for all of them: no call is of a batch.
_GROUPS: Final = {"project_id": "project", "api_key_id": "key", "model": "model", "line_item": "model"}
_SAME: Final[dict[str, Any]] = {"user_id": None, "batch": False, "service_tier": None}
_LISTS: Final = ("project_ids[]", "api_key_ids[]", "models[]", "group_by[]")


class UsageBucket(serializers.Serializer):  # type: ignore[type-arg]
    object = serializers.ChoiceField(choices=["bucket"])
    start_time = serializers.IntegerField()
    end_time = serializers.IntegerField()
    results = serializers.ListField(child=serializers.DictField())


class UsagePage(serializers.Serializer):  # type: ignore[type-arg]
    object = serializers.ChoiceField(choices=["page"])
    data = UsageBucket(many=True)  # type: ignore[assignment]
    has_more = serializers.BooleanField()
    next_page = serializers.CharField(allow_null=True)


_PARAMETERS: Final = [
    OpenApiParameter("start_time", int, required=True, description="Unix seconds, inclusive."),
    OpenApiParameter("end_time", int, description="Unix seconds, exclusive; now if left out."),
    OpenApiParameter("limit", int, description="Buckets a page."),
    OpenApiParameter("page", str, description="next_page of the page before."),
    *(OpenApiParameter(name, str, many=True) for name in _LISTS),
]


@dataclass(frozen=True, slots=True)
class Span:
    """Whole steps that one page tells of; after: where the next page begins, if there is one."""

    step: Step
    since: datetime
    until: datetime
    after: datetime | None

    def buckets(self) -> list[datetime]:
        count = (self.until - self.since) // LENGTHS[self.step]
        return [self.since + LENGTHS[self.step] * place for place in range(count)]


class _Buckets(ManagementView):
    """What both views are: sums of each step, none left out."""

    def _page(
        self, span: Span, kinds: Sequence[str] | None, groups: Sequence[str], told: Any
    ) -> HttpResponse:
        by = tuple(dict.fromkeys(_GROUPS[name] for name in groups if name in _GROUPS))
        asked = Asked(
            org=self.caller.organization.pk,
            since=span.since,
            until=span.until,
            step=span.step,
            by=by,
            only=self._only(kinds),
            steps=True,
        )
        found: dict[datetime, list[Sums]] = {}
        for one in sums(asked):
            found.setdefault((one.at or span.since).astimezone(TASHKENT), []).append(one)
        names = self._names()
        data = [
            _bucket(at, span.step, [told(one) | _named(one, by, groups, names) for one in found.get(at, ())])
            for at in span.buckets()
        ]
        after = str(int(span.after.timestamp())) if span.after else None
        page = {"object": "page", "data": data, "has_more": after is not None, "next_page": after}
        return HttpResponse(orjson.dumps(page), content_type="application/json")

    def _only(self, kinds: Sequence[str] | None) -> dict[str, tuple[int, ...] | tuple[str, ...]]:
        """Ids that aren't the caller's match nothing, foreign ones like unknown ones."""
        reach = reach_of(self.caller)
        only: dict[str, tuple[int, ...] | tuple[str, ...]] = {"project": reach.only}
        if (projects := many(self.request, "project_ids")) is not None:
            only["project"] = tuple(reach.projects[name] for name in projects if name in reach.projects)
        if (keys := many(self.request, "api_key_ids")) is not None:
            only["key"] = tuple(reach.keys[name] for name in keys if name in reach.keys)
        models = many(self.request, "models") or many(self.request, "line_items")
        if models is not None:
            only["model"] = models
        return only | ({"kind": tuple(kinds)} if kinds is not None else {})

    def _names(self) -> dict[str, dict[int, str]]:
        organization = self.caller.organization
        projects = Project.objects.filter(organization=organization)
        keys = ApiKey.objects.filter(project__organization=organization)
        return {
            "project": {one.pk: one.api_id for one in projects},
            "key": {one.pk: one.api_id for one in keys},
        }


class OpenAIUsageView(_Buckets):
    """Usage of one family of models."""

    @described(
        "getOrganizationUsage",
        "Usage as OpenAI tells it",
        UsagePage,
        tag="Usage",
        parameters=[*_PARAMETERS, OpenApiParameter("bucket_width", str, enum=list(_WIDTHS))],
    )
    def get(self, request: Request, family: str) -> HttpResponse:
        """completions, embeddings, moderations, images, audio_speeches or audio_transcriptions."""
        known = FAMILIES.get(family)
        if known is None:
            raise ApiError(404, "not_found", f"Usage is told of: {', '.join(FAMILIES)}.")
        width = request.query_params.get("bucket_width", "1d")
        if width not in _WIDTHS:
            raise InvalidField("bucket_width", f"bucket_width is one of: {', '.join(_WIDTHS)}.")
        step = _WIDTHS[width]
        groups = _groups(request, ("project_id", "api_key_id", "model", *_SAME))

        def told(one: Sums) -> dict[str, Any]:
            counted = {name: getattr(one, of) for name, of in known.sums.items()}
            result = f"organization.usage.{family}.result"
            return {"object": result, "num_model_requests": one.calls, **counted}

        return self._page(_span(request, step, _PAGES[step]), known.kinds, groups, told)


class OpenAICostsView(_Buckets):
    """What calls cost."""

    @described(
        "getOrganizationCosts", "Costs as OpenAI tells them", UsagePage, tag="Usage", parameters=_PARAMETERS
    )
    def get(self, request: Request) -> HttpResponse:
        """What was charged for calls a day, in so'm; a line item is a model."""
        if request.query_params.get("bucket_width", "1d") != "1d":
            raise InvalidField("bucket_width", "Costs are told by the day: 1d.")
        groups = _groups(request, ("project_id", "api_key_id", "line_item", *_SAME))
        return self._page(_span(request, Step.DAY, _COST_PAGES), None, groups, _cost)


def _cost(one: Sums) -> dict[str, Any]:
    """The value is a JSON number with every digit, made without a float."""
    value = orjson.Fragment(exact_uzs(one.cost_micros))
    amount = {"value": value, "currency": "uzs", "micros": one.cost_micros}
    return {"object": "organization.costs.result", "amount": amount, "quantity": None}


def _span(request: Request, step: Step, pages: tuple[int, int]) -> Span:
    start = moment(request, "start_time")
    if start is None:
        raise InvalidField("start_time", "start_time is missing: Unix seconds.")
    since = floor(moment(request, "page") or start, step)
    kept = finest(since)
    if LENGTHS[kept] > LENGTHS[step]:
        raise InvalidField("start_time", "Minutes are kept for 2 days and hours for 90; days are for good.")
    end = min(moment(request, "end_time") or datetime.now(TASHKENT), datetime.now(TASHKENT))
    last = floor(end - timedelta(microseconds=1), step) + LENGTHS[step]
    until = since + LENGTHS[step] * whole_number(request, "limit", *pages)
    return Span(step, since, max(since, min(until, last)), until if until < last else None)


def _groups(request: Request, known: Sequence[str]) -> tuple[str, ...]:
    groups = many(request, "group_by") or ()
    for name in groups:
        if name not in known:
            raise InvalidField("group_by", f"group_by is one or more of: {', '.join(known)}.")
    return tuple(dict.fromkeys(groups))


def _bucket(at: datetime, step: Step, results: list[dict[str, Any]]) -> dict[str, Any]:
    end = at + LENGTHS[step]
    times = {"start_time": int(at.timestamp()), "end_time": int(end.timestamp())}
    return {"object": "bucket", **times, "results": results}


def _named(one: Sums, by: Sequence[str], groups: Sequence[str], names: Any) -> dict[str, Any]:
    """Every group's field, null where it wasn't asked for."""
    of = dict(zip(by, one.of, strict=True))
    told: dict[str, Any] = dict.fromkeys((*_GROUPS, *_SAME))
    for name in groups:
        if name in _SAME:
            told[name] = _SAME[name]
        else:
            value = of[_GROUPS[name]]
            told[name] = names[_GROUPS[name]].get(value) if _GROUPS[name] in names else value
    return told
