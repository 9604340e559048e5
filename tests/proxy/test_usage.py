"""The roll-ups: what every sum of the dashboard is made of, beside the log and the ledger."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import psycopg
import pytest
from django.core.management import call_command

from billing.invariants import check
from dashboard.moments import TASHKENT, midnight
from proxy.tasks import advance_usage, forget_usage
from proxy.usage import Asked, Step, Sums, added, first_day, largest, quantile_ms, sums, total
from tests.billing.books import query
from tests.factories import Caller, make_caller
from tests.proxy.test_crashed_rows import item
from tests.proxy.usage import call, connect, record, take_in

pytestmark = pytest.mark.django_db(transaction=True)

NOW = datetime.now(UTC)
LONG_AGO, SOON = NOW - timedelta(days=40), NOW + timedelta(days=2)


@pytest.fixture
def gateway() -> Iterator[psycopg.Connection[Any]]:
    with connect() as conn:
        yield conn


def counted(caller: Caller, step: Step = Step.DAY, **more: Any) -> Sums:
    return total(Asked(org=caller.organization.pk, since=LONG_AGO, until=SOON, step=step, **more))


def rolled(caller: Caller, step: str = "day") -> tuple[int, int]:
    """Calls and micros of the tables alone, without their tail."""
    return query(
        f"SELECT coalesce(sum(calls), 0)::int, coalesce(sum(cost_micros), 0)::int FROM usage_{step}"
        " WHERE org_id = %s",
        caller.organization.pk,
    )[0]


def told(caller: Caller, step: Step = Step.DAY) -> tuple[int, int]:
    found = counted(caller, step)
    return found.calls, found.cost_micros


def broken() -> set[str]:
    laws = {"usage_is_charges", "usage_counts_requests"}
    return {f.invariant.name for f in check() if f.broken and f.invariant.name in laws}


def test_sums_are_exact_before_and_after_each_run_in_all_steps(gateway: psycopg.Connection[Any]) -> None:
    alice = make_caller(balance_uzs=1)
    record(gateway, call(alice, 100), call(alice, 11))
    for _ in range(2):
        assert all(told(alice, step) == (2, 111) for step in Step)
        take_in()
    assert all(rolled(alice, step) == (2, 111) for step in Step)
    record(gateway, call(alice, 7))
    assert told(alice) == (3, 118)
    assert rolled(alice) == (2, 111)


def test_a_commit_that_comes_late_is_counted_once_and_never_missed() -> None:
    alice = make_caller(balance_uzs=1)
    with connect(autocommit=False) as late, connect() as gateway:
        record(late, call(alice, 100))
        record(gateway, call(make_caller(balance_uzs=1), 7))  # commits before, with a younger transaction
        advance_usage()
        assert told(alice) == (0, 0)
        late.commit()
    assert told(alice) == (1, 100)
    for _ in range(3):
        take_in()
        assert told(alice) == (1, 100)
    assert rolled(alice) == (1, 100)


def test_runs_at_once_count_nothing_twice() -> None:
    alice = make_caller(balance_uzs=1)

    def busy(n: int) -> None:
        with connect() as conn:
            for _ in range(6):
                if n % 2:
                    record(conn, call(alice, 10))
                else:
                    conn.execute("SELECT advance_usage()")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(busy, range(4)))
    assert told(alice) == (12, 120)
    take_in()
    assert rolled(alice) == (12, 120)


@pytest.mark.parametrize("runs", [(), ("before",), ("before", "after"), ("after",)])
def test_a_call_given_up_for_lost_and_charged_after_all_counts_as_charged(runs: tuple[str, ...]) -> None:
    alice = make_caller(balance_uzs=1)
    lost = item(alice, model="acme/one", kind="chat")
    with connect() as gateway:
        record(gateway, lost)
        if "before" in runs:
            take_in()
            assert told(alice) == (1, 0)
        record(gateway, call(alice, 70) | {"id": lost["id"], "at": lost["at"]})
        assert told(alice) == (1, 70) == (1, alice.charged())
        if "after" in runs:
            take_in()
    assert told(alice) == (1, 70)
    [found] = sums(
        Asked(org=alice.organization.pk, since=LONG_AGO, until=SOON, by=["status"], step=Step.HOUR)
    )
    assert (found.of, found.output_tokens) == (("ok",), 20)


def test_sums_are_cut_and_narrowed_as_asked(gateway: psycopg.Connection[Any]) -> None:
    alice, bob = make_caller(balance_uzs=1), make_caller(balance_uzs=1)
    yesterday = NOW - timedelta(days=1)
    record(
        gateway,
        call(alice, 5, at=yesterday),
        call(alice, 6, model="acme/two"),
        call(alice, 1, status="error", endpoint_id=None),
        call(bob, 1_000),
    )
    org = alice.organization.pk
    for _ in range(2):
        by_model = sums(Asked(org=org, since=LONG_AGO, until=SOON, by=["model", "status"]))
        assert [(one.of, one.cost_micros) for one in by_model] == [
            (("acme/two", "ok"), 6),
            (("acme/one", "ok"), 5),
            (("acme/one", "error"), 1),
        ]
        days = list(sums(Asked(org=org, since=LONG_AGO, until=SOON, steps=True)))
        assert [(one.calls, one.cost_micros) for one in days] == [(1, 5), (2, 7)]
        assert counted(alice, only={"model": ["acme/two"], "key": [alice.api_key.pk]}).cost_micros == 6
        assert counted(alice, only={"project": [bob.project.pk]}) == Sums()
        take_in()


def test_sums_by_fewer_dimensions_are_those_of_all(gateway: psycopg.Connection[Any]) -> None:
    """By status, by project and by key, from the tables that are kept for these and from their tail."""
    alice = make_caller(balance_uzs=1)
    for _ in range(2):
        record(gateway, call(alice, 5, at=NOW - timedelta(days=1)), call(alice, 6, model="acme/two"))
        record(gateway, call(alice, 1, status="error", endpoint_id=8))
        asked = Asked(org=alice.organization.pk, since=LONG_AGO, until=SOON, steps=True, histograms=True)
        for step in (Step.DAY, Step.HOUR):
            fine = list(sums(replace(asked, step=step, by=["status", "project", "key", "endpoint"])))
            for by in (["status"], ["project"], ["key"], ["endpoint"], ["status", "project"]):
                coarse = list(sums(replace(asked, step=step, by=by)))
                assert added(coarse) == added(fine)
                assert {one.at for one in coarse} == {one.at for one in fine}
        take_in()
    narrow = ("total_hour", "total_day", "project_day", "key_day", "endpoint_day")
    assert [rolled(alice, table) for table in narrow] == [(6, 24)] * 5


def test_the_largest_values_stand_alone_and_the_rest_together(gateway: psycopg.Connection[Any]) -> None:
    alice = make_caller(balance_uzs=1)
    yesterday = NOW - timedelta(days=1)
    record(
        gateway,
        *(call(alice, cost, model=f"acme/{cost}") for cost in (1, 2, 7)),
        *(call(alice, cost, model=f"acme/{cost}", at=yesterday) for cost in (3, 2, 2)),
    )
    asked = Asked(org=alice.organization.pk, since=LONG_AGO, until=SOON, by=["model"], steps=True)
    for _ in range(2):
        found = largest(asked, ("cost_micros",), 2)
        assert (found.values, found.others) == (["acme/7", "acme/2"], 2)
        assert [(one.of[0], one.calls, one.cost_micros) for one in found.sums] == [
            *(("acme/2", 2, 4), (None, 1, 3)),
            *(("acme/7", 1, 7), ("acme/2", 1, 2), (None, 1, 1)),
        ]
        assert largest(asked, ("calls",), 1).values == ["acme/2"]
        assert largest(asked, ("calls", "cost_micros"), 4).others == 0
        take_in()


def test_the_largest_values_of_many_days_are_told_by_month(gateway: psycopg.Connection[Any]) -> None:
    alice = make_caller(balance_uzs=1)
    first = midnight(NOW.astimezone(TASHKENT).date().replace(day=1))
    before = [first - timedelta(hours=1), first - timedelta(days=2)]
    month_before = midnight(before[0].date().replace(day=1))
    record(
        gateway,
        *(
            call(alice, cost, model="acme/1", at=at)
            for cost, at in zip((3, 4, 5), [first, *before], strict=True)
        ),
        call(alice, 1, model="acme/2", at=before[0]),
    )
    assert first_day(alice.organization.pk) is None
    for _ in range(2):
        asked = Asked(
            org=alice.organization.pk, since=LONG_AGO, until=SOON, by=["model"], steps=True, months=True
        )
        [last, other, this] = largest(asked, ("cost_micros",), 1).sums
        assert (last.at, last.of, last.cost_micros) == (month_before, ("acme/1",), 9)
        assert (other.at, other.of, other.cost_micros) == (last.at, (None,), 1)
        assert (this.at, this.calls, this.cost_micros) == (first, 1, 3)
        take_in()
    assert first_day(alice.organization.pk) == midnight(before[1].date())


def test_times_and_rates_come_with_their_spread(gateway: psycopg.Connection[Any]) -> None:
    alice = make_caller(balance_uzs=1)
    stream = {"stream": True, "ttft_ms": 300, "latency_ms": 1_300, "output_tokens": 50}
    record(gateway, *(call(alice, 1) | stream for _ in range(3)), call(alice, 1) | {"latency_ms": 30_000})
    for _ in range(2):
        found = counted(alice, histograms=True)
        assert (found.mean_ttft_ms, found.token_rate) == (300, 50)
        assert 1_024 <= (quantile_ms(found.latency, 0.5) or 0) <= 2_048
        assert 16_384 <= (quantile_ms(found.latency, 0.95) or 0) <= 32_768
        assert 256 <= (quantile_ms(found.ttft, 0.95) or 0) <= 512
        take_in()
    assert quantile_ms((0,) * 16, 0.5) is None


def test_minutes_and_hours_are_forgotten_and_days_stay(gateway: psycopg.Connection[Any]) -> None:
    alice = make_caller(balance_uzs=1)
    record(gateway, call(alice, 5, at=NOW - timedelta(days=4)), call(alice, 6))
    take_in()
    assert rolled(alice, "minute") == (1, 6), "what is too old isn't even taken in"
    query(
        "UPDATE usage_minute SET start = start - interval '4 days' WHERE org_id = %s", alice.organization.pk
    )
    query("UPDATE usage_hour SET start = start - interval '91 days' WHERE org_id = %s", alice.organization.pk)
    forget_usage()
    assert [rolled(alice, step) for step in Step] == [(0, 0), (0, 0), (2, 11)]


def test_the_laws_hold_and_see_what_is_wrong(gateway: psycopg.Connection[Any]) -> None:
    take_in()
    before = broken()  # others' calls may have gone past the gateway, and so past the log
    alice = make_caller(balance_uzs=1)
    record(gateway, call(alice, 5, at=NOW - timedelta(days=3)), call(alice, 6))
    take_in()
    assert broken() == before
    query("UPDATE usage_day SET cost_micros = cost_micros + 1 WHERE org_id = %s", alice.organization.pk)
    assert broken() == {"usage_is_charges", "usage_counts_requests"}
    query("SELECT rebuild_usage()")
    assert broken() <= before
    for table in ("hour", "model_day", "total_hour", "total_day", "project_day", "key_day", "endpoint_day"):
        query(f"UPDATE usage_{table} SET calls = calls + 1 WHERE org_id = %s", alice.organization.pk)
        assert "usage_counts_requests" in broken(), table
        query(f"UPDATE usage_{table} SET calls = calls - 1 WHERE org_id = %s", alice.organization.pk)
    query("UPDATE usage_hour SET calls = calls + 1 WHERE org_id = %s", alice.organization.pk)
    out = StringIO()
    call_command("rebuild_usage", stdout=out)
    assert "calls added up" in out.getvalue()
    assert broken() <= before
    assert told(alice) == (2, 11)


def test_a_key_tells_when_it_was_used_last(gateway: psycopg.Connection[Any]) -> None:
    alice = make_caller(balance_uzs=1)
    record(gateway, call(alice, 5, at=NOW - timedelta(hours=3)), call(alice, 5, at=NOW - timedelta(hours=30)))
    take_in()
    alice.api_key.refresh_from_db()
    used = alice.api_key.last_used_at
    assert used is not None
    assert used == (NOW - timedelta(hours=3)).replace(second=0, microsecond=0)
