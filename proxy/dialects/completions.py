"""POST /v1/completions, OpenAI's legacy API, over chat models: the prompt is the user's message (api.md §1).

What a chat model can't do is refused by name: several prompts, tokens for a prompt, a suffix, log
probabilities of the prompt, and several answers.
"""

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import uuid4

import orjson

from proxy.call import Call
from proxy.dialects import fields, json_body
from proxy.dialects.chat_writer import DONE, usage_chunk
from proxy.dialects.events import Event, Refusal, Said, Text
from proxy.dialects.openai import usage_of
from proxy.dialects.openai_request import OUTPUT_MAX, weighed
from proxy.dialects.translated import Near
from proxy.errors import ApiError, invalid
from proxy.meter import Usage

_NUMBERS: Final = {
    "temperature": (0, 2),
    "top_p": (0, 1),
    "presence_penalty": (-2, 2),
    "frequency_penalty": (-2, 2),
}
_SAME: Final = (*_NUMBERS, "stop", "seed", "user", "logit_bias", "stream", "stream_options")


def parse(raw: bytes, inbound: Mapping[bytes, list[bytes]]) -> Call:
    """A request body as a Call. Raises ApiError 400 before anything has moved."""
    body = json_body.parse(raw)
    asked = fields.model_name(body)
    for name, (low, high) in _NUMBERS.items():
        fields.number(body, name, low, high)
    for name in ("n", "best_of"):
        if (fields.whole(body, name, 1, 128) or 1) > 1:
            raise invalid("unsupported_parameter", f"'{name}' above 1 is not supported.", name)
    for name in ("suffix", "logprobs"):
        if body.get(name) not in (None, ""):
            raise invalid(
                "unsupported_parameter", f"'{name}' is not supported: chat models serve this.", name
            )
    fields.flag(body, "echo")
    limit = fields.whole(body, "max_tokens", 1, OUTPUT_MAX)
    return weighed("completions", asked, body, to_chat(body), ("max_tokens", limit))


def to_chat(body: Mapping[str, Any]) -> dict[str, Any]:
    """The same question as a body of /v1/chat/completions. Raises ApiError 400."""
    messages = [{"role": "user", "content": prompt_of(body)}]
    return {
        "model": body["model"],
        "messages": messages,
        **{name: body[name] for name in _SAME if body.get(name) is not None},
    }


def prompt_of(body: Mapping[str, Any]) -> str:
    """The one text to go on from. Raises ApiError 400."""
    prompt = body.get("prompt")
    if prompt is None:
        raise invalid("missing_required_parameter", "The field 'prompt' is missing.", "prompt")
    if isinstance(prompt, list) and len(prompt) == 1 and isinstance(prompt[0], str):
        prompt = prompt[0]
    if isinstance(prompt, list) and prompt:
        told = "'prompt' must be one text: lists of tokens or of several prompts are not supported."
        raise invalid("unsupported_parameter", told, "prompt")
    if not isinstance(prompt, str):
        raise invalid("invalid_type", "'prompt' must be a string.", "prompt")
    return prompt


def whole(call: Call, answer: Said, model: str, usage: Usage) -> bytes:
    """A text_completion body."""
    text = _echo(call) + "".join(map(_text, answer.events))
    choice = _choice(text, answer.finish_reason or "stop")
    return orjson.dumps({**_frame(model), "choices": [choice], "usage": usage_of(usage)})


def _frame(model: str) -> dict[str, Any]:
    created = int(time.time())
    return {"id": f"cmpl-{uuid4().hex[:24]}", "object": "text_completion", "created": created, "model": model}


def _choice(text: str, finish: str | None) -> dict[str, Any]:
    return {"text": text, "index": 0, "logprobs": None, "finish_reason": finish}


def _echo(call: Call) -> str:
    return prompt_of(call.body) if call.body.get("echo") else ""


def _text(event: Event) -> str:
    """This API has a place for the answer's text only."""
    return event.text if isinstance(event, (Text, Refusal)) else ""


@dataclass(slots=True)
class Writer:
    """events.Writer of the legacy API. `echo`: what comes before the answer."""

    model: str
    wants_usage: bool
    echo: str
    _frame: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._frame = _frame(self.model)

    def write(self, events: Iterable[Event]) -> bytes:
        text = "".join(map(_text, events))
        return self._chunk(text) if text else b""

    def end(self, finish_reason: str, usage: Usage, note: Mapping[str, Any]) -> bytes:
        last = self._chunk("", finish_reason or "stop")
        return last + (usage_chunk(self._frame, usage, note) if self.wants_usage else b"") + DONE

    def failed(self, error: ApiError, request_id: str) -> bytes:
        return error.event(request_id)

    def _chunk(self, text: str, finish: str | None = None) -> bytes:
        before, self.echo = self.echo, ""
        chunk = {**self._frame, "choices": [_choice(before + text, finish)]}
        if self.wants_usage:
            chunk["usage"] = None
        return b"data: " + orjson.dumps(chunk) + b"\n\n"


NEAR: Final = Near(
    chat=lambda call: to_chat(call.body),
    writer=lambda call, model: Writer(model, call.wants_usage, _echo(call)),
    whole=whole,
)
