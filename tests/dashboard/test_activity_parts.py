"""What the activity page adds up, and the parts that its module asks for."""

from datetime import datetime, timedelta

import pytest
from django.http import QueryDict

from accounts.access import Caller
from dashboard.activity import Filters
from dashboard.activity_form import ActivityForm, whole
from dashboard.moments import TASHKENT
from dashboard.usage import chart, totals, totals_and_chart
from tests.dashboard.calls import browser, log_call
from tests.factories import make_caller

pytestmark = pytest.mark.django_db


def test_sums_are_those_of_the_list() -> None:
    caller = make_caller()
    for cost in (1, 20_000_000):
        log_call(caller, cost_micros=cost, cached_tokens=100)
    log_call(caller, status="error", cost_micros=0)
    log_call(make_caller(), cost_micros=999)
    found = totals(caller.organization, Filters())
    assert (found.sums.calls, found.failed, found.failed_bps) == (3, 1, 3333)
    assert (found.sums.cost_micros, found.sums.cached_tokens) == (20_000_001, 200)
    assert found.latency_ms == 2437 and found.ttft_ms == 431
    assert totals(caller.organization, Filters(statuses=("error",))).sums.calls == 1


@pytest.mark.parametrize("filters", [Filters(), Filters(statuses=("error",)), Filters(models=("none",))])
def test_totals_and_bars_of_one_question_are_those_of_two(filters: Filters) -> None:
    caller = make_caller()
    log_call(caller, cost_micros=20_000_000)
    log_call(caller, status="error", cost_micros=0, ttft_ms=None)
    organization = caller.organization
    whole, bars = totals_and_chart(organization, filters, "tokens")
    assert whole == totals(organization, filters)
    assert (bars and bars.bars) == ((two := chart(organization, filters, "tokens")) and two.bars)


@pytest.mark.parametrize(
    ("length", "step"),
    [
        (timedelta(hours=1), "minute"),
        (timedelta(hours=30), "hour"),
        (timedelta(days=20), "day"),
        (timedelta(days=300), "month"),
    ],
)
def test_every_call_of_the_range_is_in_a_bar(length: timedelta, step: str) -> None:
    caller = make_caller()
    for _ in range(2):
        log_call(caller, cost_micros=5)
    since = whole(datetime.now(TASHKENT) - length, length)
    drawn = chart(caller.organization, Filters(since=since), "calls")
    assert drawn is not None and drawn.step == step
    assert sum(bar.calls for bar in drawn.bars) == 2
    assert sum(bar.cost_micros for bar in drawn.bars) == 10
    assert drawn.bars[-1].calls or drawn.bars[-2].calls
    assert all(bar.y >= 0 and bar.y + bar.height == 100 for bar in drawn.bars)


def test_a_part_is_sent_again_only_when_it_has_changed() -> None:
    caller = make_caller()
    call, client = log_call(caller), browser(caller)
    first = client.get("/dashboard/activity", headers={"x-part": "calls"})
    assert str(call) in first.content.decode() and "<html" not in first.content.decode()
    known = {"x-part": "calls", "if-none-match": first["ETag"]}
    assert client.get("/dashboard/activity", headers=known).status_code == 304
    log_call(caller)
    assert client.get("/dashboard/activity", headers=known).status_code == 200
    summary = client.get("/dashboard/activity", headers={"x-part": "summary"}).content.decode()
    assert "usage-bars" in summary and "data-call" not in summary
    receipt = client.get(f"/dashboard/activity/{call}", headers={"x-part": "receipt"}).content.decode()
    assert str(call) in receipt and "<html" not in receipt


def test_ranges_begin_with_whole_minutes_hours_and_days() -> None:
    caller = make_caller()
    asking = Caller(organization=caller.organization, user=caller.user)
    now = datetime(2026, 11, 22, 14, 35, 12, 345, TASHKENT)
    for name, since in (
        ("1h", datetime(2026, 11, 22, 13, 35, tzinfo=TASHKENT)),
        ("24h", datetime(2026, 11, 21, 14, tzinfo=TASHKENT)),
        ("7d", datetime(2026, 11, 15, 14, tzinfo=TASHKENT)),
        ("30d", datetime(2026, 10, 23, tzinfo=TASHKENT)),
        ("all", None),
        ("nonsense", datetime(2026, 11, 15, 14, tzinfo=TASHKENT)),
    ):
        assert ActivityForm(asking, QueryDict(f"range={name}")).filters(now).since == since, name
