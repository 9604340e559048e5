"""The Messages API on both sides: bytes pass untouched, apart from the model's name and the output bound.

Clients compare an upstream's words, count on fields that nobody here knows, and send betas that change every
month (api.md §0.4), so nothing is rebuilt. What ends a stream waits for the charge; what begins it waits for
the first block, so that an upstream that is overloaded right after its first event can be replaced.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from proxy.bridge import Answer, Ask, Bridge
from proxy.call import Call
from proxy.dialects import sse
from proxy.dialects.anthropic_usage import finish, inside, merge_usage, read_usage, seed_usage
from proxy.dialects.claude import claude
from proxy.dialects.messages_turns import SEAL
from proxy.dialects.messages_writer import usage_of
from proxy.dialects.openai import rename
from proxy.dialects.prefill import TURN, going_on, unable
from proxy.dialects.spoken import EventStream
from proxy.dialects.tape import Tape
from proxy.errors import ANTHROPIC, ApiError, VerbatimError
from proxy.meter import Usage
from routing.snaps import EndpointSnap

BUDGET_LEAST: Final = 1024
MESSAGE_STOP: Final = b'event: message_stop\ndata: {"type":"message_stop"}\n\n'
_MODELS: Final = re.compile(rb'"model"\s*:')
_DELTAS: Final = {"text_delta": "text", "thinking_delta": "thinking", "input_json_delta": "partial_json"}
_TEXTS: Final = {"text": "text", "thinking": "thinking"}
# Told as the caller's fault (400), but it is our account that is empty.
_OURS: Final = (b"credit balance is too low", b"api usage limits", b"organization has been disabled")


def ask(call: Call, endpoint: EndpointSnap, output_bound: int) -> Ask:
    """The request to an upstream of the same dialect. Raises bridge.Unsupported."""
    body = build(call, endpoint.upstream_name, output_bound)
    if call.said:
        check_goes_on(body, endpoint)
    return Ask("/v1/messages", orjson.dumps(body), call.headers)


def check_goes_on(body: Mapping[str, Any], endpoint: EndpointSnap) -> None:
    """Raises Unsupported where this model won't go on with the assistant's turn that ends a request."""
    thinking = body.get("thinking")
    thinks = isinstance(thinking, dict) and thinking.get("type") != "disabled"
    last = body["messages"][-1]["role"]
    able = endpoint.provider.prefill == TURN and claude(endpoint.upstream_name).continues
    if thinks or last != "assistant" or not able:
        raise unable()


def count_ask(call: Call, endpoint: EndpointSnap) -> Ask:
    """The question how many tokens the prompt has, which is free."""
    body = {**call.body, "model": endpoint.upstream_name, "messages": _own(call.body["messages"])}
    return Ask("/v1/messages/count_tokens", orjson.dumps(body), call.headers)


def read_count(data: bytes) -> int | None:
    """The tokens of count_tokens' answer; None when it is none."""
    try:
        parsed = orjson.loads(data)
    except orjson.JSONDecodeError:
        return None
    count = parsed.get("input_tokens") if isinstance(parsed, dict) else None
    return count if isinstance(count, int) and not isinstance(count, bool) and count >= 0 else None


def build(call: Call, upstream_model: str, output_bound: int) -> dict[str, Any]:
    """The body for one upstream, in the caller's order."""
    body = {**call.body, "model": upstream_model, "max_tokens": output_bound}
    body["messages"] = _own(body["messages"])
    if call.said:
        body["messages"] = going_on(body["messages"], call.said)
    thinking = body.get("thinking")
    if isinstance(thinking, dict):
        body["thinking"] = _fitting(thinking, output_bound)
    return body


def _fitting(thinking: dict[str, Any], output_bound: int) -> dict[str, Any]:
    """The bound may have been lowered to what the model writes at most: thinking has to fit under it."""
    budget = thinking.get("budget_tokens")
    if not isinstance(budget, int) or budget < output_bound:
        return thinking
    if output_bound <= BUDGET_LEAST:
        return {"type": "disabled"}
    return {**thinking, "budget_tokens": output_bound - 1}


