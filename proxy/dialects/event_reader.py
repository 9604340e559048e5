"""What the readers of all upstream dialects share: the events one by one, and how far the answer has come."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Any, ClassVar

import orjson

from proxy.dialects import sse
from proxy.dialects.events import Event


@dataclass(slots=True)
class EventReader(ABC):
    """The part of events.Reader that no dialect changes. ends_with_done: a stream ends by OpenAI's [DONE]."""

    ends_with_done: ClassVar[bool] = False

    usage: Any = None
    finish_reason: str = ""
    events: int = 0
    error: Any = None
    done: bool = False
    broken: bool = False
    _splitter: sse.Splitter = field(default_factory=sse.Splitter)

    def feed(self, data: bytes) -> list[Event]:
        """What these bytes complete; nothing after an end, an error or what can't be read."""
        found: list[Event] = []
        for event in self._splitter.feed(data):
            if self.done or self.broken or self.error is not None:
                break
            payload = sse.payload(event)
            if payload:
                found += self._read(payload)
        return found

    def _read(self, payload: bytes) -> list[Event]:
        if payload.strip() == b"[DONE]":
            self.done = self.ends_with_done
            return []
        told = sse.member(payload)
        if told is None:
            self.broken = True
            return []
        try:
            return self.told(told)
        except orjson.JSONEncodeError:  # arguments nested deeper than can be written
            self.broken = True
            return []

    @abstractmethod
    def told(self, event: dict[str, Any]) -> list[Event]:
        """What one event of the upstream says. Raises orjson.JSONEncodeError."""

    @property
    def complete(self) -> bool:
        """Some servers forget their last event; a finish reason is an end too."""
        return self.error is None and not self.broken and (self.done or bool(self.finish_reason))
