"""Answers of any upstream as OpenAI responses, whole and streamed (api.md §4).

The set of events and their order are those that Codex, the AI SDK, openai-python and the Agents SDK need.
"""

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from proxy.call import Call
from proxy.dialects import responses_output as output
from proxy.dialects.events import Arguments, Event, Refusal, Said, Text, Thought, ToolCall
from proxy.dialects.responses_items import CALL_SEAL
from proxy.dialects.responses_request import to_chat
from proxy.dialects.responses_tools import Tool, read_tools
from proxy.dialects.translated import Near
from proxy.errors import ApiError
from proxy.meter import Usage

_INCOMPLETE: Final = {"length": "max_output_tokens", "content_filter": "content_filter"}
# Members of a request that its response repeats, with what stands there when the caller gave none.
_ECHOED: Final[Mapping[str, Any]] = {
    "instructions": None,
    "max_output_tokens": None,
    "max_tool_calls": None,
    "metadata": {},
    "parallel_tool_calls": True,
    "prompt_cache_key": None,
    "reasoning": {"effort": None, "summary": None},
    "safety_identifier": None,
    "temperature": 1.0,
    "text": {"format": {"type": "text"}},
    "tool_choice": "auto",
    "tools": [],
    "top_p": 1.0,
    "truncation": "disabled",
    "user": None,
}
_FIXED: Final[Mapping[str, Any]] = {
    "background": False,
    "previous_response_id": None,
    "service_tier": "default",
    "store": False,
    "top_logprobs": 0,
}


def whole(call: Call, answer: Said, model: str, usage: Usage) -> bytes:
    """A response body: what a stream of the same answer would have come to."""
    writer = writer_of(call, model)
    writer.write(answer.events)
    return orjson.dumps(writer.finished(answer.finish_reason, usage)[1])


def writer_of(call: Call, model: str) -> "Writer":
    return Writer(model, call.body, read_tools(call.body))


def usage_of(usage: Usage) -> dict[str, Any]:
    """The usage object of this API: input includes cached tokens, output includes reasoning."""
    return {
        "input_tokens": usage.input,
        "input_tokens_details": {
            "cached_tokens": usage.cached,
            "cache_write_tokens": usage.cache_write + usage.cache_write_1h,
        },
        "output_tokens": usage.output,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning},
        "total_tokens": usage.input + usage.output,
    }


