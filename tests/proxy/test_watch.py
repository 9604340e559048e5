"""Deadlines without a timer each."""

import asyncio

import pytest

from proxy.watch import Watch


@pytest.fixture
async def watch():
    watch = Watch()
    rounds = asyncio.create_task(watch.run())
    yield watch
    rounds.cancel()


async def test_what_takes_too_long_is_interrupted(watch):
    with pytest.raises(TimeoutError), watch.within(0):
        await asyncio.sleep(60)
    assert not watch.entries


async def test_what_is_in_time_is_left_alone(watch):
    with watch.within(60):
        await asyncio.sleep(0)
    assert not watch.entries


async def test_the_inner_deadline_strikes_alone(watch):
    with watch.within(60):
        with pytest.raises(TimeoutError), watch.within(0):
            await asyncio.sleep(60)
        await asyncio.sleep(0)


async def test_a_cancelled_task_is_not_taken_for_a_late_one(watch):
    async def work():
        with watch.within(60):
            await asyncio.sleep(60)

    task = asyncio.create_task(work())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_an_action_is_called_once_or_dropped(watch):
    called = asyncio.Event()
    watch.after(0, called.set)
    watch.drop(watch.after(0, lambda: pytest.fail("dropped")))
    await called.wait()
