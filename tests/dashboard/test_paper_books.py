"""Statements add up to the ledger, to the micro, whatever happened in which month."""

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import Project
from billing.ids import Kind, new_op_id
from billing.ledger import payout, refund
from dashboard.papers.books import CALLS, is_closed, is_long, read_month
from dashboard.papers.figures import Statement, Sums, statement_of, to_json
from dashboard.papers.issue import act_of
from tests.billing.books import set_clock
from tests.dashboard.months import MONTH, call_at, close, credit_at
from tests.factories import Caller, make_caller

pytestmark = pytest.mark.django_db

SOM = 1_000_000
MICROS = st.integers(1, 50_000 * SOM)
# Minutes since the beginning of the month before MONTH, of three months.
MINUTES = st.integers(0, 88 * 24 * 60)
EVENTS = st.lists(
    st.one_of(
        st.tuples(st.just("topup"), MINUTES, MICROS),
        st.tuples(st.just("promo"), MINUTES, MICROS),
        st.tuples(st.just("call"), MINUTES, st.integers(0, 20_000 * SOM)),
        st.tuples(st.just("refund"), MINUTES, st.just(0)),
        st.tuples(st.just("payout"), MINUTES, MICROS),
    ),
    max_size=14,
)


def _total(month: Statement) -> Sums:
    return sum((row.sums for row in month.movements), start=month.opening)


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(events=EVENTS, hours=st.integers(0, 40))
def test_three_months_add_up_to_the_wallet(events: list[tuple[str, int, int]], hours: int) -> None:
    set_clock(None)  # another example may have left it anywhere
    caller = make_caller(balance_uzs=3)
    second = Project.objects.create(organization=caller.organization, name="Second")
    begin, charged, refundable = MONTH.before.starts_at, Counter[Any](), []
    for number, (what, minute, micros) in enumerate(sorted(events, key=lambda event: event[1])):
        moment = begin + timedelta(minutes=minute)
        if what == "call":
            late = timedelta(hours=hours if number % 3 == 0 else 0)
            project = second.pk if number % 2 else caller.project.pk
            names = {"project": project, "project_id": project, "model": f"m/{number % 3}"}
            op, cost = call_at(caller, moment, micros, settled_after=late, **names)
            charged[f"{moment:%Y-%m}", moment.day, names["model"]] += cost
            refundable += [op] if cost else []
        elif what == "refund" and refundable:
            set_clock(moment.isoformat())
            refund(refundable.pop(), reason="test", author="test")
        elif what == "payout":
            set_clock(moment.isoformat())
            left = min(micros, caller.wallet()["paid_micros"])
            if left:
                payout(caller.organization.pk, left, new_op_id(), reason="test", author="test")
        elif what in ("topup", "promo"):
            credit_at(caller, moment, Kind.TOPUP if what == "topup" else Kind.PROMO, micros)
    months = [read_month(caller.organization, each, 1200) for each in (MONTH.before, MONTH, MONTH.next)]
    _check(caller, months, charged)


def _check(caller: Caller, months: list[Statement], charged: Counter[Any]) -> None:
    for month in months:
        assert _total(month) == month.closing
        calls = sum(row.sums.total for row in month.movements if row.kind in CALLS)
        assert month.calls_micros == -calls == sum(row.micros for row in month.by_model())
        by_day = Counter[Any]()
        for row in month.by_day():
            by_day[month.month, row.day, row.model] += row.micros
        assert by_day == {key: micros for key, micros in charged.items() if key[0] == month.month}
        assert statement_of(to_json(month)) == month
    assert [month.closing for month in months[:-1]] == [month.opening for month in months[1:]]
    wallet = caller.wallet()
    assert months[0].opening == Sums()
    assert months[-1].closing == Sums(wallet["paid_micros"], wallet["bonus_micros"])


def test_a_call_counts_in_the_month_in_which_it_was_made() -> None:
    caller = make_caller(balance_uzs=1000)
    last_minute = MONTH.ends_at - timedelta(minutes=1)
    _, charged = call_at(caller, last_minute, 7 * SOM, settled_after=timedelta(hours=3))
    close(MONTH)
    assert charged == 7 * SOM
    assert read_month(caller.organization, MONTH, 0).calls_micros == 7 * SOM
    assert read_month(caller.organization, MONTH.next, 0).calls_micros == 0


def test_a_top_up_counts_in_the_month_in_which_it_was_booked() -> None:
    caller = make_caller()
    credit_at(caller, MONTH.starts_at, Kind.TOPUP, 5 * SOM)
    credit_at(caller, MONTH.ends_at, Kind.TOPUP, 9 * SOM)
    month = read_month(caller.organization, MONTH, 0)
    assert (month.opening.total, month.closing.total) == (0, 5 * SOM)


def test_nobody_elses_money_is_in_it() -> None:
    alice, bob = make_caller(balance_uzs=5), make_caller(balance_uzs=50)
    call_at(bob, MONTH.starts_at, SOM)
    month = read_month(alice.organization, MONTH, 0)
    assert not month.usage and month.closing == Sums(5 * SOM, 0)


def test_a_month_is_closed_when_nothing_more_can_come_to_it() -> None:
    caller = make_caller(balance_uzs=5)
    set_clock((MONTH.ends_at + timedelta(hours=47)).isoformat())
    assert not is_closed(caller.organization, MONTH)
    close(MONTH)
    assert is_closed(caller.organization, MONTH)


def test_a_month_with_many_calls_is_known_for_long() -> None:
    caller = make_caller(balance_uzs=5)
    for _ in range(3):
        call_at(caller, MONTH.starts_at, 1)
    assert is_long(caller.organization, MONTH, 2) and not is_long(caller.organization, MONTH, 3)


def test_an_act_is_for_what_was_paid_for() -> None:
    caller = make_caller()
    credit_at(caller, MONTH.starts_at, Kind.PROMO, 2 * SOM)
    credit_at(caller, MONTH.starts_at, Kind.TOPUP, 10 * SOM)
    op, _ = call_at(caller, MONTH.starts_at, 5_004_999)  # 2 of them a present
    back, _ = call_at(caller, MONTH.starts_at, SOM)
    refund(back, reason="test", author="test")
    act = act_of(read_month(caller.organization, MONTH, 1200))
    assert (act.charged, act.refunded, act.tiyin) == (4_004_999, SOM, 300)
