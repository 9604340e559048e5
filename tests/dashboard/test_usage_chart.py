"""Usage by day: parts of bars, the table under them and the file agree with the calls, and lead to them."""

import csv
import re
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

import pytest

from accounts.models import Project
from dashboard.activity import Filters
from dashboard.moments import TASHKENT, midnight, today
from dashboard.usage_chart import HIGH, Stack, stack
from tests.dashboard.calls import browser, log_call
from tests.factories import MICROS, Caller, make_caller
from tests.proxy.usage import id_of

pytestmark = pytest.mark.django_db


def call_of(caller: Caller, days_ago: int, **fields: Any) -> None:
    at = datetime.combine(today() - timedelta(days=days_ago), datetime.min.time(), TASHKENT)
    at = min(at + timedelta(hours=3), datetime.now(UTC))
    log_call(caller, id=id_of(at), at=at.isoformat(), **fields)


def stacked(caller: Caller, by: str = "model", metric: str = "cost", days: int = 30) -> Stack:
    since = midnight(today() - timedelta(days=days - 1))
    found = stack(caller.organization, Filters(since=since), by=by, metric=metric, query="")
    assert found is not None
    return found


def shown(caller: Caller, query: str = "") -> str:
    page = browser(caller).get(f"/dashboard/activity/usage?{query}")
    assert page.status_code == 200
    return unescape(page.content.decode()).replace("\u00a0", " ")


def test_parts_of_a_day_add_up_to_what_it_cost() -> None:
    caller = make_caller()
    for days_ago, model, cost in ((0, "a/one", 3), (0, "b/two", 1), (2, "a/one", 2), (2, "a/one", 5)):
        call_of(caller, days_ago, model=model, cost_micros=cost * MICROS)
    found = stacked(caller)
    assert len(found.columns) == 30
    last, before = found.columns[-1], found.columns[-3]
    assert [(part.thing.name, part.cost_micros) for part in last.parts] == [
        ("a/one", 3 * MICROS),
        ("b/two", MICROS),
    ]
    assert before.whole.cost_micros == found.most == 7 * MICROS
    assert sum(part.height for part in before.parts) == HIGH
    assert found.whole.cost_micros == 11 * MICROS and found.whole.calls == 4
    assert [whole.cost_micros for whole in found.wholes] == [10 * MICROS, MICROS]


def test_what_is_beyond_seven_is_one_part_together() -> None:
    caller = make_caller()
    for number in range(10):
        call_of(caller, 0, model=f"m/{number}", cost_micros=(20 - number) * MICROS)
    wholes = stacked(caller).wholes
    assert [whole.thing.series for whole in wholes] == [1, 2, 3, 4, 5, 6, 7, 0]
    assert wholes[-1].thing.name == "3 others"
    assert wholes[-1].cost_micros == (13 + 12 + 11) * MICROS


@pytest.mark.parametrize("by", ["model", "key", "project", "nonsense"])
@pytest.mark.parametrize("metric", ["cost", "calls", "tokens", ""])
def test_every_way_to_cut_is_a_page(by: str, metric: str) -> None:
    caller = make_caller()
    call_of(caller, 1)
    names = {"key": "test", "project": "Default"}
    assert names.get(by, "openai/gpt-4o") in shown(caller, f"by={by}&chart={metric}")


def test_each_figure_leads_to_exactly_its_calls() -> None:
    """A model whose id another one's begins with, and a day before and after."""
    caller = make_caller()
    for days_ago, model, cost in (
        *((3, "x/big", 4), (3, "x/big-mini", 100), (3, "x/big", 8)),
        *((2, "x/big", 1000), (4, "x/big", 1000)),
    ):
        call_of(caller, days_ago, model=model, cost_micros=cost * MICROS)
    day = next(column for column in stacked(caller).columns if column.whole.cost_micros == 112 * MICROS)
    part = next(part for part in day.parts if part.thing.name == "x/big")
    text = browser(caller).get(part.url).content.decode().replace("\u00a0", " ")
    assert text.count('data-call="') == 2 and "12.00 UZS" in text


def test_the_whole_table_leads_to_the_same_days() -> None:
    caller = make_caller()
    call_of(caller, 20, cost_micros=4 * MICROS)
    call_of(caller, 1, cost_micros=5 * MICROS)
    link = re.search(r'class="together">.*?href="([^"]+)"', shown(caller), re.DOTALL)
    assert link is not None
    text = browser(caller).get(link[1]).content.decode().replace("\u00a0", " ")
    assert "9.00 UZS" in text and text.count('data-call="') == 2


def test_the_filter_narrows_and_goes_along() -> None:
    caller = make_caller()
    other = Project.objects.create(organization=caller.organization, name="Other")
    call_of(caller, 0)
    call_of(caller, 0, project_id=other.pk, cost_micros=77 * MICROS)
    text = shown(caller, f"project={other.pk}&by=key")
    assert "77.00" in text and "31.50" not in text
    assert f"/dashboard/activity?project={other.pk}&since=" in text


def test_last_seven_days_are_seven_with_today() -> None:
    caller = make_caller()
    call_of(caller, 6, cost_micros=6 * MICROS)
    call_of(caller, 7, cost_micros=7 * MICROS)
    text = shown(caller, "range=7d")
    assert "6.00" in text and "7.00" not in text


def test_a_long_time_is_cut_in_months() -> None:
    caller = make_caller()
    call_of(caller, 0)
    assert "Month" in shown(caller, "range=all&since=2025-01-01")


def test_the_file_says_the_same_to_the_micro() -> None:
    caller = make_caller()
    call_of(caller, 1, cost_micros=1_234_567)
    call_of(caller, 0, cost_micros=1)
    answer = browser(caller).get("/dashboard/activity/usage.csv?by=key")
    lines = b"".join(answer.streaming_content).decode("utf-8-sig").splitlines()  # type: ignore[attr-defined]
    rows = list(csv.DictReader(lines))
    assert [row["cost_micros"] for row in rows] == ["1234567", "1"]
    assert {row["id"] for row in rows} == {caller.api_key.api_id}
    assert rows[0]["day"] == (today() - timedelta(days=1)).isoformat()


@pytest.mark.parametrize("by", ["model", "key", "project"])
def test_nobody_elses_calls_are_in_the_chart(by: str) -> None:
    alice, bob = make_caller(), make_caller()
    call_of(bob, 0, model="bobs/model")
    assert "No calls yet" in shown(alice, f"by={by}")
    assert "No call matches" in shown(alice, f"by={by}&key={bob.api_key.pk}&range=7d")
    answer = browser(alice).get(f"/dashboard/activity/usage.csv?by={by}&project={bob.project.pk}")
    assert b"bobs/model" not in b"".join(answer.streaming_content)  # type: ignore[attr-defined]


def test_each_column_with_calls_is_a_link_that_says_what_it_stands_for() -> None:
    caller = make_caller()
    for days_ago, cost in ((0, 3), (2, 2), (2, 5)):
        call_of(caller, days_ago, cost_micros=cost * MICROS)
    columns = re.findall(
        r'<a class="column" href="([^"]+)" tabindex="(.*?)" aria-label="(.*?)"', shown(caller)
    )
    assert [(order, told.partition(": ")[2]) for _, order, told in columns] == [
        ("-1", "7.00 UZS, 2 calls"),
        ("0", "3.00 UZS, 1 call"),
    ]
    text = browser(caller).get(columns[0][0]).content.decode()
    assert text.count('data-call="') == 2
