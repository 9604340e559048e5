"""The list of calls with its filters, and the receipt of one."""

from datetime import timedelta

import pytest
from django.utils import timezone

from dashboard.activity import PAGE
from dashboard.moments import first_id, today
from tests.dashboard.calls import browser, log_call
from tests.energy import make_model, make_site
from tests.factories import Caller, make_caller

pytestmark = pytest.mark.django_db


def shown(caller: Caller, **query: object) -> str:
    page = browser(caller).get("/dashboard/activity", {name: str(value) for name, value in query.items()})
    assert page.status_code == 200
    return page.content.decode()


def test_each_filter_narrows() -> None:
    caller = make_caller()
    one = log_call(caller, model="openai/gpt-4o", status="ok")
    two = log_call(caller, model="meta/llama", asked="llama@price", status="error")
    tomorrow = today() + timedelta(days=1)
    for query, ids in [
        ({}, {one, two}),
        ({"model": "gpt"}, {one}),
        ({"model": "LLaMA@price"}, {two}),
        ({"status": "error"}, {two}),
        ({"key": caller.api_key.pk, "project": caller.project.pk}, {one, two}),
        ({"text": one}, {one}),
        ({"text": str(two).replace("-", "").upper()}, {two}),
        ({"text": "zz"}, set()),
        ({"since": today(), "until": today()}, {one, two}),
        ({"since": tomorrow}, set()),
        ({"until": today() - timedelta(days=1)}, set()),
    ]:
        text = shown(caller, **query)
        assert {call for call in (one, two) if f"/dashboard/activity/{call}" in text} == ids, query


@pytest.mark.parametrize(
    "query", [{"since": "yesterday"}, {"status": "odd"}, {"key": "1'--"}, {"model": "%_\\"}]
)
def test_a_filter_of_nonsense_is_no_error(query: dict[str, str]) -> None:
    caller = make_caller()
    log_call(caller)
    assert shown(caller, **query)


def test_pages_follow_each_other_without_gap_or_repeat() -> None:
    caller = make_caller()
    calls = {str(log_call(caller)) for _ in range(PAGE + 3)}
    first = shown(caller, model="gpt")
    assert "model=gpt&amp;before=" in first
    cursor = first.rsplit("before=", 1)[1].split('"')[0]
    second = shown(caller, model="gpt", before=cursor)
    on = [{call for call in calls if f"activity/{call}" in text} for text in (first, second)]
    assert (len(on[0]), len(on[1])) == (PAGE, 3)
    assert on[0] | on[1] == calls
    assert 'rel="next"' not in second


def test_a_day_begins_in_tashkent() -> None:
    """Midnight in Tashkent is 19:00 UTC of the day before."""
    milliseconds = first_id(today()).int >> 80
    assert milliseconds // 1000 % 86_400 == 19 * 3600


def test_the_receipt_can_be_checked_by_hand() -> None:
    caller = make_caller()
    call = log_call(caller, sandbox=True, cached_tokens=200, ttft_ms=None)
    text = browser(caller).get(f"/dashboard/activity/{call}").content.decode().replace("\u00a0", " ")
    for fact in (
        *("31.50 UZS", "12,000.00", "12,600.00", "37,800.00", "with 5% markup", "rate of 20 Nov 2026"),
        *("1,000 → 500", "2.4 s", "GPT 4o", str(call), "sandbox model", "of them cached"),
    ):
        assert fact in text, fact
    assert "USD" not in text


def test_a_failed_call_says_why_and_costs_nothing() -> None:
    caller = make_caller()
    call = log_call(
        caller,
        status="error",
        http_status=502,
        error_code="upstream_error",
        cost_micros=0,
        attempts=[{"provider": "closed", "status": None, "error": "connect", "ms": 3}],
        prices={},
    )
    text = browser(caller).get(f"/dashboard/activity/{call}").content.decode()
    assert "upstream_error" in text and "connect" in text and "No price was set" in text


def test_the_receipt_tells_who_was_considered() -> None:
    caller = make_caller()
    alone = browser(caller).get(f"/dashboard/activity/{log_call(caller)}").content.decode()
    assert "Passed over" not in alone
    route = [
        {
            "endpoint": None,
            "provider": "quick",
            "model": "openai/gpt-4o",
            "score": "1.000",
            "estimated": True,
        },
        {"endpoint": None, "provider": "weary", "model": "openai/gpt-4o", "rejected": "resting_timeout"},
    ]
    text = browser(caller).get(f"/dashboard/activity/{log_call(caller, route=route)}").content.decode()
    for fact in ("Passed over", "quick", "1.000", "estimated", "weary", "resting_timeout"):
        assert fact in text, fact


def test_the_receipt_of_a_hosted_call_names_site_reason_and_whose_price_was_paid() -> None:
    caller, model = make_caller(), make_model("x/llama", "Llama")
    north, south = make_site("north", model), make_site("south", model, place="Toronto, Ontario")
    cost = south.costs(timezone.now(), 1)
    site = {"endpoint": north.endpoint.pk, "provider": "north", "model": "x/llama", "site": "north"}
    told = {"route": [site | {"own": 1, "why": "affinity"}], "endpoint_id": north.endpoint.pk}
    call = log_call(caller, cost_version=cost.pk, attempts=[], **told)
    text = browser(caller).get(f"/dashboard/activity/{call}").content.decode()
    for fact in ("Data centre", "North", "Dallas, Texas", "it had read the beginning", "South"):
        assert fact in text, fact
    failed = [
        {"endpoint": south.endpoint.pk, "provider": "south", "status": 500, "error": "http_500", "ms": 1}
    ]
    call = log_call(caller, cost_version=cost.pk, attempts=failed, **told)
    text = browser(caller).get(f"/dashboard/activity/{call}").content.decode()
    assert "another provider had failed before it" in text
    assert browser(make_caller()).get(f"/dashboard/activity/{call}").status_code == 404


def test_the_receipt_of_a_rescued_call_shows_both_parts() -> None:
    caller = make_caller()
    attempts = [
        {"endpoint": None, "provider": "first", "status": 200, "error": "cut", "ms": 900},
        {"endpoint": None, "provider": "second", "status": 200, "error": None, "ms": 400},
    ]
    plain = browser(caller).get(f"/dashboard/activity/{log_call(caller, attempts=attempts)}").content.decode()
    assert "Its part" not in plain
    parts = [{"output_tokens": 1, "output_price": 37_800_000_000}, {"output_tokens": 40, "output_price": 1}]
    shared = [attempt | part for attempt, part in zip(attempts, parts, strict=True)]
    text = browser(caller).get(f"/dashboard/activity/{log_call(caller, attempts=shared)}").content.decode()
    for fact in ("Its part", "1 token<br>", "40 tokens", "37,800", "broke off in the middle"):
        assert fact in text, fact
