"""What goes in and out of one call of a project that logs, as much of it as will be kept."""

from typing import Final

import orjson

from proxy.contents.sealing import SealKey

QUEUE_FULL: Final = "queue_full"
NOT_WRITTEN: Final = "not_written"
_OVERHEAD: Final = 1024  # of a reel itself, about


class Room:
    """How many bytes of content this process may still hold: those of running calls and those that wait."""

    def __init__(self, most: int, part_max: int) -> None:
        self.left = most
        self.part_max = part_max

    def take(self, size: int) -> bool:
        if size > self.left:
            return False
        self.left -= size
        return True

    def give(self, size: int) -> None:
        self.left += size


class Reel:
    """The first bytes of a call's request and answer, and how long each was. Never in anybody's way: where
    there is no room the content is given up, and `lost` says so.
    """

    __slots__ = (
        *("_held", "_request", "_response", "_room"),
        *("key", "lost", "request_size", "request_type", "response_size", "response_type", "status"),
    )

    def __init__(self, key: SealKey, room: Room, request: bytes, request_type: str) -> None:
        self.key = key
        self.lost = ""
        self.status = 0
        self.request_size, self.request_type = len(request), request_type
        self.response_size, self.response_type = 0, ""
        self._room = room
        self._held = 0
        self._request = b""
        self._response = bytearray()
        if self._take(min(len(request), room.part_max) + _OVERHEAD):
            self._request = request[: room.part_max]

    def begin(self, status: int, kind: bytes) -> None:
        """What the caller is told first."""
        self.status, self.response_type = status, kind.decode("latin-1")

    def add(self, data: bytes) -> None:
        """Bytes of the answer, as they are sent."""
        self.response_size += len(data)
        left = self._room.part_max - len(self._response)
        if self.lost or left <= 0:
            return
        if self._take(min(left, len(data))):
            self._response += data if len(data) <= left else data[:left]

    def lose(self, reason: str) -> None:
        """Gives the content up; sizes stay."""
        self.lost = self.lost or reason
        self.clear()
        self.release()

    def clear(self) -> None:
        """What was said is forgotten here; its room stays taken by what was made of it."""
        self._request, self._response = b"", bytearray()

    def release(self) -> None:
        """Nobody needs the bytes any more."""
        self._room.give(self._held)
        self._held = 0

    @property
    def held(self) -> int:
        """Bytes of room taken."""
        return self._held

    @property
    def truncated(self) -> bool:
        most = self._room.part_max
        return self.request_size > most or self.response_size > most

    def content(self) -> bytes:
        """What is sealed: a line of JSON, the request, the answer."""
        head = {
            "status": self.status,
            "request": _part(self.request_type, self.request_size, len(self._request)),
            "response": _part(self.response_type, self.response_size, len(self._response)),
        }
        return b"".join((orjson.dumps(head), b"\n", self._request, self._response))

    def _take(self, size: int) -> bool:
        if not self._room.take(size):
            self.lose(QUEUE_FULL)
            return False
        self._held += size
        return True


def _part(kind: str, size: int, kept: int) -> dict[str, object]:
    return {"type": kind, "size": size, "kept": kept}
