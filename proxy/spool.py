"""The worker's spool: what must not be forgotten if this process dies, one JSON line at a time.

A plain write(2) survives kill -9, an fsync survives power loss. A call leaves `begin` before its upstream is
asked and before each one that is asked after it, `final` when its usage is known (the whole settle item, the
same that goes to the database) and `sent` when its answer left without the database's word. How much came in
between stands in the segment's tally (tally.py). Lines of settled calls are worth nothing: a segment whose
calls are all settled is deleted.

Workers of the same host replay the files whose lock nobody holds any more (proxy/replay.py).
"""

import fcntl
import logging
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import orjson

from proxy import tally
from proxy.tally import Slot, Tally

log = logging.getLogger(__name__)

SEGMENT_MAX = 8 * 1024 * 1024
SUFFIX = ".spool"


class Segment:
    """One locked file and the number of its calls that are not settled yet."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.open_calls = 0
        self.size = 0
        self._is_torn = False
        # Locked under another name first: nobody may see the file before its owner holds it.
        hidden = path.with_suffix(".new")
        self.file = os.open(hidden, os.O_CREAT | os.O_WRONLY | os.O_APPEND | os.O_TRUNC, 0o600)
        fcntl.flock(self.file, fcntl.LOCK_EX)
        hidden.rename(path)
        # Only now: whoever dies before leaves no tally behind that no spool leads to.
        self.tally = _tally(path.with_suffix(tally.SUFFIX))

    @property
    def full(self) -> bool:
        return self.size > SEGMENT_MAX or (self.tally is not None and self.tally.full)

    def append(self, line: bytes) -> None:
        if self._is_torn:  # what a full disk cut off must not take this line along
            line = b"\n" + line
        self.size += len(line)
        written = os.write(self.file, line)
        self._is_torn = written != len(line)
        if self._is_torn:
            raise OSError(f"spool: wrote {written} of {len(line)} bytes")

    def drop(self) -> None:
        if self.tally is not None:  # first, so that none is ever left alone
            self.tally.drop()
        self.path.unlink(missing_ok=True)
        os.close(self.file)


def _tally(path: Path) -> Tally | None:
    """None on a full disk: calls are served all the same, and a crash of ours counts their prompts only."""
    try:
        return Tally(path)
    except OSError as error:
        log.error("spool: no tally: %s", error)
        return None


class Spool:
    """All segments of one worker. Raises OSError when the disk refuses."""

    def __init__(self, directory: Path, owner: int) -> None:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._directory = directory
        self._owner = owner
        self._serial = 0
        self._segment = self._new()
        self._calls: dict[str, Segment] = {}
        self._slots: dict[str, Slot] = {}

    def __contains__(self, call: str) -> bool:
        return call in self._calls

    def calls(self) -> list[str]:
        """Those that began and aren't settled."""
        return list(self._calls)

    def begin(self, call: str, row: Mapping[str, Any]) -> None:
        """The call is about to reach an upstream: from now on somebody may bill us for it."""
        if self._segment.full:
            full, self._segment = self._segment, self._new()
            if not full.open_calls:
                full.drop()
        self._segment.append(orjson.dumps({"t": "begin", "id": call, "row": row}) + b"\n")
        self._segment.open_calls += 1
        self._calls[call] = self._segment
        if self._segment.tally is not None:
            self._slots[call] = self._segment.tally.claim(call)

    def again(self, call: str, row: Mapping[str, Any]) -> None:
        """Another upstream is about to be asked: what counts from now on is in this row."""
        self._line(call, {"t": "begin", "id": call, "row": row})
        slot = self._slots.get(call)
        if slot is not None:
            slot.again()

    def counter(self, call: str) -> Callable[[int, int], None]:
        """To be told, as often as anything comes, how many events and bytes of text have come in all."""
        slot = self._slots.get(call)
        return _uncounted if slot is None else slot.note

    def final(self, call: str, item: bytes) -> None:
        """Usage is known; `item` is the JSON that the database will be given."""
        segment = self._calls.get(call)
        if segment is not None:
            segment.append(b'{"t":"final","id":"' + call.encode() + b'","item":' + item + b"}\n")

    def sent(self, call: str) -> None:
        """The answer leaves although the database has not confirmed the charge."""
        self._line(call, {"t": "sent", "id": call})

    def sync(self, call: str) -> None:
        """Blocks until the disk has the call's lines; run it in a thread."""
        segment = self._calls.get(call)
        if segment is not None:
            os.fsync(segment.file)

    def settled(self, call: str) -> None:
        """The database has the call: its lines may go."""
        segment = self._calls.pop(call, None)
        if segment is None:
            return
        slot = self._slots.pop(call, None)
        if slot is not None and segment.tally is not None:
            segment.tally.give_back(slot)
        segment.open_calls -= 1
        if segment.open_calls:
            return
        if segment is not self._segment:
            segment.drop()
        elif segment.size > SEGMENT_MAX // 8:
            os.ftruncate(segment.file, 0)
            segment.size = 0

    def quarantine(self, line: bytes) -> None:
        """Keeps an item that no replay can settle, for a person to look at."""
        with (self._directory / "quarantine.jsonl").open("ab") as file:
            file.write(line + b"\n")

    def close(self) -> None:
        """Gives the files back: an unsettled one is left for the next worker to replay."""
        for segment in {self._segment, *self._calls.values()}:
            if segment.open_calls:
                os.close(segment.file)
            else:
                segment.drop()
        self._slots.clear()
        self._calls.clear()  # a late line must not go to whatever gets the file's number next

    def _line(self, call: str, line: Mapping[str, Any]) -> None:
        segment = self._calls.get(call)
        if segment is not None:
            segment.append(orjson.dumps(line) + b"\n")

    def _new(self) -> Segment:
        # A restored database counts its epochs anew: a file of that name may be one that nobody replayed yet.
        while True:
            self._serial += 1
            path = self._directory / f"{self._owner}-{self._serial}{SUFFIX}"
            if not path.exists():
                return Segment(path)


def _uncounted(events: int, text_bytes: int) -> None:
    """Of a call that no slot was found for."""
