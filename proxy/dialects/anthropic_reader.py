"""The anthropic dialect of an upstream, read into events for callers of other dialects (api.md §2.2–2.3)."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from proxy.dialects import chat_to_anthropic
from proxy.dialects.anthropic import is_ours
from proxy.dialects.anthropic_usage import finish, inside, merge_usage, read_usage, seed_usage
from proxy.dialects.event_reader import EventReader
from proxy.dialects.events import Arguments, Event, Refusal, Said, Text, Thought, ToolCall
from proxy.dialects.translated import Far, refusal

# orjson makes a float of a whole number beyond 64 bits, json doesn't; fewer digits can't be beyond.
_LONG_NUMBER: Final = re.compile(rb"[0-9]{19}")


def read_whole(data: bytes) -> Said | None:
    """A message; None when it isn't one."""
    try:
        message = orjson.loads(data)
        if _LONG_NUMBER.search(data):
            message = json.loads(data)
    except (ValueError, RecursionError):
        return None
    blocks = message.get("content") if isinstance(message, dict) else None
    if not isinstance(blocks, list) or message.get("type") == "error":
        return None
    reader = Reader()
    try:
        events = [event for block in blocks for event in reader.block(block)]
    except orjson.JSONEncodeError:  # a tool's input nested deeper than can be written
        return None
    events += reader.stop(message)
    return Said(tuple(events), message.get("usage"), reader.finish_reason)


@dataclass(slots=True)
class _Call:
    """A tool call that is open. `input`: what came with its beginning, if no pieces come."""

    place: int
    input: Any
    told: bool = False


@dataclass(slots=True)
class Reader(EventReader):
    """events.Reader of the anthropic dialect."""

    _calls: dict[Any, _Call] = field(default_factory=dict)  # the upstream's index → an open call
    _places: int = 0

    def told(self, event: dict[str, Any]) -> list[Event]:
        match event.get("type"):
            case "error":
                self.error = event.get("error") or {}
                return []
            case "ping":
                return []
        self.events += 1
        return self._message(event)

    def _message(self, event: Mapping[str, Any]) -> list[Event]:
        match event.get("type"):
            case "message_start":
                self.usage = seed_usage(inside(event, "message").get("usage"))
            case "content_block_start":
                return self._begin(event.get("index"), event.get("content_block"))
            case "content_block_delta":
                return self._delta(event.get("index"), inside(event, "delta"))
            case "content_block_stop":
                return self._end(event.get("index"))
            case "message_delta":
                self.usage = merge_usage(self.usage, event.get("usage"))
                return self.stop(inside(event, "delta"))
            case "message_stop":
                self.done = True
        return []

    def block(self, block: Any) -> list[Event]:
        """The events of a block that came whole."""
        return [event for event in (*self._begin(0, block), *self._end(0)) if event != Thought("")]

    def stop(self, message: Mapping[str, Any]) -> list[Event]:
        """Notes why the message ended; a refusal's explanation is said."""
        self.finish_reason = finish(message.get("stop_reason")) or self.finish_reason
        explained = _text(inside(message, "stop_details"), "explanation")
        return [Refusal(explained)] if explained and self.finish_reason == "content_filter" else []

    def _begin(self, index: Any, block: Any) -> list[Event]:
        if not isinstance(block, dict):
            return []
        match block.get("type"):
            case "text" if text := _text(block, "text"):
                return [Text(text)]
            case "thinking" | "redacted_thinking":  # nothing is said yet, but the answer has begun
                return [Thought(_text(block, "thinking"), _text(block, "signature"))]
            case "tool_use":
                self._calls[_key(index)] = _Call(self._places, block.get("input"))
                self._places += 1
                return [ToolCall(self._places - 1, _text(block, "id"), _text(block, "name"))]
        return []

    def _delta(self, index: Any, delta: Mapping[str, Any]) -> list[Event]:
        match delta.get("type"):
            case "text_delta" if text := _text(delta, "text"):
                return [Text(text)]
            case "thinking_delta" if text := _text(delta, "thinking"):
                return [Thought(text)]
            case "signature_delta" if text := _text(delta, "signature"):
                return [Thought("", text)]
            case "input_json_delta" if text := _text(delta, "partial_json"):
                call = self._calls.get(_key(index))
                if call is not None:
                    call.told = True
                    return [Arguments(call.place, text)]
        return []

    def _end(self, index: Any) -> list[Event]:
        """Arguments that didn't come in pieces came with the call's beginning; `{}` are arguments too."""
        call = self._calls.pop(_key(index), None)
        if call is None or call.told:
            return []
        given = call.input if isinstance(call.input, dict) else {}
        return [Arguments(call.place, _written(given))]


def _written(given: Mapping[str, Any]) -> str:
    """Compact JSON. Raises orjson.JSONEncodeError for what is nested deeper than can be written."""
    try:
        return orjson.dumps(given).decode()
    except orjson.JSONEncodeError as error:
        if "64-bit" not in str(error):
            raise
        return json.dumps(given, ensure_ascii=False, separators=(",", ":"))


def _key(index: Any) -> int:
    return index if isinstance(index, int) else 0


def _text(values: Mapping[str, Any], name: str) -> str:
    value = values.get(name)
    return value if isinstance(value, str) else ""


FAR = Far(
    ask=chat_to_anthropic.ask,
    reader=Reader,
    whole=read_whole,
    usage=read_usage,
    refusal=lambda status, words: None if is_ours(words) else refusal(status, words),
)
