"""The price list for programs: exact so'm as text, never rounded."""

import csv
from collections.abc import Iterator
from io import StringIO
from typing import Any, Final

from django.conf import settings

from billing.download import guarded
from dashboard.pricing import Entry, Line, PriceList, Tag
from proxy.listing import uzs
from proxy.receipt import percent

COLUMNS: Final = (
    *("model", "name", "modality", "category", "free", "available", "providers", "component", "over_tokens"),
    *("per_units", "base_uzs", "markup_percent", "fx_margin_percent", "price_uzs", "price_version"),
    *("rate_date", "prices_of"),
)


def as_json(prices: PriceList) -> dict[str, Any]:
    """Prices are so'm for `per` units: a million tokens or characters, or one image, second or request."""
    return {
        "object": "price_list",
        "prices_of": prices.day.isoformat(),
        "valid": "until changed",
        "version": prices.version,
        "currency": "UZS",
        "vat_included": True,
        "rate_date": prices.rates.fx_date.isoformat(),
        "fx_margin_percent": percent(prices.fx_bps),
        "free_requests_per_day": settings.FREE_DAILY_REQUESTS,
        "paid_calls_paused": prices.paused,
        "models": [_entry(entry) for entry in prices.entries],
    }


def as_csv(prices: PriceList) -> str:
    """A row for each model, price and component; UTF-8 with a mark, so that spreadsheets see it."""
    out = StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for entry in prices.entries:
        writer.writerows(_rows(prices, entry))
    return "\ufeff" + out.getvalue()


def _entry(entry: Entry) -> dict[str, Any]:
    return {
        "id": entry.model.slug,
        "name": entry.model.name,
        "modality": entry.server.modality,
        "category": entry.server.category,
        "free": entry.server.free,
        "available": entry.available,
        "prices": [_tag(tag) for tag in entry.tags],
    }


def _tag(tag: Tag) -> dict[str, Any]:
    return {
        "providers": list(tag.providers),
        "markup_percent": percent(tag.markup_bps),
        "price_version": tag.version,
        "components": [_line(line) for line in tag.lines],
    }


def _line(line: Line) -> dict[str, Any]:
    said: dict[str, Any] = {
        "component": line.component,
        "over_tokens": line.over_tokens,
        "per": line.per,
        "base_uzs": _exact(line, line.base),
        "price_uzs": _exact(line, line.final),
    }
    return said | ({"fx_margin_uzs": _exact(line, line.fx_margin)} if line.fx_margin else {})


def _rows(prices: PriceList, entry: Entry) -> Iterator[list[object]]:
    model, server = entry.model, entry.server
    known = [model.slug, guarded(model.name), server.modality, server.category, server.free, entry.available]
    for tag in entry.tags:
        for line in tag.lines:
            yield [
                *known,
                guarded("; ".join(tag.providers)),
                *(line.component, line.over_tokens, line.per, _exact(line, line.base)),
                *(percent(tag.markup_bps), percent(prices.fx_bps), _exact(line, line.final), tag.version),
                *(prices.rates.fx_date.isoformat(), prices.day.isoformat()),
            ]


def _exact(line: Line, micros: int) -> str:
    return uzs({line.component: micros})[line.component]
