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


async def test_of_two_reasons_to_stop_the_other_one_is_not_lost(watch):
    """A client leaves in the tick in which an inner deadline strikes: the work must end, not go on."""
    deadline = watch.within(60)

    async def work():
        with deadline:
            await asyncio.sleep(60)

    task = asyncio.create_task(work())
    await asyncio.sleep(0)
    deadline.expire()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_of_two_deadlines_in_one_tick_the_outer_one_is_not_lost(watch):
    outer, inner, reached = watch.within(60), watch.within(60), []

    async def work():
        with outer:
            try:
                with inner:
                    await asyncio.sleep(60)
            except TimeoutError:
                reached.append("went on")
                await asyncio.sleep(60)

    task = asyncio.create_task(work())
    await asyncio.sleep(0)
    outer.expire()
    inner.expire()
    with pytest.raises(TimeoutError):
        await task
    assert not reached


async def test_a_deadline_may_be_moved(watch):
    with pytest.raises(TimeoutError), watch.within(60) as deadline:
        deadline.due = 0
        await asyncio.sleep(60)


async def test_an_action_that_fails_ends_nobody_elses_deadline(watch, caplog):
    called = asyncio.Event()
    watch.after(0, lambda: 1 / 0)
    watch.after(0, called.set)
    await called.wait()
    assert "a deadline's action failed" in caplog.text
