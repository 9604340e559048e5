"""The openai dialect, upstream to caller: bytes pass untouched, apart from the model name and the usage.

Framing and traps: api.md §1.2–1.3. Prompt tokens include cached ones, completion tokens include reasoning.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from proxy.bridge import Answer, Bounds, Bridge
from proxy.dialects import openai_request, sse
from proxy.dialects.spoken import EventStream
from proxy.dialects.tape import Tape
from proxy.dialects.template import Template, learn
from proxy.errors import ApiError, VerbatimError
from proxy.meter import Usage

# The first unescaped "model" member; inside strings its quotes would be escaped.
_MODEL = re.compile(rb'"model"\s*:\s*(?:"(?:[^"\\]|\\.)*"|null)')
_NULL_USAGE = re.compile(rb',\s*"usage"\s*:\s*null')


def rename(data: bytes, model: bytes) -> bytes:
    """`data` with the value of its first `model` member replaced; `model` is JSON-encoded."""
    return _MODEL.sub(lambda _: b'"model":' + model, data, count=1)


def read_usage(reported: Any, bounds: Bounds) -> Usage | None:
    """A usage object as units; None when it is missing or can't be true.

    A total above what was asked for by this much is a lie or a bug of the upstream (reliability.md fault 25):
    it must neither crash us nor empty a wallet.
    """
    if not isinstance(reported, dict):
        return None
    prompt, completion = count_of(reported, "prompt_tokens"), count_of(reported, "completion_tokens")
    if prompt is None or completion is None or prompt > bounds.input or completion > bounds.output:
        return None
    inside, outside = _details(reported, "prompt"), _details(reported, "completion")
    cached = min(count_of(inside, "cached_tokens") or 0, prompt)
    return Usage(
        input=prompt,
        cached=cached,
        cache_write=min(count_of(inside, "cache_write_tokens") or 0, prompt - cached),
        output=completion,
        reasoning=min(count_of(outside, "reasoning_tokens") or 0, completion),
    )


def usage_of(usage: Usage) -> dict[str, Any]:
    """OpenAI's usage object: prompt tokens include cached ones, completion tokens include reasoning."""
    return {
        "prompt_tokens": usage.input,
        "completion_tokens": usage.output,
        "total_tokens": usage.input + usage.output,
        "prompt_tokens_details": {
            "cached_tokens": usage.cached,
            "cache_write_tokens": usage.cache_write + usage.cache_write_1h,
            "audio_tokens": 0,
        },
        "completion_tokens_details": {"reasoning_tokens": usage.reasoning, "audio_tokens": 0},
    }


def count_of(counts: dict[str, Any], name: str) -> int | None:
    """A member that is a whole number from 0 on, else None."""
    value = counts.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _details(reported: dict[str, Any], side: str) -> dict[str, Any]:
    details = reported.get(f"{side}_tokens_details")
    return details if isinstance(details, dict) else {}


def read_answer(data: bytes, model: bytes) -> Answer | None:
    """The answer's own bytes under the caller's model name; None when it isn't a chat completion."""
    try:
        parsed = orjson.loads(data)
    except orjson.JSONDecodeError:
        return None
    choices = parsed.get("choices") if isinstance(parsed, dict) else None
    if not isinstance(choices, list) or not choices:
        return None
    found = [choice for choice in choices if isinstance(choice, dict)]
    try:
        text = b"".join(spoken(choice.get("message")) for choice in found)
    except orjson.JSONEncodeError:  # tool calls nested deeper than can be written
        return None
    finish = next((reason for choice in found if (reason := _reason(choice))), "")
    return Answer(rename(data, model), parsed.get("usage"), finish, text)


def _reason(choice: dict[str, Any]) -> str:
    """The finish reason, if it is one: it goes into the books, which take no NUL."""
    reason = choice.get("finish_reason")
    return reason.replace("\x00", "")[:40] if isinstance(reason, str) else ""


def spoken(message: Any) -> bytes:
    """What the model said in a message or delta as UTF-8: text, reasoning, refusal, arguments."""
    if not isinstance(message, dict):
        return b""
    text = b""
    for name in ("content", "reasoning_content", "reasoning", "refusal"):
        value = message.get(name)
        if isinstance(value, str) and value:
            text += value.encode()
    if message.get("tool_calls") or message.get("function_call"):
        text += orjson.dumps([message.get("tool_calls"), message.get("function_call")])
    return text


def refusal(status: int, words: bytes) -> ApiError | None:
    """The upstream's refusal in its own words: the caller speaks the same dialect."""
    return VerbatimError(status, words)


def _one_line(event: bytes, payload: bytes) -> bytes:
    """The event without lines beside its data: they might hold a "model" that is nobody's.

    Data of several lines becomes one, as JSON strings have no line ends inside.
    """
    if event.startswith(b"data:") and not event.rstrip().count(b"\n"):
        return event
    return b"data: " + payload.replace(b"\n", b" ") + b"\n\n"


def _keep(tape: Tape, choice: Mapping[str, Any]) -> None:
    """What one choice of a chunk adds; all but the text of a single answer spoils it."""
    delta = choice.get("delta")
    told = {name: value for name, value in delta.items() if value} if isinstance(delta, dict) else {}
    text = told.pop("content", "")
    told.pop("role", None)
    if told or choice.get("index") or choice.get("logprobs") or not isinstance(text, str):
        tape.spoil()
    else:
        tape.add(text)


