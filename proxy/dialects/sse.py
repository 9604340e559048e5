"""Server-sent events as bytes: split a stream into events without decoding what passes through.

Source: WHATWG HTML §9.2.6. Lines end in LF, CRLF or CR; a blank line ends an event; a line that starts with
a colon is a comment. Events may be cut anywhere by TCP, inside a UTF-8 character too.
"""

import re
from typing import Any

import orjson

EVENT_MAX = 1_048_576
# Two line ends. Atomic, or the two halves of a CRLF would do for two.
_END = re.compile(rb"(?>\r\n|\n|\r){2}")
_BOM = b"\xef\xbb\xbf"


class EventTooLarge(Exception):
    """The upstream sent over 1 MB without ending an event."""


class Splitter:
    """Collects bytes and gives back whole events, their line ends included.

    What is held is searched once: a line of 1 MB that comes byte by byte costs no more than another.
    """

    def __init__(self) -> None:
        self._held: list[bytes] = []
        self._size = 0
        self._tail = b""  # of what is held, as much as an end of an event may have begun in
        self._after_cr = False
        self._begun = False

    def feed(self, data: bytes) -> list[bytes]:
        """Events completed by `data`, each with its closing blank line. Raises EventTooLarge."""
        if self._after_cr:  # the event that ended in it has left already
            self._after_cr = False
            data = data.removeprefix(b"\n")
        if self._held:
            if not _END.search(self._tail + data):
                self._hold(data)
                return []
            data = b"".join((*self._held, data))
            self._held.clear()
            self._size, self._tail = 0, b""
        events, rest = _split(data)
        self._after_cr = not rest and data.endswith(b"\r")
        self._hold(rest)
        if events and not self._begun:
            self._begun = True
            events[0] = events[0].removeprefix(_BOM)
        return events

    def _hold(self, data: bytes) -> None:
        if data:
            self._held.append(data)
            self._size += len(data)
            self._tail = (self._tail + data)[-3:]
            if self._size > EVENT_MAX:
                raise EventTooLarge

    @property
    def empty(self) -> bool:
        """Nothing came after the last whole event."""
        return not self._held

    @property
    def rest(self) -> bytes:
        """What came after the last whole event."""
        return b"".join(self._held)


def _split(data: bytes) -> tuple[list[bytes], bytes]:
    """Whole events, and what follows them."""
    if b"\r" not in data:
        *events, rest = data.split(b"\n\n")
        return [event + b"\n\n" for event in events], rest
    events, start = [], 0
    for match in _END.finditer(data):
        events.append(data[start : match.end()])
        start = match.end()
    return events, data[start:]


def payload(event: bytes) -> bytes:
    """The joined `data:` lines of an event; empty for a comment."""
    if event.startswith(b"data: ") and event.count(b"\n") == 2 and b"\r" not in event:
        return event[6:-2]
    parts = []
    for line in event.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n"):
        if line.startswith(b"data:"):
            parts.append(line[6:] if line[5:6] == b" " else line[5:])
    return b"\n".join(parts)


def member(payload: bytes) -> dict[str, Any] | None:
    """The JSON object that is an event's data; None if it is anything else."""
    try:
        parsed = orjson.loads(payload)
    except orjson.JSONDecodeError:
        return None
    return parsed if isinstance(parsed, dict) else None
