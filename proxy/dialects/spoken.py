"""What a model has said so far, kept so that it can be counted where the upstream doesn't."""

from dataclasses import dataclass, field
from typing import Final

# A longer answer is counted by the rate of its beginning. A hundred streams keep no more than a few
# megabytes.
KEPT_MAX: Final = 64 * 1024


@dataclass(slots=True)
class Spoken:
    """`said`: events with text, about a token each. `text_bytes`: UTF-8 bytes of all that was said."""

    said: int = field(default=0, init=False)
    text_bytes: int = field(default=0, init=False)
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
