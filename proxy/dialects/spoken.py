"""What a model has said so far, kept so that it can be counted where the upstream doesn't."""

from dataclasses import dataclass, field
from typing import Final

# A longer answer is counted by the rate of its beginning.
KEPT_MAX: Final = 256 * 1024


@dataclass(slots=True)
class Spoken:
    """`said`: events with text, about a token each. `text_bytes`: UTF-8 bytes of all that was said."""

    said: int = field(default=0, init=False)
    text_bytes: int = field(default=0, init=False)
    _pieces: list[bytes] = field(default_factory=list, init=False)

    def say(self, text: bytes) -> None:
        """One event's text; an empty one says nothing."""
        if text:
            self.said += 1
            if self.text_bytes < KEPT_MAX:
                self._pieces.append(text)
            self.text_bytes += len(text)

    @property
    def text(self) -> bytes:
        """The beginning of what was said, at least 256 KB of it."""
        return b"".join(self._pieces)