def _own(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The turns without thinking that Anthropic has not signed: it would refuse the whole request."""
    return [_without_foreign(message) for message in messages]


def _without_foreign(message: dict[str, Any]) -> dict[str, Any]:
    content = message.get("content")
    if message.get("role") != "assistant" or not isinstance(content, list):
        return message
    own = [block for block in content if not _foreign(block)]
    return message if len(own) == len(content) else {**message, "content": own}


def _foreign(block: Mapping[str, Any]) -> bool:
    if block.get("type") != "thinking":
        return False
    signature = block.get("signature")
    return not signature or (isinstance(signature, str) and signature.startswith(SEAL))


def read_answer(data: bytes, model: bytes) -> Answer | None:
    """The answer's own bytes under the caller's model name; None when it isn't a message."""
    try:
        parsed = orjson.loads(data)
    except orjson.JSONDecodeError:
        return None
    content = parsed.get("content") if isinstance(parsed, dict) else None
    if not isinstance(content, list) or parsed.get("type") == "error":
        return None
    try:
        text = b"".join(_spoken(block) for block in content if isinstance(block, dict))
        told = _renamed(data, parsed, model)
    except orjson.JSONEncodeError:  # nested deeper than can be written
        return None
    return Answer(told, parsed.get("usage"), finish(parsed.get("stop_reason")), text)


def _renamed(data: bytes, parsed: Mapping[str, Any], model: bytes) -> bytes:
    """Where a tool's input has a `model` too, it might be the first one in the bytes."""
    if len(_MODELS.findall(data)) == 1:
        return rename(data, model)
    return orjson.dumps({**parsed, "model": orjson.loads(model)})


def _spoken(block: Mapping[str, Any]) -> bytes:
    """What a block says, as UTF-8."""
    if "input" in block:
        return orjson.dumps([block.get("name"), block["input"]])
    text = block.get(_TEXTS.get(str(block.get("type")), ""))
    return text.encode("utf-8", "replace") if isinstance(text, str) else b""


def refusal(status: int, words: bytes) -> ApiError | None:
    """The upstream's refusal in its own words, unless it is our account that it refuses."""
    return None if is_ours(words) else VerbatimError(status, words)


def is_ours(words: bytes) -> bool:
    """Whether a refusal is about our account, not about the request."""
    return any(sign in words.lower() for sign in _OURS)


@dataclass(slots=True)
class Stream(EventStream):
    """bridge.Stream between equal sides."""

    model: bytes
    begun: bool = False
    place: int = -1  # of the last block, and whether it is open: noted where there is a tape
    is_open: bool = False
    _splitter: sse.Splitter = field(default_factory=sse.Splitter)
    _first: list[bytes] = field(default_factory=list)  # before the first block
    _last: list[tuple[bytes, Mapping[str, Any]]] = field(default_factory=list)  # from message_delta on

    def feed(self, data: bytes) -> bytes:
        """The events to forward at once; message_start waits for the first block, the end for the charge."""
        out: list[bytes] = []
        for event in self._splitter.feed(data):
            if self.over:
                break
            out += self._event(event)
        return b"".join(out)

    def _event(self, event: bytes) -> Iterable[bytes]:
        payload = sse.payload(event)
        if not payload:
            return ()  # a comment: our own keep-alive does that work
        chunk = sse.member(payload)
        if chunk is None:
            self.broken = True
            return ()
        kind = chunk.get("type")
        if kind == "error":
            self.error = chunk.get("error") or {}
            return ()
        self.events += 1
        if self.tape is not None:
            self._keep(self.tape, chunk)
        if kind == "message_start":
            return self._start(payload, chunk)
        out = _named(event, payload, kind)
        if self._last or kind in ("message_delta", "message_stop"):
            return self._end(out, chunk)
        if kind in ("content_block_start", "content_block_delta"):
            return self._block(out, chunk)
        return self._waiting(out)

    def _keep(self, tape: Tape, chunk: Mapping[str, Any]) -> None:
        """Text is kept, any other block spoils it."""
        text: Any = None
        match chunk:
            case {"type": "content_block_start", "index": int(place), "content_block": dict(block)}:
                self.place, self.is_open = place, True
                text = block.get("text") if block.get("type") == "text" else None
            case {"type": "content_block_delta", "delta": {"type": "text_delta", "text": str(said)}}:
                text = said
            case {"type": "content_block_delta" | "content_block_start"}:
                pass
            case _:
                self.is_open = self.is_open and chunk.get("type") != "content_block_stop"
                return
        if isinstance(text, str):
            tape.add(text)
        else:
            tape.spoil()

    def _start(self, payload: bytes, chunk: Mapping[str, Any]) -> Iterable[bytes]:
        self.usage = seed_usage(inside(chunk, "message").get("usage"))
        return self._waiting(_named(b"", rename(payload, self.model), "message_start"))

    def _waiting(self, out: bytes) -> Iterable[bytes]:
        if self.begun:
            return (out,)
        self._first.append(out)
        return ()

    def _block(self, out: bytes, chunk: Mapping[str, Any]) -> Iterable[bytes]:
        self.begun = True
        first, self._first = self._first, []
        delta = chunk.get("delta", chunk.get("content_block"))
        if isinstance(delta, dict):
            name = _DELTAS.get(str(delta.get("type")), "name")
            text = delta.get(name)
            self.say(text.encode("utf-8", "replace") if isinstance(text, str) else b"")
        return (*first, out)

    def _end(self, out: bytes, chunk: Mapping[str, Any]) -> Iterable[bytes]:
        self._last.append((out, chunk))
        delta = chunk.get("delta")
        if chunk.get("type") == "message_stop":
            self.done = True
        elif isinstance(delta, dict):
            self.finish_reason = finish(delta.get("stop_reason")) or self.finish_reason
            self.usage = merge_usage(self.usage, chunk.get("usage"))
        return ()

    def end(self, usage: Usage, note: Mapping[str, Any]) -> bytes:
        last = [_corrected(out, chunk, usage) for out, chunk in self._last]
        return b"".join([*self._first, *last, *(() if self.done else (MESSAGE_STOP,))])

    def failed(self, error: ApiError, request_id: str) -> bytes:
        """The upstream's own kind of error, which clients go by: overloaded_error is repeated."""
        payload = error.payload(request_id, ANTHROPIC)
        kind = self.error.get("type") if isinstance(self.error, dict) else None
        if isinstance(kind, str):
            payload["error"]["type"] = kind
        return ANTHROPIC.error_event + orjson.dumps(payload) + b"\n\n"


def _named(event: bytes, payload: bytes, kind: Any) -> bytes:
    """The event as it came; where it came without its name, or is to be made, one line of data behind it."""
    if event.startswith(b"event:"):
        return event
    return b"event: %s\ndata: %s\n\n" % (str(kind).encode(), payload.replace(b"\n", b" "))


def _corrected(out: bytes, chunk: Mapping[str, Any], usage: Usage) -> bytes:
    """What can't be true isn't passed on: the caller sees what he pays for."""
    if not usage.estimated or chunk.get("type") != "message_delta":
        return out
    delta = chunk.get("delta")
    delta = delta if isinstance(delta, dict) else {}
    stop = {name: delta.get(name) for name in ("stop_reason", "stop_sequence")}
    told = {"type": "message_delta", "delta": stop, "usage": usage_of(usage)}
    return _named(b"", orjson.dumps(told), "message_delta")


MESSAGES: Final = Bridge(
    ask=ask,
    answer=lambda call, reply, model: read_answer(reply.data, model),
    stream=lambda call, model, kind: Stream(model),
    usage=lambda call, reported, bounds: read_usage(reported, bounds),
    refusal=refusal,
)
