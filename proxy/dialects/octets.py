"""An answer of bytes on its way: audio that is passed on as it comes, but for its end.

The last 64 KB leave only when the call is charged (ARCHITECTURE §2.9). What breaks off has no end that a
caller could take for one.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from proxy.errors import ApiError
from proxy.meter import Usage

KEPT_BYTES: Final = 64 * 1024
_KINDS: Final = (b"audio/", b"application/octet-stream")


@dataclass(slots=True)
class Octets:
    """bridge.Stream of bytes that nobody reads. `text_bytes`: how many have left."""

    kind: bytes
    broken: bool = field(init=False)
    complete: bool = field(default=False, init=False)
    text_bytes: int = field(default=0, init=False)
    events: int = field(default=0, init=False)
    usage: Any = field(default=None, init=False)
    error: Any = field(default=None, init=False)
    finish_reason: str = field(default="", init=False)
    done: bool = field(default=False, init=False)
    text: bytes = field(default=b"", init=False)
    _kept: bytearray = field(default_factory=bytearray, init=False)

    def __post_init__(self) -> None:
        self.broken = not self.kind.lower().startswith(_KINDS)

    def feed(self, data: bytes) -> bytes:
        if not data:
            self.complete = self.events > 0 and not self.broken
            return b""
        self.events += 1
        self._kept += data
        out = bytes(self._kept[:-KEPT_BYTES])
        del self._kept[: len(out)]
        self.text_bytes += len(out)
        return out

    @property
    def said(self) -> int:
        return self.events

    @property
    def begun(self) -> bool:
        return self.text_bytes > 0

    @property
    def over(self) -> bool:
        return self.broken or self.complete

    def end(self, usage: Usage, note: Mapping[str, Any]) -> bytes:
        return bytes(self._kept)

    def failed(self, error: ApiError, request_id: str) -> bytes:
        return b""  # nothing can be said in the middle of a sound: the connection is cut
