"""Server-sent events as bytes: split a stream into events without decoding what passes through.

Source: WHATWG HTML §9.2.6. Lines end in LF, CRLF or CR; a blank line ends an event; a line that starts with
a colon is a comment. Events may be cut anywhere by TCP, inside a UTF-8 character too.
"""

import re

EVENT_MAX = 1_048_576
_END = re.compile(rb"\r\n\r\n|\n\n|\r\r|\n\r\n|\r\n\n")


class EventTooLarge(Exception):
    """The upstream sent over 1 MB without ending an event."""


class Splitter:
    """Collects bytes and gives back whole events, their line ends included."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[bytes]:
        """Events completed by `data`, each with its closing blank line. Raises EventTooLarge."""
        data = self._rest + data if self._rest else data
        # The common case: LF framing, the buffer ends with a whole event.
        if b"\r" not in data:
            *events, self._rest = data.split(b"\n\n")
            events = [event + b"\n\n" for event in events]
        else:
            events = []
            start = 0
            for match in _END.finditer(data):
                # CR LF CR | LF: the second line end may still be on its way.
                if match.end() == len(data) and match.group() == b"\r\r":
                    break
                events.append(data[start : match.end()])
                start = match.end()
            self._rest = data[start:]
        if len(self._rest) > EVENT_MAX:
            raise EventTooLarge
        return events

    @property
    def rest(self) -> bytes:
        """What came after the last whole event."""
        return self._rest


def payload(event: bytes) -> bytes:
    """The joined `data:` lines of an event; empty for a comment."""
    if event.startswith(b"data: ") and event.count(b"\n") == 2 and b"\r" not in event:
        return event[6:-2]
    parts = []
    for line in event.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n"):
        if line.startswith(b"data:"):
            parts.append(line[6:] if line[5:6] == b" " else line[5:])
    return b"\n".join(parts)
