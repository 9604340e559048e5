"""Server-sent events that pass as they are, up to the one that ends them: audio in pieces, transcripts.

Source: OpenAI's `speech.audio.delta|done` and `transcript.text.delta|done`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from proxy.dialects import sse
from proxy.dialects.spoken import EventStream
from proxy.errors import ApiError
from proxy.meter import Usage


@dataclass(slots=True)
class ToldEvents(EventStream):
    """bridge.Stream. `last`: the type of the event that ends the answer."""

    last: str
    splitter: sse.Splitter = field(default_factory=sse.Splitter)
    _end: bytes = field(default=b"", init=False)

    def feed(self, data: bytes) -> bytes:
        return b"".join(self._event(event) for event in self.splitter.feed(data) if not self.over)

    def _event(self, event: bytes) -> bytes:
        payload = sse.payload(event)
        if not payload or payload == b"[DONE]":
            return b""
        told = sse.member(payload)
        if told is None:
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
    def complete(self) -> bool:
        return self.done

    def end(self, usage: Usage, note: Mapping[str, Any]) -> bytes:
        return self._end

    def failed(self, error: ApiError, request_id: str) -> bytes:
        return error.event(request_id)


def _piece(told: dict[str, Any]) -> bytes:
    """What an event brings: text or base64."""
    found = told.get("delta") or told.get("audio")
    return found.encode() if isinstance(found, str) else b""
