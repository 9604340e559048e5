"""Natural batching."""

import asyncio

import pytest

from proxy.batch import BATCH_MAX, Batch


async def test_what_waits_together_travels_together():
    flights: list[list[int]] = []
    release = asyncio.Event()

    async def flush(items):
        flights.append(list(items))
        await release.wait()
        return [item * 10 for item in items]

    batch = Batch(flush)
    first = batch.add(1)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    later = [batch.add(2), batch.add(3)]
    release.set()
    assert await asyncio.gather(first, *later) == [10, 20, 30]
    assert flights == [[1], [2, 3]]


async def test_one_bad_item_is_only_its_own_callers_problem():
    async def flush(items):
        return [ValueError(item) if item == 2 else item for item in items]

    batch = Batch(flush)
    good, bad = batch.add(1), batch.add(2)
    assert await good == 1
    with pytest.raises(ValueError, match="2"):
        await bad


async def test_a_failed_flight_is_told_to_all_and_the_next_one_flies():
    fail = True

    async def flush(items):
        if fail:
            raise OSError("away")
        return items

    batch = Batch(flush)
    for one in [batch.add(1), batch.add(2)]:
        with pytest.raises(OSError, match="away"):
            await one
    fail = False
    assert await batch.add(3) == 3


async def test_a_caller_who_left_disturbs_nobody():
    async def flush(items):
        return items

    batch = Batch(flush)
    gone, stays = batch.add(1), batch.add(2)
    gone.cancel()
    assert await stays == 2


async def test_a_batch_is_bounded():
    sizes = []

    async def flush(items):
        sizes.append(len(items))
        return items

    batch = Batch(flush)
    await asyncio.gather(*[batch.add(number) for number in range(BATCH_MAX + 5)])
    assert sizes == [BATCH_MAX, 5]


async def test_nobody_is_served_who_gave_up_while_waiting():
    """A reserve whose caller heard a 503 long ago must not freeze money when the ledger comes back."""
    flights: list[list[int]] = []
    release = asyncio.Event()

    async def flush(items):
        flights.append(list(items))
        await release.wait()
        return items

    batch = Batch(flush)
    first = batch.add(1)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    given_up, kept = batch.add(2), batch.add(3)
    given_up.cancel()
    release.set()
    assert await asyncio.gather(first, kept) == [1, 3]
    assert flights == [[1], [3]]
