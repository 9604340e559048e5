"""A margin on the rate and a rate that is too old, as a running gateway sees them come and go."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from billing.rates import add_rate, current_rates, set_markup
from tests.factories import Caller, make_caller, rows
from tests.live.client import chat, get, send
from tests.processes import Gateway, until
from tests.stack import MICROS_PER_USD, Stack

HELLO = [{"role": "user", "content": "Salom!"}]
MESSAGES = {"model": "test/one", "max_tokens": 5, "messages": HELLO}


@pytest.fixture
def gateway(stack: Stack) -> Iterator[Gateway]:
    with stack.another_gateway("old-rates", FREE_DAILY_REQUESTS="1") as gateway:
        yield gateway


@contextmanager
def margin(bps: int) -> Iterator[int]:
    """A margin on the rate for a while; its row."""
    try:
        yield set_markup("fx", bps, "test", "test")
    finally:
        set_markup("fx", 0, "test", "test")


@contextmanager
def old_rate(days: int) -> Iterator[None]:
    """The Central Bank's rate of so many days ago, then a manual one as before."""
    today: date = rows("SELECT billing_today() AS today")[0]["today"]
    try:
        add_rate("cbu", today - timedelta(days=days), MICROS_PER_USD, author="test", ends_manual=True)
        yield
    finally:
        add_rate("manual", today, MICROS_PER_USD, author="test")


def said(gateway: Gateway | Stack, caller: Caller, **body: Any) -> str:
    """What the gateway names the prices of a call by; the error's code if it makes none."""
    reply = chat(gateway, caller, messages=HELLO, max_tokens=5, **body)
    return reply.headers.get("x-cloudapi-price-version") or reply.error["code"]


def listed(gateway: Gateway | Stack) -> dict[str, Decimal]:
    """Micros a token of test/one by the public list, which are so'm a million."""
    models = get(gateway, "/pricing.json").json()["models"]
    entry = next(entry for entry in models if entry["id"] == "test/one")
    return {line["component"]: Decimal(line["price_uzs"]) for line in entry["prices"][0]["components"]}


def test_a_margin_is_frozen_with_hold_and_row_and_named_in_the_version(stack: Stack) -> None:
    caller = make_caller(balance_uzs=1000)
    with margin(250) as id:
        version = until(
            lambda: found if (found := said(stack, caller)).endswith(f".x{id}") else "", "the margin"
        )
        prices = listed(stack)
    row, hold = caller.requests()[-1], caller.holds()[-1]
    _, _, rate, markup, kept_margin, *_ = json.loads(hold["quote"])["candidates"][0]
    assert version == f"c{row['cost_version']}.f{row['fx_rate']}.m{row['markup']}.x{row['fx_margin']}"
    assert (row["fx_margin"], row["fx_margin_bps"]) == (id, 250)
    assert (rate, markup, kept_margin) == (row["fx_rate"], row["markup"], id)
    # $1.00 and $3.00 × 12,000 × 1.05 × 1.025, by the list that anybody can read
    assert prices == {"input": 12_915, "cached_input": Decimal("3228.75"), "output": 38_745}
    charge = row["input_tokens"] * prices["input"] + row["output_tokens"] * prices["output"]
    assert row["cost_micros"] == charge
    until(lambda: ".x" not in said(stack, caller), "the margin's end")
    plain = caller.requests()[-1]
    assert (plain["fx_margin"], plain["fx_margin_bps"], plain["fx_rate"]) == (None, 0, current_rates().fx_id)
    assert json.loads(caller.holds()[-1]["quote"])["candidates"][0][4] is None


def test_by_a_rate_of_eleven_days_ago_only_free_calls_go_on(stack: Stack, gateway: Gateway) -> None:
    """R4"""
    caller = make_caller(balance_uzs=1000, free=True)
    with old_rate(11):
        until(lambda: said(gateway, caller) == "price_unavailable", "the stop")
        before = caller.wallet()

        openai = chat(gateway, caller, messages=HELLO)
        claude = send(gateway, caller.headers, MESSAGES, path="/v1/messages")
        assert {openai.status, claude.status} == {503}
        assert openai.error["message"] == claude.error["message"]
        assert "exchange rate is too old" in openai.error["message"]
        assert openai.headers["retry-after"] == "600"
        assert send(gateway, caller.headers, MESSAGES, path="/v1/messages/count_tokens").status == 200

        free = [chat(gateway, caller, model="test/free", messages=HELLO) for _ in range(2)]
        assert [reply.status for reply in free] == [200, 429]
        assert free[1].error["code"] == "free_quota_exceeded"
        unverified = make_caller(balance_uzs=0)
        assert (
            chat(gateway, unverified, model="test/free", messages=HELLO).error["code"] == "price_unavailable"
        )
        assert caller.wallet() == before
    with old_rate(10):
        until(lambda: said(gateway, caller) != "price_unavailable", "the older rate's end")
        assert caller.requests()[-1]["status"] == "ok"
    for where in (gateway, stack):
        until(lambda where=where: said(where, caller) != "price_unavailable", "the manual rate")
    stack.check_ledger()
