"""What a model says, whatever its dialect: the events between an upstream's reader and a caller's writer.

A translated answer is read into these and written from them; between equal dialects bytes pass untouched
instead. Finish reasons are OpenAI's words: stop, length, tool_calls, content_filter.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from proxy.errors import ApiError
from proxy.meter import Usage


@dataclass(frozen=True, slots=True)
class Text:
    """A piece of the answer."""

    text: str


@dataclass(frozen=True, slots=True)
class Thought:
    """A piece of reasoning. `signature`: the vendor's seal over the whole thought, in its last piece."""

    text: str
    signature: str = ""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A piece of a refusal to answer."""

    text: str


@dataclass(frozen=True, slots=True)
class ToolCall:
    """The call of a tool begins. `place`: 0, 1, … in the answer. `signature`: Gemini's, to be sent back."""

    place: int
    id: str
    name: str
    signature: str = ""


@dataclass(frozen=True, slots=True)
class Arguments:
    """A piece of a tool call's arguments: JSON text, cut anywhere."""

    place: int
    text: str


Event = Text | Thought | Refusal | ToolCall | Arguments


def said(event: Event) -> bytes:
    """The text of an event as UTF-8, as far as it is paid for by the token."""
    return (event.name if isinstance(event, ToolCall) else event.text).encode("utf-8", "replace")


def joined(events: Iterable[Event], kind: type[Text] | type[Thought] | type[Refusal]) -> str:
    """All text of one kind of events."""
    return "".join(event.text for event in events if isinstance(event, kind))


@dataclass(frozen=True, slots=True)
class Said:
    """A whole answer. `usage`: the upstream's own report."""

    events: tuple[Event, ...]
    usage: Any
    finish_reason: str


class Reader(Protocol):
    """The upstream's side of a translated stream."""

    usage: Any  # the upstream's own report so far
    finish_reason: str
    events: int  # of the upstream's, whatever they say
    error: Any
    done: bool
    broken: bool

    def feed(self, data: bytes) -> list[Event]:
        """What these bytes complete. Raises sse.EventTooLarge."""

    @property
    def complete(self) -> bool:
        """The answer came to its own end."""


class Writer(Protocol):
    """The caller's side of a translated stream. Nothing is written before the first event."""

    def write(self, events: Iterable[Event]) -> bytes:
        """What the caller gets for these events; it may hold some back until it can place them."""

    def end(self, finish_reason: str, usage: Usage, note: Mapping[str, Any]) -> bytes:
        """All that is still open, and the terminal part."""

    def failed(self, error: ApiError, request_id: str) -> bytes:
        """How the stream ends when it broke: never as if it had come to its own end."""
