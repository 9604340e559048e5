"""How much each running call has produced so far, where the end of this process can't take it along.

A file of fixed slots beside a segment of the spool, mapped into memory. Two stores for each piece that was
read, no system call: what is stored is the kernel's at once, and only the end of the machine loses it. A slot
belongs to a call from its `begin` in the spool until it is settled; whose it was before doesn't matter, as it
says whose it is. `part` counts the upstreams before the one that the figures are of, as the spool's lines do:
one that is asked later begins at nothing.
"""

import mmap
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import UUID

SUFFIX: Final = ".tally"
SLOTS = 2048
# A cache line of 8-byte words for each: the call's id in two, part, events, bytes of text.
_WORDS: Final = 8
_LOW: Final = 2**64 - 1


class Slot:
    """One call's place. Nothing here may be slow: `note` runs for every piece of every stream."""

    __slots__ = ("_first", "_words")

    def __init__(self, words: "memoryview[int]", number: int) -> None:
        self._words = words
        self._first = number * _WORDS

    def begin(self, call: str) -> None:
        """Takes the place over; what it said of another call is gone before it bears this one's name."""
        words, first, name = self._words, self._first, int(call.replace("-", ""), 16)
        words[first + 2] = words[first + 3] = words[first + 4] = 0
        words[first], words[first + 1] = name >> 64, name & _LOW

    def note(self, events: int, text_bytes: int) -> None:
        """So much was read so far of what is being told."""
        words, first = self._words, self._first
        words[first + 3] = events
        words[first + 4] = text_bytes

    def again(self) -> None:
        """What comes from now on is another upstream's, of which the spool says so already."""
        words, first = self._words, self._first
        words[first + 3] = words[first + 4] = 0
        words[first + 2] += 1


class Tally:
    """The slots of one segment. Raises OSError when the disk has no room for them."""

    def __init__(self, path: Path) -> None:
        self.path = path
        size = SLOTS * _WORDS * 8
        file = os.open(path, os.O_CREAT | os.O_RDWR | os.O_TRUNC, 0o600)
        try:
            # All of it now: a store into a page that a full disk can't give kills the process.
            os.posix_fallocate(file, 0, size)
            words = memoryview(mmap.mmap(file, size)).cast("Q")
        except OSError:
            path.unlink(missing_ok=True)
            raise
        finally:
            os.close(file)
        self._free = [Slot(words, number) for number in range(SLOTS)]

    @property
    def full(self) -> bool:
        return not self._free

    def claim(self, call: str) -> Slot:
        """A call's slot, to be given back when it is settled. Raises IndexError when there is none left."""
        slot = self._free.pop()
        slot.begin(call)
        return slot

    def give_back(self, slot: Slot) -> None:
        self._free.append(slot)

    def drop(self) -> None:
        """Nobody will ask. Who still holds a slot writes into a file without a name."""
        self.path.unlink(missing_ok=True)


@dataclass(frozen=True, slots=True)
class Count:
    """What a slot says. part: upstreams before the one that it counts."""

    part: int
    events: int
    text_bytes: int

    @property
    def tokens(self) -> int:
        """Output tokens, quickly: about one an event, and at least one per four bytes."""
        return max(self.events, self.text_bytes // 4)


def read(path: Path) -> dict[str, Count]:
    """All slots by call; none where the file is missing. Raises OSError."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return {}
    return dict(_slots(memoryview(data[: len(data) // (_WORDS * 8) * _WORDS * 8]).cast("Q")))


def _slots(words: "memoryview[int]") -> Iterator[tuple[str, Count]]:
    for first in range(0, len(words), _WORDS):
        name = words[first] << 64 | words[first + 1]
        if name:
            yield str(UUID(int=name)), Count(words[first + 2], words[first + 3], words[first + 4])
