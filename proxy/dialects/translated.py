"""Bridges between unequal dialects: the request goes through OpenAI's chat body, the answer through events.

So each caller dialect is described once (Near), each upstream dialect once (Far), and `bridge` joins any two.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from proxy.bridge import EVENTS, Answer, Ask, Bounds, Bridge, Reply
from proxy.call import Call
from proxy.dialects.events import Event, Reader, Said, Text, Writer, said
from proxy.dialects.prefill import prefilled
from proxy.dialects.spoken import Spoken
from proxy.dialects.tape import Tape
from proxy.errors import ApiError, invalid
from proxy.meter import Usage
from routing.snaps import EndpointSnap

# (call, the answer, the model's name, its usage) → the body that the caller gets.
Whole = Callable[[Call, Said, str, Usage], bytes]


@dataclass(slots=True)
class Translated(Spoken):
    """bridge.Stream over a Reader and a Writer."""

    reader: Reader
    writer: Writer
    begun: bool = False

    def feed(self, data: bytes) -> bytes:
        events = self.reader.feed(data)
        self.begun = self.begun or bool(events)
        for event in events:
            self.say(said(event))
            if self.tape is not None:
                _keep(self.tape, event)
        return self.writer.write(events) if events else b""

    @property
    def usage(self) -> Any:
        return self.reader.usage

    @property
    def finish_reason(self) -> str:
        return self.reader.finish_reason

    @property
    def events(self) -> int:
        return self.reader.events

    @property
    def error(self) -> Any:
        return self.reader.error

    @property
    def done(self) -> bool:
        return self.reader.done

    @property
    def broken(self) -> bool:
        return self.reader.broken

    @broken.setter
    def broken(self, value: bool) -> None:
        self.reader.broken = value

    @property
    def over(self) -> bool:
        return self.reader.done or self.reader.broken or self.reader.error is not None

    @property
    def complete(self) -> bool:
        return self.reader.complete

    @property
    def kind(self) -> bytes:
        return EVENTS

    def end(self, usage: Usage, note: Mapping[str, Any]) -> bytes:
        return self.writer.end(self.reader.finish_reason, usage, note)

    def failed(self, error: ApiError, request_id: str) -> bytes:
        return self.writer.failed(error, request_id)


def _keep(tape: Tape, event: Event) -> None:
    if isinstance(event, Text):
        tape.add(event.text)
    else:
        tape.spoil()


@dataclass(frozen=True, slots=True, kw_only=True)
class Near:
    """A caller's dialect.

    chat: the request as a body of /v1/chat/completions; raises bridge.Unsupported.
    writer: (call, the model's name) → the writer of a stream. whole: the body of an answer.
    """

    chat: Callable[[Call], dict[str, Any]]
    writer: Callable[[Call, str], Writer]
    whole: Whole


@dataclass(frozen=True, slots=True, kw_only=True)
class Far:
    """An upstream's dialect.

    ask: (call, its chat body, endpoint, granted output tokens) → the request; raises bridge.Unsupported.
    reader, whole: read a stream and a whole answer (None if it is none). usage: see Bridge.usage.
    refusal: see Bridge.refusal, told in our own envelope.
    """

    ask: Callable[[Call, dict[str, Any], EndpointSnap, int], Ask]
    reader: Callable[[], Reader]
    whole: Callable[[bytes], Said | None]
    usage: Callable[[Any, Bounds], Usage | None]
    refusal: Callable[[int, bytes], ApiError | None]


def bridge(near: Near, far: Far) -> Bridge:
    """The bridge between two dialects that differ."""

    def ask(call: Call, endpoint: EndpointSnap, output: int) -> Ask:
        chat = near.chat(call)
        if call.said:
            chat = prefilled(chat, call.said, endpoint.provider.prefill)
        return far.ask(call, chat, endpoint, output)

    def answer(call: Call, reply: Reply, model: bytes) -> Answer | None:
        return _answer(call, far.whole(reply.data), orjson.loads(model), near.whole)

    def stream(call: Call, model: bytes, kind: bytes) -> Translated:
        return Translated(far.reader(), near.writer(call, orjson.loads(model)))

    return Bridge(
        ask=ask,
        answer=answer,
        stream=stream,
        usage=lambda call, reported, bounds: far.usage(reported, bounds),
        refusal=far.refusal,
    )


def refusal(status: int, words: bytes) -> ApiError:
    """An upstream's refusal in our envelope: its message, which all vendors keep in the same place."""
    try:
        parsed = orjson.loads(words)
    except orjson.JSONDecodeError:
        parsed = None
    error = parsed.get("error") if isinstance(parsed, dict) else None
    message = error.get("message") if isinstance(error, dict) else error
    told = message if isinstance(message, str) and message else "The provider refused the request."
    if says_too_long(told):
        # Claude Code looks for Anthropic's wording, and shortens the conversation by itself then.
        told = told if "prompt is too long" in told.lower() else f"The prompt is too long. {told}"
        return invalid("context_length_exceeded", told, "messages")
    return ApiError(status, "upstream_refused", told)


def says_too_long(words: str) -> bool:
    """Whether a refusal says that the prompt doesn't fit: another endpoint may read more."""
    lower = words.lower()
    return any(sign in lower for sign in _TOO_LONG)


# How vendors say it.
_TOO_LONG = ("prompt is too long", "context length", "context_length", "context window", "input token count")


def _answer(call: Call, found: Said | None, model: str, whole: Whole) -> Answer | None:
    """A whole answer for the caller; None if the upstream's could not be read."""
    if found is None:
        return None
    text = b"".join(map(said, found.events))

    def told(usage: Usage) -> bytes:
        return whole(call, found, model, usage)

    return Answer(b"", found.usage, found.finish_reason, text, told=told)
