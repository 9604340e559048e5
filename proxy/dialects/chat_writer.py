"""Answers of any upstream as OpenAI chat completions, whole and streamed (api.md §1.2–1.3)."""

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import orjson

from proxy.call import Call
from proxy.dialects.events import Arguments, Event, Refusal, Said, Text, Thought, ToolCall, joined
from proxy.dialects.openai import Stream, usage_of
from proxy.dialects.translated import Near
from proxy.errors import ApiError
from proxy.meter import Usage

DONE = b"data: [DONE]\n\n"


def whole(call: Call, answer: Said, model: str, usage: Usage) -> bytes:
    """A chat.completion body."""
    choice = {
        "index": 0,
        "message": _message(answer.events),
        "logprobs": None,
        "finish_reason": answer.finish_reason or "stop",
    }
    return orjson.dumps(
        {
            "id": f"chatcmpl-{uuid4().hex[:24]}",
            "object": "chat.completion",
            "created": int(time.time()),
            "model": model,
            "choices": [choice],
            "usage": usage_of(usage),
        }
    )


def usage_chunk(frame: Mapping[str, Any], usage: Usage, note: Mapping[str, Any]) -> bytes:
    """The last chunk before [DONE] for a caller who asked for it. `note`: see bridge.Stream.end."""
    chunk = {**frame, "choices": [], "usage": usage_of(usage), "cloudapi": note}
    return b"data: " + orjson.dumps(chunk) + b"\n\n"


def _message(events: Iterable[Event]) -> dict[str, Any]:
    events = tuple(events)
    text, thoughts, refusal = joined(events, Text), joined(events, Thought), joined(events, Refusal)
    calls: dict[int, dict[str, Any]] = {}
    for event in events:
        if isinstance(event, ToolCall):
            calls[event.place] = _call(event)
        elif isinstance(event, Arguments):
            calls[event.place]["function"]["arguments"] += event.text
    message: dict[str, Any] = {
        "role": "assistant",
        "content": text or (None if calls or refusal else ""),
        "refusal": refusal or None,
    }
    if thoughts:
        message["reasoning_content"] = thoughts
    if calls:
        message["tool_calls"] = list(calls.values())
    return message | {"annotations": []}


def _call(event: ToolCall) -> dict[str, Any]:
    call = {"id": event.id, "type": "function", "function": {"name": event.name, "arguments": ""}}
    if event.signature:
        call["extra_content"] = {"google": {"thought_signature": event.signature}}
    return call


@dataclass(slots=True)
class Writer:
    """events.Writer of the openai dialect."""

    model: str
    wants_usage: bool
    _begun: bool = False
    _frame: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._frame = {
            "id": f"chatcmpl-{uuid4().hex[:24]}",
            "object": "chat.completion.chunk",
            "created": int(time.time()),
            "model": self.model,
        }

    def take_up(self, head: Mapping[str, Any]) -> None:
        """head: what each chunk so far had beside its choices."""
        self._frame |= head

    def write(self, events: Iterable[Event]) -> bytes:
        deltas = (delta for event in events if (delta := _delta(event)))
        return self._opening() + b"".join(map(self._chunk, deltas))

    def end(self, finish_reason: str, usage: Usage, note: Mapping[str, Any]) -> bytes:
        last = self._opening() + self._chunk({}, finish_reason or "stop")
        return last + (usage_chunk(self._frame, usage, note) if self.wants_usage else b"") + DONE

    def failed(self, error: ApiError, request_id: str) -> bytes:
        return error.event(request_id)

    def _opening(self) -> bytes:
        if self._begun:
            return b""
        self._begun = True
        return self._chunk({"role": "assistant", "content": "", "refusal": None})

    def _chunk(self, delta: dict[str, Any], finish: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        chunk = {**self._frame, "choices": [choice]}
        if self.wants_usage:
            chunk["usage"] = None
        return b"data: " + orjson.dumps(chunk) + b"\n\n"


def taken_up(first: Stream) -> Writer:
    """Goes on with a stream that had passed as it came: under its id, without a second beginning."""
    writer = Writer(orjson.loads(first.model), first.wants_usage, first.events > 0)
    writer.take_up(first.head)
    return writer


def _delta(event: Event) -> dict[str, Any]:
    match event:
        case Text():
            return {"content": event.text}
        case Thought():
            return {"reasoning_content": event.text} if event.text else {}  # a seal says nothing here
        case Refusal():
            return {"refusal": event.text}
        case ToolCall():
            return {"tool_calls": [{"index": event.place, **_call(event)}]}
        case Arguments():
            return {"tool_calls": [{"index": event.place, "function": {"arguments": event.text}}]}


NEAR = Near(
    chat=lambda call: dict(call.body),
    writer=lambda call, model: Writer(model, call.wants_usage),
    whole=whole,
)