@dataclass(slots=True)
class Stream(EventStream):
    """What is known of a stream so far; feed it bytes, forward what it gives back."""

    model: bytes
    wants_usage: bool
    splitter: sse.Splitter = field(default_factory=sse.Splitter)
    usage_event: bytes | None = None
    head: dict[str, Any] = field(default_factory=dict)
    template: Template | None = None
    learnt: int = 0

    def feed(self, data: bytes) -> bytes:
        """The events to forward at once; usage chunk, [DONE] and errors are kept for the end."""
        if self.template is not None and self.splitter.empty and not self.over:
            same = self.template.read(data)
            if same is not None:
                return self._same(*same)
        out = []
        for event in self.splitter.feed(data):
            if self.done or self.error is not None or self.broken:
                break
            out.append(self._event(event))
        return b"".join(out)

    def _same(self, out: bytes, text: bytes) -> bytes:
        """One more event of the shape that is known: nothing but text."""
        self.say(text)
        self.events += 1
        return out

    def _event(self, event: bytes) -> bytes:
        same = self.template.read(event) if self.template is not None else None
        if same is not None:
            return self._same(*same)
        payload = sse.payload(event)
        if not payload:
            return b""  # a comment: our own keep-alive does that work
        if payload == b"[DONE]":
            self.done = True
            return b""
        chunk = sse.member(payload)
        if chunk is None:
            self.broken = True
            return b""
        if chunk.get("error") is not None and not chunk.get("choices"):
            self.error = chunk["error"]
            return b""
        try:
            return self._chunk(_one_line(event, payload), chunk)
        except orjson.JSONEncodeError:  # nested deeper than can be written
            self.broken = True
            return b""

    def _chunk(self, event: bytes, chunk: dict[str, Any]) -> bytes:
        choices = chunk.get("choices")
        for choice in choices if isinstance(choices, list) else ():
            if isinstance(choice, dict):
                self.say(spoken(choice.get("delta")))
                self.finish_reason = _reason(choice) or self.finish_reason
                if self.tape is not None:
                    _keep(self.tape, choice)
        if not self.events:
            head = {name: chunk.get(name) for name in ("id", "object", "created")}
            self.head = {name: value for name, value in head.items() if isinstance(value, (str, int))}
        self.events += 1
        out = event
        if chunk.get("usage") is None:
            if "usage" in chunk and not self.wants_usage:
                out = _NULL_USAGE.sub(b"", event, count=1)
            out = rename(out, self.model)
            self._learn(event, out, choices)
            return out
        self.usage = chunk["usage"]
        if not choices:
            self.usage_event = rename(event, self.model)
            return b""
        # Some servers report usage inside the last content chunk: the numbers leave with our own at the end.
        self.usage_event = None
        return rename(b"data: " + orjson.dumps(self._without_usage(chunk)) + b"\n\n", self.model)

    def _learn(self, event: bytes, out: bytes, choices: Any) -> None:
        """Makes the next events like this one cheap. Where shapes change all the time it stops trying."""
        if self.tape is not None or self.finish_reason or self.learnt * 4 > self.said + 16:
            return
        match choices:
            case [{"delta": dict(delta)}]:
                self.learnt += 1
                self.template = learn(event, out, delta, len(spoken(delta))) or self.template

    def _without_usage(self, chunk: dict[str, Any]) -> dict[str, Any]:
        rest = {name: value for name, value in chunk.items() if name != "usage"}
        return {**rest, "usage": None} if self.wants_usage else rest

    @property
    def begun(self) -> bool:
        return self.usage is not None

    def end(self, usage: Usage, note: Mapping[str, Any]) -> bytes:
        return (self.last_chunk(usage, note) if self.wants_usage else b"") + b"data: [DONE]\n\n"

    def failed(self, error: ApiError, request_id: str) -> bytes:
        return error.event(request_id)

    def last_chunk(self, usage: Usage, note: Mapping[str, Any]) -> bytes:
        """The usage chunk for a caller who asked for it: the upstream's own, else one made from `usage`.

        `note` goes in as the member `cloudapi`: what the route headers would have said, and the cost.
        """
        extra = b',"cloudapi":' + orjson.dumps(note) + b"}"
        if self.usage_event is not None and not usage.estimated:  # what can't be true isn't passed on
            # An event of several data lines becomes one: JSON has no line ends inside its strings.
            chunk = sse.payload(self.usage_event).replace(b"\n", b" ").rstrip()
            return b"data: " + chunk[:-1] + extra + b"\n\n"
        made = {**self.head, "model": orjson.loads(self.model), "choices": [], "usage": usage_of(usage)}
        return b"data: " + orjson.dumps(made)[:-1] + extra + b"\n\n"


CHAT = Bridge(
    ask=openai_request.ask,
    answer=lambda call, reply, model: read_answer(reply.data, model),
    stream=lambda call, model, kind: Stream(model, call.wants_usage),
    usage=lambda call, reported, bounds: read_usage(reported, bounds),
    refusal=refusal,
)
