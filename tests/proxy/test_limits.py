"""Rate windows on a real Valkey, and without it."""

from uuid import uuid4

import pytest
from django.conf import settings
from redis.asyncio import Redis

from proxy.limits import Limiter, Window
from tests import embedded


@pytest.fixture
async def limiter():
    embedded.ensure_running()
    limiter = Limiter(settings.REDIS_URL, lambda: 1)
    yield limiter
    assert not limiter._broken_until, "counted in the process instead of Valkey"
    limiter.close()


def name():
    return f"rl:test:{uuid4().hex}"


async def test_a_window_counts_down_and_then_refuses(limiter):
    window = Window(name(), 2)
    first, second, third = [await limiter.take([window]) for _ in range(3)]
    assert (first.allowed, first.remaining, first.limit) == (True, 1, 2)
    assert (second.allowed, second.remaining) == (True, 0)
    assert not third.allowed
    assert 0 < third.reset_s <= 60


async def test_a_refused_call_takes_from_no_window(limiter):
    wide, narrow = Window(name(), 10), Window(name(), 1)
    await limiter.take([wide, narrow])
    refused = await limiter.take([wide, narrow])
    assert not refused.allowed
    assert refused.limit == 1
    assert (await limiter.take([wide])).remaining == 8


async def test_the_tightest_window_is_reported(limiter):
    taken = await limiter.take([Window(name(), 60), Window(name(), 5), Window(name(), 600)])
    assert (taken.limit, taken.remaining) == (5, 4)


async def test_many_calls_of_one_tick_are_counted_one_by_one(limiter):
    window = Window(name(), 3)
    futures = [limiter._batch.add([window]) for _ in range(5)]
    assert [(await future).allowed for future in futures] == [True, True, True, False, False]


async def test_a_script_that_the_server_forgot_is_loaded_again(limiter):
    window = Window(name(), 10)
    await limiter.take([window])
    async with Redis.from_url(settings.REDIS_URL) as redis:
        await redis.script_flush()
    assert (await limiter.take([window])).remaining == 8


async def test_without_redis_each_worker_keeps_its_share():
    limiter, window = Limiter("redis://127.0.0.1:1/0", lambda: 2), Window(name(), 6)
    taken = [await limiter.take([window]) for _ in range(4)]
    assert [one.allowed for one in taken] == [True, True, True, False]
    assert taken[0].limit == 6
