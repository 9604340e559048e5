"""What a model has said so far, kept so that it can be counted where the upstream doesn't."""

from dataclasses import dataclass, field
from typing import Any, Final

from proxy.bridge import EVENTS
from proxy.dialects.tape import Tape

# A longer answer is counted by the rate of its beginning. A hundred streams keep no more than a few
# megabytes.
KEPT_MAX: Final = 64 * 1024


@dataclass(slots=True)
class Spoken:
    """`said`: events with text, about a token each. `text_bytes`: UTF-8 bytes of all that was said.

    `tape`: where every word is kept, while another endpoint may have to go on with them.
    """

    said: int = field(default=0, init=False)
    text_bytes: int = field(default=0, init=False)
    tape: Tape | None = field(default=None, init=False)
    _kept: bytearray = field(default_factory=bytearray, init=False)

    def say(self, text: bytes) -> None:
        """One event's text; an empty one says nothing."""
        if text:
            self.said += 1
            if self.text_bytes < KEPT_MAX:
                self._kept += text
            self.text_bytes += len(text)

    @property
    def text(self) -> bytes:
        """The beginning of what was said, at least 64 KB of it."""
        return bytes(self._kept)


@dataclass(slots=True)
class EventStream(Spoken):
    """The part of bridge.Stream that streams of events between equal sides share."""

    usage: Any = field(default=None, init=False)
    finish_reason: str = field(default="", init=False)
    events: int = field(default=0, init=False)
    error: Any = field(default=None, init=False)
    done: bool = field(default=False, init=False)
    broken: bool = field(default=False, init=False)

    @property
    def over(self) -> bool:
        """Nothing more is to be expected of this stream."""
        return self.done or self.broken or self.error is not None

    @property
    def complete(self) -> bool:
        """The answer came to its own end. Some servers forget [DONE]; a finish reason is an end too."""
        return self.error is None and not self.broken and (self.done or bool(self.finish_reason))

    @property
    def kind(self) -> bytes:
        return EVENTS
