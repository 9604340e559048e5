"""Server-sent events that pass as they are, up to the one that ends them: audio in pieces, transcripts.

Source: OpenAI's `speech.audio.delta|done` and `transcript.text.delta|done`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from proxy.bridge import EVENTS
from proxy.dialects import sse
from proxy.dialects.spoken import Spoken
from proxy.errors import ApiError
from proxy.meter import Usage


@dataclass(slots=True)
class ToldEvents(Spoken):
    """bridge.Stream. `last`: the type of the event that ends the answer."""

    last: str
    usage: Any = None
    events: int = 0
    done: bool = False
    error: Any = None
    broken: bool = False
    finish_reason: str = field(default="", init=False)
    splitter: sse.Splitter = field(default_factory=sse.Splitter)
    _end: bytes = field(default=b"", init=False)

    def feed(self, data: bytes) -> bytes:
        return b"".join(self._event(event) for event in self.splitter.feed(data) if not self.over)

    def _event(self, event: bytes) -> bytes:
        payload = sse.payload(event)
        if not payload or payload == b"[DONE]":
            return b""
        try:
            told = orjson.loads(payload)
        except orjson.JSONDecodeError:
            told = None
        if not isinstance(told, dict):
            self.broken = True
            return b""
        if told.get("error") is not None or told.get("type") == "error":
            self.error = told.get("error") or told
            return b""
        self.events += 1
        if told.get("type") == self.last:
            self.done, self.usage, self._end = True, told.get("usage"), event
            return b""
        self.say(_piece(told))
        return event

    @property
    def begun(self) -> bool:
        return self.said > 0

    @property
    def over(self) -> bool:
        return self.done or self.broken or self.error is not None

    @property
    def complete(self) -> bool:
        return self.done

    @property
    def kind(self) -> bytes:
        return EVENTS

    def end(self, usage: Usage, note: Mapping[str, Any]) -> bytes:
        return self._end

    def failed(self, error: ApiError, request_id: str) -> bytes:
        return error.event(request_id)


def _piece(told: dict[str, Any]) -> bytes:
    """What an event brings: text or base64."""
    found = told.get("delta") or told.get("audio")
    return found.encode() if isinstance(found, str) else b""
