"""Request rates and free units, as a caller meets them."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from accounts.keys import create_key
from tests.factories import MICROS, Caller, make_caller, rows
from tests.live.client import chat, directive, stream
from tests.live.test_leaving import IN, OUT, outcome
from tests.stack import Stack

SHORT = directive(completion_tokens=2, prompt_tokens=9)
COST = 9 * IN + 2 * OUT
FREE_A_DAY = 100
DEAR_OUT = 1_890_000  # micros per token of test/dear: 1,000 UZS are 529 tokens and no prompt


def test_a_key_has_its_own_rate(stack: Stack):
    caller = make_caller(balance_uzs=1000, rpm=3)
    replies = [chat(stack, caller, messages=SHORT) for _ in range(5)]
    assert [reply.status for reply in replies] == [200] * 3 + [429] * 2
    assert [reply.headers["x-ratelimit-remaining"] for reply in replies] == ["2", "1", "0", "0", "0"]
    assert {reply.headers["x-ratelimit-limit"] for reply in replies} == {"3"}
    assert replies[-1].headers["retry-after"] == replies[-1].headers["x-ratelimit-reset"]
    assert replies[-1].error["type"] == "rate_limit_error"
    assert len(outcome(caller, 3)) == 3


def test_the_rate_is_told_on_errors_and_streams(stack: Stack):
    caller = make_caller(balance_uzs=1000, rpm=50)
    unknown = chat(stack, caller, model="test/nowhere", messages=SHORT)
    assert unknown.status == 404
    assert unknown.headers["x-ratelimit-limit"] == "50"
    events = stream(stack, caller, messages=SHORT)
    assert events.headers["x-ratelimit-limit"] == "50"
    assert int(events.headers["x-ratelimit-remaining"]) < 50
    events.text()


def test_an_organization_has_a_ceiling_over_all_its_keys(stack: Stack):
    caller = make_caller(balance_uzs=1000)
    caller.organization.rpm_max = 4
    caller.organization.save()
    _, other = create_key(project=caller.project, name="other")
    second = Caller(
        user=caller.user,
        organization=caller.organization,
        project=caller.project,
        api_key=caller.api_key,
        key=other,
    )
    statuses = [chat(stack, who, messages=SHORT).status for who in (caller, second) * 3]
    assert sorted(statuses) == [200] * 4 + [429] * 2


def test_a_model_has_its_own_rate(stack: Stack):
    """test/slow-limit allows three calls a minute per key; other models don't feel it."""
    caller = make_caller(balance_uzs=1000)
    statuses = [chat(stack, caller, model="test/slow-limit", messages=SHORT).status for _ in range(4)]
    assert statuses == [200, 200, 200, 429]
    assert chat(stack, caller, messages=SHORT).status == 200


def test_a_free_model_with_an_empty_wallet(stack: Stack):
    caller = make_caller(free=True)
    reply = chat(stack, caller, model="test/free", messages=SHORT)
    assert reply.status == 200, reply.body
    (row,) = outcome(caller, 1)
    assert (row["free"], row["cost_micros"]) == (True, 0)
    assert used_today(caller) == 1
    assert caller.charged() == 0


def test_free_units_run_out(stack: Stack):
    """Then the standard price if the wallet covers it, else 429 that no repetition helps."""
    caller = make_caller(free=True)
    use_up(stack, caller)
    refused = chat(stack, caller, model="test/free", messages=SHORT)
    assert (refused.status, refused.error["code"]) == (429, "free_quota_exceeded")
    assert refused.headers["x-should-retry"] == "false"
    midnight = datetime.now(ZoneInfo("Asia/Tashkent")).replace(hour=0, minute=0, second=0, microsecond=0)
    resets = datetime.fromisoformat(refused.error["resets_at"])
    assert resets == midnight + timedelta(days=1)

    paying = make_caller(balance_uzs=1000, free=True)
    use_up(stack, paying)
    assert chat(stack, paying, model="test/free", messages=SHORT).status == 200
    assert [row["free"] for row in outcome(paying, FREE_A_DAY + 1)] == [True] * FREE_A_DAY + [False]
    assert paying.charged() == COST


def test_a_failed_free_call_gives_its_unit_back(stack: Stack):
    caller = make_caller(free=True)
    failed = chat(stack, caller, model="test/free", messages=directive(fault="500"))
    assert failed.status == 502
    outcome(caller, 1)
    assert used_today(caller) == 0


def test_strangers_have_no_free_units(stack: Stack):
    """Nobody confirmed the address and nothing was ever paid."""
    reply = chat(stack, make_caller(), model="test/free", messages=SHORT)
    assert reply.status == 402
    assert reply.error["code"] == "insufficient_balance"


@pytest.mark.parametrize("scope", ["project_day", "project_month", "key_lifetime", "key_day", "key_month"])
def test_a_cap_that_is_reached_stops_free_calls_too(stack: Stack, scope: str):
    caller = make_caller(balance_uzs=1000, free=True, caps={scope: 0})
    reply = chat(stack, caller, model="test/free", messages=SHORT)
    assert (reply.status, reply.error["code"]) == (402, "budget_exceeded")
    assert caller.holds() == []


def test_a_small_wallet_greets_a_dear_model(stack: Stack):
    """Without a bound of the caller's the output is cut to what 1,000 UZS can pay, and sent upstream."""
    caller = make_caller(balance_uzs=1000)
    run = f"dear-{caller.api_key.pk}"
    wishes = {"run": run, "text": "Va alaykum assalom!", "prompt_tokens": 9}
    greeting = [{"role": "user", "content": directive(**wishes)[0]["content"]}]
    reply = chat(stack, caller, model="test/dear", messages=greeting)
    assert reply.status == 200, reply.body
    (entry,) = stack.upstream.finished(run)
    assert 256 <= entry["body"]["max_tokens"] < 1000 * MICROS // DEAR_OUT
    assert caller.balance() > 0


def used_today(caller: Caller) -> int:
    found = rows("SELECT used FROM free_use WHERE org = %s", caller.organization.pk)
    return int(found[0]["used"]) if found else 0


def use_up(stack: Stack, caller: Caller) -> None:
    """All units of the day, by calls."""
    with ThreadPoolExecutor(20) as threads:
        replies = threads.map(
            lambda _: chat(stack, caller, model="test/free", messages=SHORT), range(FREE_A_DAY)
        )
        assert {reply.status for reply in replies} == {200}
    assert used_today(caller) == FREE_A_DAY
