"""A whole answer while it is read."""

import asyncio

import pytest

from proxy.upstream import Opened, UpstreamError
from proxy.watch import Watch


class Stalled:
    """An upstream's answer that stops after these pieces and stays open."""

    at_end = False

    def __init__(self, *pieces: bytes) -> None:
        self._pieces = list(pieces)

    async def read(self) -> bytes:
        if not self._pieces:
            await asyncio.Event().wait()
        return self._pieces.pop(0)


async def test_a_body_that_stalls_is_given_up_long_before_its_total_time():
    watch = Watch()
    rounds = asyncio.create_task(watch.run())
    with pytest.raises(UpstreamError, match="stalled"):
        await Opened(Stalled(b"b", b"c"), b"a").read(watch, 0.01)
    rounds.cancel()


async def test_pieces_are_put_together():
    assert await Opened(Stalled(b"b", b"c", b""), b"a").read(Watch(), 60) == b"abc"


async def test_what_was_read_is_not_kept():
    """The first bytes of a stream that a slow reader holds for minutes."""
    opened = Opened(Stalled(b"b", b""), b"a")
    assert (await opened.more(), opened.first) == (b"a", b"")
    assert await opened.read(Watch(), 60) == b"b"