@dataclass(slots=True)
class Writer:
    """events.Writer of the Responses API: one item after the other, each opened, told and closed.

    Where an upstream tells several calls at once, those that aren't whole yet stay open beside each other.
    """

    model: str
    asked: Mapping[str, Any]
    tools: Mapping[str, Tool]
    _frame: dict[str, Any] = field(default_factory=dict)
    _items: list[output.Item] = field(default_factory=list)
    _open: dict[int, output.Item] = field(default_factory=dict)  # by output_index
    _calls: dict[int, int] = field(default_factory=dict)  # a call's place → its output_index
    _refused: bool = False
    _sequence: int = 0

    def __post_init__(self) -> None:
        echoed = {
            name: default if self.asked.get(name) is None else self.asked[name]
            for name, default in _ECHOED.items()
        }
        frame = {"id": output.new_id("resp"), "object": "response", "created_at": int(time.time())}
        self._frame = {**frame, "model": self.model, **_FIXED, **echoed}

    def write(self, events: Iterable[Event]) -> bytes:
        return self._opening() + b"".join(self._tell(event) for event in events)

    def end(self, finish_reason: str, usage: Usage, note: Mapping[str, Any]) -> bytes:
        reason = self._reason(finish_reason)
        closed = self._opening() + self._close_all("incomplete" if reason else "completed")
        kind, response = self.finished(finish_reason, usage)
        return closed + self._event(f"response.{kind}", response={**response, "cloudapi": note})

    def finished(self, finish_reason: str, usage: Usage) -> tuple[str, dict[str, Any]]:
        """(status, the response object) of an answer that came to its own end."""
        reason = self._reason(finish_reason)
        status = "incomplete" if reason else "completed"
        details = {"incomplete_details": {"reason": reason}} if reason else {}
        response = self._response(status, self._output(status)) | details
        return status, response | {"completed_at": int(time.time()), "usage": usage_of(usage)}

    def failed(self, error: ApiError, request_id: str) -> bytes:
        """Both the error event, on which the SDKs raise, and the response that failed, which Codex reads."""
        told = error.payload(request_id)["error"]
        flat = {name: told[name] for name in ("code", "message", "param")}
        response = self._response("failed", self._output("incomplete")) | {
            "error": {"code": "server_error", "message": error.message}
        }
        begun = self._opening()
        return (
            begun
            + self._event("error", **flat, error=told)
            + self._event("response.failed", response=response)
        )

    def _reason(self, finish_reason: str) -> str | None:
        """Why the answer is incomplete; a refusal that was told is complete."""
        if finish_reason == "content_filter" and self._refused:
            return None
        return _INCOMPLETE.get(finish_reason)

    def _tell(self, event: Event) -> bytes:
        match event:
            case Text() | Refusal():
                refusal = isinstance(event, Refusal)
                self._refused |= refusal
                index, item, opened = self._current(output.Message)
                return opened + self._steps(index, item, item.add(event.text, refusal=refusal))
            case Thought():
                index, thought, opened = self._current(output.Reasoning)
                return opened + self._steps(index, thought, thought.add(event.text, event.signature))
            case ToolCall():
                return self._begin_call(event)
            case Arguments():
                return self._arguments(event)

    def _current[Kind: output.Message | output.Reasoning](self, kind: type[Kind]) -> tuple[int, Kind, bytes]:
        """The open item of this kind, or a new one after the others: (output_index, item, bytes)."""
        last = len(self._items) - 1
        item = self._open.get(last)
        if isinstance(item, kind):
            return last, item, b""
        closed = self._close_all("completed")
        fresh = kind()
        return last + 1, fresh, closed + self._begin(fresh)

    def _begin_call(self, event: ToolCall) -> bytes:
        done = [
            index for index, item in self._open.items() if not isinstance(item, output.Call) or item.whole
        ]
        closed = b"".join(self._close(index, "completed") for index in done)
        if event.signature:  # clients send reasoning back, and nothing else that they don't know
            seal = output.Reasoning(signature=CALL_SEAL + event.signature)
            closed += self._begin(seal) + self._close(len(self._items) - 1, "completed")
        self._calls[event.place] = len(self._items)
        return closed + self._begin(output.Call(event, self.tools.get(event.name)))

    def _arguments(self, event: Arguments) -> bytes:
        index = self._calls[event.place]
        item = self._open.get(index)
        if not isinstance(item, output.Call):
            return b""  # it was whole: only white space can follow
        return self._steps(index, item, item.add(event.text))

    def _begin(self, item: output.Item) -> bytes:
        index = len(self._items)
        self._items.append(item)
        self._open[index] = item
        return self._event("response.output_item.added", output_index=index, item=item.item("in_progress"))

    def _close_all(self, status: str) -> bytes:
        """All open items; an answer that is cut short is cut in its last one."""
        last = max(self._open, default=0)
        return b"".join(
            self._close(index, status if index == last else "completed") for index in sorted(self._open)
        )

    def _close(self, index: int, status: str) -> bytes:
        item = self._open.pop(index)
        told = self._steps(index, item, item.close())
        return told + self._event("response.output_item.done", output_index=index, item=item.item(status))

    def _steps(self, index: int, item: output.Item, steps: Iterable[output.Step]) -> bytes:
        return b"".join(
            self._event(kind, item_id=item.id, output_index=index, **members) for kind, members in steps
        )

    def _output(self, status: str) -> list[dict[str, Any]]:
        last = len(self._items) - 1
        return [item.item(status if index == last else "completed") for index, item in enumerate(self._items)]

    def _response(self, status: str, items: list[dict[str, Any]]) -> dict[str, Any]:
        empty = {"completed_at": None, "error": None, "incomplete_details": None, "usage": None}
        return {**self._frame, "status": status, **empty, "output": items}

    def _opening(self) -> bytes:
        if self._sequence:
            return b""
        response = self._response("in_progress", [])
        created = self._event("response.created", response=response)
        return created + self._event("response.in_progress", response=response)

    def _event(self, kind: str, **members: Any) -> bytes:
        data = orjson.dumps({"type": kind, "sequence_number": self._sequence, **members})
        self._sequence += 1
        return b"event: %b\ndata: %b\n\n" % (kind.encode(), data)


NEAR: Final = Near(chat=lambda call: to_chat(call.body), writer=writer_of, whole=whole)
