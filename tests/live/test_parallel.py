"""Many calls at once against money for some of them: never one too many, exact to the micro."""

import asyncio
from collections.abc import Callable
from typing import Any

import aiohttp
import pytest

from tests.factories import Caller, credit, make_caller, set_cap
from tests.live.client import chat, directive
from tests.stack import Stack

CALLS, FOR = 256, 10
BODY = {"model": "test/one", "max_tokens": 50}


def hold_of_one(stack: Stack, run: str) -> tuple[int, int]:
    """What one such call holds and costs, in micros, as the request log of another caller tells it."""
    probe = make_caller(balance_uzs=10_000)
    reply = chat(stack, probe, **BODY, messages=directive(run=run, hold=f"{run}-open", completion_tokens=7))
    assert reply.status == 200, reply.body
    (row,) = probe.requests()
    return row["hold_micros"], row["cost_micros"]


def only_wallet(caller: Caller, micros: int) -> None:
    credit(caller, paid_micros=micros)


def only_bonus(caller: Caller, micros: int) -> None:
    credit(caller, bonus_micros=micros)


def paid_and_bonus(caller: Caller, micros: int) -> None:
    credit(caller, paid_micros=micros // 3, bonus_micros=micros - micros // 3)


def capped(scope: str) -> Callable[[Caller, int], None]:
    def give(caller: Caller, micros: int) -> None:
        credit(caller, paid_micros=100 * micros)
        set_cap(caller, scope, micros)

    give.__name__ = scope
    return give


GIFTS = (
    *(only_wallet, only_bonus, paid_and_bonus),
    *map(capped, ("project_day", "project_month", "key_lifetime", "key_day", "key_month")),
)


@pytest.mark.parametrize("give", GIFTS, ids=lambda give: give.__name__)
def test_256_calls_with_money_for_10(stack: Stack, give: Callable[[Caller, int], None]):
    """The upstream holds all answers until 256 verdicts are in: exactly 10 succeed."""
    run = f"volley-{give.__name__}"
    stack.upstream.release(f"{run}-open")
    hold, cost = hold_of_one(stack, run)
    caller = make_caller()
    give(caller, FOR * hold)
    before = caller.balance()

    verdicts = asyncio.run(volley(stack, caller, run))

    assert sorted(verdicts) == [200] * FOR + [402] * (CALLS - FOR)
    assert caller.charged() == FOR * cost
    wallet = caller.wallet()
    assert wallet["paid_micros"] + wallet["bonus_micros"] == before - FOR * cost
    assert wallet["held_micros"] == 0
    assert [row["status"] for row in caller.requests()] == ["ok"] * FOR
    assert [hold["state"] for hold in caller.holds()] == [1] * FOR
    assert len(stack.upstream.journal(run)) == FOR + 1


async def volley(stack: Stack, caller: Caller, run: str) -> list[int]:
    """Statuses of all calls, sent at once; the admitted ones are let go when all others were refused."""
    # As long as the probe's name, so that the calls hold the same.
    body = BODY | {"messages": directive(run=run, hold=f"{run}-gate", completion_tokens=7)}
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:

        async def call() -> int:
            async with session.post(
                f"{stack.url}/v1/chat/completions", json=body, headers=caller.headers
            ) as reply:
                await reply.read()
                return reply.status

        calls = {asyncio.create_task(call()) for _ in range(CALLS)}
        await until_done(calls, CALLS - FOR)
        await until_waiting(session, f"{stack.upstream.url}/_control/waiting?name={run}-gate", FOR)
        async with session.post(f"{stack.upstream.url}/_control/release?name={run}-gate") as reply:
            assert reply.status == 200
        return await asyncio.gather(*calls)


async def until_done(tasks: set[asyncio.Task[Any]], count: int) -> None:
    """Wait until `count` of the tasks are over."""
    async with asyncio.timeout(60):
        while sum(task.done() for task in tasks) < count:
            await asyncio.wait(
                [task for task in tasks if not task.done()], return_when=asyncio.FIRST_COMPLETED
            )


async def until_waiting(session: aiohttp.ClientSession, url: str, count: int) -> None:
    """Wait until so many answers wait at the upstream's barrier."""
    async with asyncio.timeout(30):
        while True:
            async with session.get(url) as reply:
                if (await reply.json())["waiting"] == count:
                    return
            await asyncio.sleep(0.02)
