"""Answers of any upstream as the Messages API gives them, whole and streamed (api.md §2.2–2.3, §3).

A stream is message_start, the content blocks (messages_blocks.py), message_delta and message_stop; each event
has its name in an `event:` line too. A stream that breaks ends in an error event, its open block left open: a
client that gets the end of a block acts on it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import uuid4

import orjson

from proxy.call import Call
from proxy.dialects.events import Event, Said
from proxy.dialects.messages_blocks import Blocks, content
from proxy.dialects.messages_to_chat import chat, long_names, used_ids
from proxy.dialects.translated import Near
from proxy.errors import ANTHROPIC, ApiError
from proxy.meter import Usage

_STOP_REASONS: Final = {"length": "max_tokens", "content_filter": "refusal"}
_LAST: Final = b'event: message_stop\ndata: {"type":"message_stop"}\n\n'


def stop_reason(finish_reason: str, *, called: bool) -> str:
    """OpenAI's finish reason in Anthropic's words. Some servers say `stop` behind a tool call."""
    return _STOP_REASONS.get(finish_reason) or ("tool_use" if called else "end_turn")


def usage_of(usage: Usage) -> dict[str, Any]:
    """Anthropic's usage object: input tokens neither read from the cache nor written to it, and those."""
    written = usage.cache_write + usage.cache_write_1h
    return {
        "input_tokens": max(0, usage.input - usage.cached - written),
        "cache_creation_input_tokens": written,
        "cache_read_input_tokens": usage.cached,
        "cache_creation": {
            "ephemeral_5m_input_tokens": usage.cache_write,
            "ephemeral_1h_input_tokens": usage.cache_write_1h,
        },
        "output_tokens": usage.output,
        "output_tokens_details": {"thinking_tokens": usage.reasoning},
        "server_tool_use": None,
        "service_tier": "standard",
        "inference_geo": None,
    }


def _message(model: str, usage: Usage) -> dict[str, Any]:
    return {
        "id": f"msg_{uuid4().hex[:24]}",
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "stop_details": None,
        "container": None,
        "usage": usage_of(usage),
    }


def _stop_fields(reason: str) -> dict[str, Any]:
    refused = {"type": "refusal", "category": None, "explanation": None} if reason == "refusal" else None
    return {"stop_reason": reason, "stop_sequence": None, "stop_details": refused}


def whole(call: Call, answer: Said, model: str, usage: Usage) -> bytes:
    """A message body."""
    blocks = _blocks(call)
    found = content(answer.events, blocks)
    reason = stop_reason(answer.finish_reason, called=blocks.called)
    return orjson.dumps(_message(model, usage) | {"content": found} | _stop_fields(reason))


def _blocks(call: Call) -> Blocks:
    return Blocks(long_names(call), used_ids(call))


@dataclass(slots=True)
class Writer:
    """events.Writer of the Messages API."""

    model: str
    input_estimate: int
    blocks: Blocks
    _begun: bool = False

    def write(self, events: Iterable[Event]) -> bytes:
        payloads = [payload for event in events for payload in self.blocks.write(event)]
        return self._opening() + b"".join(map(_event, payloads))

    def end(self, finish_reason: str, usage: Usage, note: Mapping[str, Any]) -> bytes:
        last = b"".join(map(_event, self.blocks.close()))
        stop = _stop_fields(stop_reason(finish_reason, called=self.blocks.called))
        delta = stop | {"container": None}
        told = {"type": "message_delta", "delta": delta, "usage": usage_of(usage), "cloudapi": note}
        return self._opening() + last + _event(told) + _LAST

    def failed(self, error: ApiError, request_id: str) -> bytes:
        return error.event(request_id, ANTHROPIC)

    def _opening(self) -> bytes:
        """Its counts are a guess, as the true ones come with message_delta, which is what clients go by."""
        if self._begun:
            return b""
        self._begun = True
        return _event({"type": "message_start", "message": _message(self.model, Usage(self.input_estimate))})


def taken_up(call: Call, place: int, *, is_open: bool) -> Writer:
    """Goes on with a stream that had passed as it came: in its last block, of text, or behind it."""
    writer = Writer("", 0, _blocks(call), True)
    writer.blocks.take_up(place, "text" if is_open else "")
    return writer


def _event(payload: Mapping[str, Any]) -> bytes:
    return b"event: %s\ndata: %s\n\n" % (payload["type"].encode(), orjson.dumps(payload))


NEAR = Near(
    chat=chat,
    writer=lambda call, model: Writer(model, call.input_estimate, _blocks(call)),
    whole=whole,
)
