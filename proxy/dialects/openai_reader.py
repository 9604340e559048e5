"""The openai dialect of an upstream, read into events for callers of other dialects.

Servers differ in how they stream tool calls (api.md §3): without ids, with id and name on every piece, or all
at index 0 with new ids. A new id is a new call.
"""

from dataclasses import dataclass, field
from typing import Any, ClassVar
from uuid import uuid4

import orjson

from proxy.dialects import openai, openai_request
from proxy.dialects.event_reader import EventReader
from proxy.dialects.events import Arguments, Event, Refusal, Said, Text, Thought, ToolCall
from proxy.dialects.translated import Far, refusal


def read_whole(data: bytes) -> Said | None:
    """A chat completion's first choice; None when it isn't a chat completion."""
    try:
        parsed = orjson.loads(data)
    except orjson.JSONDecodeError:
        return None
    choices = parsed.get("choices") if isinstance(parsed, dict) else None
    if not isinstance(choices, list) or not choices or not isinstance(choices[0], dict):
        return None
    reader = Reader()
    events = reader.message(choices[0].get("message"))
    return Said(tuple(events), parsed.get("usage"), finish(choices[0].get("finish_reason")))


def finish(reason: Any) -> str:
    """A finish reason in OpenAI's words of today."""
    if reason == "function_call":
        return "tool_calls"
    return reason.replace("\x00", "")[:40] if isinstance(reason, str) else ""


@dataclass(slots=True)
class Reader(EventReader):
    """events.Reader of the openai dialect."""

    ends_with_done: ClassVar[bool] = True

    _begun: dict[int, "_Begun"] = field(default_factory=dict)  # by the upstream's index
    _places: int = 0

    def told(self, event: dict[str, Any]) -> list[Event]:
        choices = event.get("choices")
        if event.get("error") is not None and not choices:
            self.error = event["error"]
            return []
        self.events += 1
        if event.get("usage") is not None:
            self.usage = event["usage"]
        if not isinstance(choices, list) or not choices or not isinstance(choices[0], dict):
            return []
        self.finish_reason = finish(choices[0].get("finish_reason")) or self.finish_reason
        return self.message(choices[0].get("delta"))

    def message(self, message: Any) -> list[Event]:
        """The events of a message or delta, reasoning first."""
        if not isinstance(message, dict):
            return []
        found: list[Event] = []
        for name in ("reasoning_content", "reasoning"):
            if text := _text(message, name):
                found.append(Thought(text))
                break
        if text := _text(message, "content"):
            found.append(Text(text))
        if text := _text(message, "refusal"):
            found.append(Refusal(text))
        calls = message.get("tool_calls")
        for index, call in enumerate(calls if isinstance(calls, list) else ()):
            if isinstance(call, dict):
                found += self._call(index, call)
        return found

    def _call(self, order: int, call: dict[str, Any]) -> list[Event]:
        function = call.get("function")
        function = function if isinstance(function, dict) else {}
        index, id_ = call.get("index", order), _text(call, "id")
        index = index if isinstance(index, int) else order
        begun = self._begun.get(index)
        if begun is None or begun.is_another(id_, _text(function, "name")):
            begun = self._begun[index] = _Begun(self._places)
            self._places += 1
        return begun.tell(id_, function, _signature(call))


@dataclass(slots=True)
class _Begun:
    """A tool call of the stream. Nothing is told of it before its name is known."""

    place: int
    id: str = ""
    name: str = ""
    made_id: bool = False
    held: str = ""  # arguments that came before the name

    def is_another(self, id_: str, name: str) -> bool:
        """An id of its own means another call, unless this one's was made and its true one comes late."""
        return bool(id_) and bool(self.id) and id_ != self.id and (not self.made_id or bool(name))

    def tell(self, id_: str, function: dict[str, Any], signature: str) -> list[Event]:
        """The events of one more piece."""
        found: list[Event] = []
        text = _text(function, "arguments")
        if not self.name:
            self.name, self.held = _text(function, "name"), self.held + text
            self.id = self.id or id_
            if not self.name:
                return []
            self.made_id = not self.id
            self.id = self.id or f"call_{uuid4().hex[:24]}"
            found.append(ToolCall(self.place, self.id, self.name, signature))
            text = self.held
        return [*found, Arguments(self.place, text)] if text else found


def _text(values: dict[str, Any], name: str) -> str:
    value = values.get(name)
    return value if isinstance(value, str) else ""


def _signature(call: dict[str, Any]) -> str:
    """Gemini's, where a server of the openai dialect passes it on (api.md §1.2)."""
    extra = call.get("extra_content")
    google = extra.get("google") if isinstance(extra, dict) else None
    return _text(google, "thought_signature") if isinstance(google, dict) else ""


FAR = Far(
    ask=openai_request.ask_translated,
    reader=Reader,
    whole=read_whole,
    usage=openai.read_usage,
    refusal=refusal,
)
