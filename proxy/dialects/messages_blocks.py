"""Events of any upstream as Anthropic's content blocks, each begun and ended (api.md §2.3, §3).

Blocks come strictly one after another. Clients lose one whose end is missing and stop at a piece of one that
was never begun or at a second block of the same index, so this machine begins, numbers and ends every block
by itself, in whatever order the upstream speaks. Of two tool calls that come interleaved the second waits
until the first is whole.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import uuid4

import orjson

from proxy.dialects.events import Arguments, Event, Thought, ToolCall
from proxy.dialects.messages_turns import CALL_SEAL, SEAL

Payload = dict[str, Any]

# No "citations": null, which the AI SDK refuses.
_TEXT: Final = {"type": "text", "text": ""}
_THINKING: Final = {"type": "thinking", "thinking": "", "signature": ""}


@dataclass(slots=True)
class _Call:
    """A tool call: its arguments so far, and how many pieces of them have been written."""

    event: ToolCall
    pieces: list[str] = field(default_factory=list)
    begun: bool = False
    written: int = 0

    @property
    def whole(self) -> bool:
        """No more arguments can follow: an object that is complete stays so."""
        return bool(self.pieces) and self.pieces[-1].rstrip()[-1:] == "}" and parsed(self.pieces) is not None


@dataclass(slots=True)
class Blocks:
    """`called`: whether a tool was called so far.

    names: shortened tool name → the caller's own. used: ids of earlier tool calls. Some servers begin anew in
    each answer, and Claude Code takes the second call of an id for one that was interrupted.
    """

    names: Mapping[str, str]
    used: set[str] = field(default_factory=set)
    called: bool = False
    _index: int = -1
    _open: str = ""  # text, thinking or tool_use
    _calls: dict[int, _Call] = field(default_factory=dict)  # the first is being written, the others wait

    def write(self, event: Event) -> Iterator[Payload]:
        """The stream's payloads for one event."""
        if isinstance(event, ToolCall):
            self.called = True
            self._calls[event.place] = _Call(event)
            yield from self._advance()
        elif isinstance(event, Arguments):
            yield from self._arguments(event)
        else:
            yield from self._finish_calls()
            yield from self._say(event)

    def take_up(self, index: int, kind: str) -> None:
        """Goes on behind the block of this index; in it, if its `kind` is given."""
        self._index, self._open = index, kind

    def close(self) -> Iterator[Payload]:
        """All that waits, and the end of what is open."""
        yield from self._finish_calls()
        yield from self._stop()

    def _say(self, event: Any) -> Iterator[Payload]:
        kind, block = ("thinking", _THINKING) if isinstance(event, Thought) else ("text", _TEXT)
        if self._open != kind:
            yield from self._begin(kind, block)
        if event.text:
            yield self._delta({"type": f"{kind}_delta", kind: event.text})
        if isinstance(event, Thought) and event.signature:
            yield self._delta({"type": "signature_delta", "signature": SEAL + event.signature})
            yield from self._stop()

    def _arguments(self, event: Arguments) -> Iterator[Payload]:
        call = self._calls.get(event.place)
        if call is None:
            return  # of a call that was whole already
        call.pieces.append(event.text)
        yield from self._advance()

    def _advance(self) -> Iterator[Payload]:
        """Writes the first call as far as it is known, and the next ones if it is whole."""
        while self._calls:
            place, call = next(iter(self._calls.items()))
            yield from self._tell(call)
            if len(self._calls) == 1 or not call.whole:
                return
            del self._calls[place]
            yield from self._stop()

    def _finish_calls(self) -> Iterator[Payload]:
        for call in self._calls.values():
            yield from self._tell(call)
            yield from self._stop()
        self._calls.clear()

    def _tell(self, call: _Call) -> Iterator[Payload]:
        if not call.begun:
            call.begun = True
            yield from self._begin_call(call.event)
        for piece in call.pieces[call.written :]:
            yield self._delta({"type": "input_json_delta", "partial_json": piece})
        call.written = len(call.pieces)

    def _begin_call(self, event: ToolCall) -> Iterator[Payload]:
        if (
            event.signature
        ):  # it has to come back with the call, and clients keep no field that they don't know
            yield from self._begin("thinking", _THINKING)
            yield self._delta({"type": "signature_delta", "signature": CALL_SEAL + event.signature})
        name = self.names.get(event.name, event.name)
        id_ = event.id if event.id not in self.used else f"toolu_{uuid4().hex[:24]}"
        self.used.add(id_)
        block = {"type": "tool_use", "id": id_, "name": name, "input": {}, "caller": {"type": "direct"}}
        yield from self._begin("tool_use", block)

    def _begin(self, kind: str, block: Payload) -> Iterator[Payload]:
        yield from self._stop()
        self._index += 1
        self._open = kind
        yield {"type": "content_block_start", "index": self._index, "content_block": block}

    def _delta(self, delta: Payload) -> Payload:
        return {"type": "content_block_delta", "index": self._index, "delta": delta}

    def _stop(self) -> Iterator[Payload]:
        if self._open:
            self._open = ""
            yield {"type": "content_block_stop", "index": self._index}


def parsed(pieces: Iterable[str]) -> dict[str, Any] | None:
    """A tool call's arguments; None where they are no object, as when the output bound cut them off."""
    try:
        found = orjson.loads("".join(pieces))
    except orjson.JSONDecodeError:
        return None
    return found if isinstance(found, dict) else None


def content(events: Iterable[Event], machine: Blocks) -> list[Payload]:
    """The blocks of a whole answer: the stream's payloads, put together as a client does it."""
    payloads = [payload for event in events for payload in machine.write(event)]
    found: list[Payload] = []
    pieces: list[list[str]] = []
    for payload in [*payloads, *machine.close()]:
        if payload["type"] == "content_block_start":
            found.append(dict(payload["content_block"]))
            pieces.append([])
        elif payload["type"] == "content_block_delta":
            _add(found[-1], pieces[-1], payload["delta"])
    for block, given in zip(found, pieces, strict=True):
        if block["type"] == "tool_use":
            block["input"] = parsed(given) or {}
    return found


def _add(block: Payload, pieces: list[str], delta: Payload) -> None:
    if delta["type"] == "input_json_delta":
        pieces.append(delta["partial_json"])
        return
    name = delta["type"].removesuffix("_delta")
    block[name] += delta[name]
