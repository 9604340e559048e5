"""The items of a Responses answer while they grow, and the events that tell of each step (api.md §4)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import orjson

from proxy.dialects.events import ToolCall
from proxy.dialects.responses_items import SEAL
from proxy.dialects.responses_tools import Tool

# One event: its type, and its members beside sequence_number, output_index and item_id.
Step = tuple[str, dict[str, Any]]


def new_id(prefix: str) -> str:
    return f"{prefix}_{uuid4().hex}"


@dataclass(slots=True)
class Reasoning:
    """A thought, shown as the one summary that it has. `signature`: its seal, as encrypted_content."""

    id: str = field(default_factory=lambda: new_id("rs"))
    signature: str = ""
    _pieces: list[str] = field(default_factory=list)

    def item(self, status: str) -> dict[str, Any]:
        text = "".join(self._pieces)
        summary = [{"type": "summary_text", "text": text}] if text else []
        sealed = self.signature or None
        return {
            "id": self.id,
            "type": "reasoning",
            "status": status,
            "summary": summary,
            "encrypted_content": sealed,
        }

    def add(self, text: str, signature: str) -> list[Step]:
        self.signature = SEAL + signature if signature else self.signature
        if not text:
            return []
        steps: list[Step] = []
        if not self._pieces:
            part = {"type": "summary_text", "text": ""}
            steps.append(("response.reasoning_summary_part.added", {"summary_index": 0, "part": part}))
        self._pieces.append(text)
        return [*steps, ("response.reasoning_summary_text.delta", {"summary_index": 0, "delta": text})]

    def close(self) -> list[Step]:
        text = "".join(self._pieces)
        if not text:
            return []
        part = {"type": "summary_text", "text": text}
        return [
            ("response.reasoning_summary_text.done", {"summary_index": 0, "text": text}),
            ("response.reasoning_summary_part.done", {"summary_index": 0, "part": part}),
        ]


@dataclass(slots=True)
class Message:
    """What the model says to the caller: a text, a refusal, or one after the other."""

    id: str = field(default_factory=lambda: new_id("msg"))
    _parts: list[dict[str, Any]] = field(default_factory=list)
    _pieces: list[str] = field(default_factory=list)

    def item(self, status: str) -> dict[str, Any]:
        parts = [*self._parts]
        if parts:
            parts[-1] = self._whole()
        return {"id": self.id, "type": "message", "status": status, "role": "assistant", "content": parts}

    def add(self, text: str, *, refusal: bool) -> list[Step]:
        kind = "refusal" if refusal else "output_text"
        steps: list[Step] = []
        if not self._parts or self._parts[-1]["type"] != kind:
            steps = [*self.close(), self._open(kind)]
        self._pieces.append(text)
        place = {"content_index": len(self._parts) - 1}
        if refusal:
            return [*steps, ("response.refusal.delta", {**place, "delta": text})]
        return [*steps, ("response.output_text.delta", {**place, "delta": text, "logprobs": []})]

    def close(self) -> list[Step]:
        if not self._parts:
            return []
        place = {"content_index": len(self._parts) - 1}
        part = self._parts[-1] = self._whole()
        if part["type"] == "refusal":
            done: Step = ("response.refusal.done", {**place, "refusal": part["refusal"]})
        else:
            done = ("response.output_text.done", {**place, "text": part["text"], "logprobs": []})
        return [done, ("response.content_part.done", {**place, "part": part})]

    def _open(self, kind: str) -> Step:
        part = _part(kind, "")
        self._parts.append(part)
        self._pieces = []
        return "response.content_part.added", {"content_index": len(self._parts) - 1, "part": part}

    def _whole(self) -> dict[str, Any]:
        """The last part with all of its text."""
        return _part(self._parts[-1]["type"], "".join(self._pieces))


def _part(kind: str, text: str) -> dict[str, Any]:
    if kind == "refusal":
        return {"type": "refusal", "refusal": text}
    return {"type": "output_text", "annotations": [], "logprobs": [], "text": text}


@dataclass(slots=True)
class Call:
    """The call of a function, or of a custom tool that was shown to the model as one."""

    event: ToolCall
    tool: Tool | None  # None: a name that the model made up
    id: str = field(init=False)
    _pieces: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.id = new_id("ctc" if self._custom else "fc")

    @property
    def _custom(self) -> bool:
        return self.tool is not None and self.tool.custom

    @property
    def whole(self) -> bool:
        """Its arguments are JSON to the end: nothing can follow."""
        try:
            orjson.loads("".join(self._pieces))
        except orjson.JSONDecodeError:
            return False
        return True

    def item(self, status: str) -> dict[str, Any]:
        found: dict[str, Any] = {"id": self.id, "status": status, "call_id": self.event.id}
        if self._custom:
            found |= {"type": "custom_tool_call", "input": self._input()}
        else:
            found |= {"type": "function_call", "arguments": "".join(self._pieces)}
        found["name"] = self.event.name if self.tool is None else self.tool.name
        if self.tool is not None and self.tool.namespace:
            found["namespace"] = self.tool.namespace
        return found

    def add(self, text: str) -> list[Step]:
        """A custom tool's input can be told only once its JSON is whole."""
        self._pieces.append(text)
        if self._custom:
            return []
        return [("response.function_call_arguments.delta", {"delta": text})]

    def close(self) -> list[Step]:
        if not self._custom:
            told = {"name": self.item("")["name"], "arguments": "".join(self._pieces)}
            return [("response.function_call_arguments.done", told)]
        text = self._input()
        delta: list[Step] = [("response.custom_tool_call_input.delta", {"delta": text})] if text else []
        return [*delta, ("response.custom_tool_call_input.done", {"input": text})]

    def _input(self) -> str:
        """The free text; what the model wrote as it is, where that isn't the JSON it was asked for."""
        written = "".join(self._pieces)
        try:
            parsed = orjson.loads(written)
        except orjson.JSONDecodeError:
            return written
        found = parsed.get("input") if isinstance(parsed, Mapping) else None
        return found if isinstance(found, str) else written


Item = Reasoning | Message | Call
