"""What a stream has said so far, word for word: kept only while somebody may have to go on with it.

Plain text alone can be handed over. Reasoning is sealed by its vendor or not shown at all, half a tool call
can't be finished by another model, and what nobody here knows can't be told to one.
"""

from dataclasses import dataclass, field
from typing import Final

# A longer answer isn't gone on with: a hundred of them keep no more than 25 MB.
KEPT_MAX: Final = 256 * 1024


@dataclass(slots=True)
class Tape:
    """`text`: all that was said; None once there was more than text, or more of it than is kept."""

    _pieces: list[str] = field(default_factory=list)
    _size: int = 0
    _spoilt: bool = False

    def add(self, text: str) -> None:
        """A piece of the answer's text."""
        self._size += len(text)
        if self._size > KEPT_MAX:
            self.spoil()
        else:
            self._pieces.append(text)

    def spoil(self) -> None:
        """Something was said that nobody else can go on with."""
        self._spoilt = True
        self._pieces.clear()

    @property
    def text(self) -> str | None:
        return None if self._spoilt else "".join(self._pieces)
