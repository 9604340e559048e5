"""How long a client may leave what waits for it where it is."""

from types import SimpleNamespace
from typing import Any

import pytest

from cloudapi.door import Door, Doorkeeper


@pytest.fixture
def door() -> Any:
    """A connection whose client has let 9 KB wait; `cuts` are the times when it was cut off."""
    door: Any = Door.__new__(Door)
    door._keeper, door._due, door._left, door._stuck_since = Doorkeeper(stuck_s=30.0), None, 0, 0.0
    door.flow = SimpleNamespace(read_paused=False, write_paused=True, resume_writing=lambda: None)
    door.transport = SimpleNamespace(get_write_buffer_size=lambda: 9000, is_closing=lambda: False)
    door.cuts = []
    door._reset = lambda: door.cuts.append(door.now)
    return door


def look_until(door: Any, seconds: int) -> None:
    for door.now in range(0, seconds, 2):
        if door.now in door.taken_at:
            door.resume_writing()
        door.look(door.now)


def test_who_takes_nothing_is_cut_off(door: Any):
    door.taken_at = ()
    look_until(door, 32)
    assert door.cuts == [30]


def test_who_takes_all_that_waits_between_two_looks_is_not(door: Any):
    """As much waits again at the next look: the kernel takes 16 KB at once, which is 16 s at 1 KB/s."""
    door.taken_at = range(16, 200, 16)
    look_until(door, 200)
    assert door.cuts == []
