"""Three dialects of callers as strict clients read them: one request and one reading of an answer for all."""

import json
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Any

from tests.live.client import Events
from tests.messages import accumulated
from tests.proxy.test_responses_writer import rebuilt, types

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
URL = f"data:image/png;base64,{PIXEL}"
SCHEMA = {
    "type": "object",
    "properties": {"answer": {"type": "string"}},
    "required": ["answer"],
    "additionalProperties": False,
}
CITY = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}


@dataclass(kw_only=True)
class Told:
    """What an answer said, whatever its dialect; `finish` in OpenAI's words, tokens as totals."""

    finish: str = ""
    text: str = ""
    thought: str = ""
    calls: list[tuple[str, Any]] = field(default_factory=list)
    input: int = 0
    output: int = 0
    reasoning: int = 0


class Near(ABC):
    """A dialect of callers. `asks` is what a request has besides text: tools, image, schema or reasoning."""

    kind: str
    path: str

    @abstractmethod
    def body(self, text: str, asks: str) -> dict[str, Any]:
        """A request without its model."""

    @abstractmethod
    def whole(self, answer: dict[str, Any]) -> Told:
        """An answer that was not streamed."""

    @abstractmethod
    def streamed(self, events: Events) -> Told:
        """One that was: every event in its place."""

    @abstractmethod
    def piece(self, event: dict[str, Any]) -> str:
        """The text in one event."""

    @abstractmethod
    def broken(self, events: list[dict[str, Any]]) -> bool:
        """Whether a stream ends as one that failed, without anything that looks like an end."""


class Chat(Near):
    """POST /v1/chat/completions."""

    kind, path = "chat", "/v1/chat/completions"

    def body(self, text: str, asks: str) -> dict[str, Any]:
        content: Any = text
        if asks == "image":
            content = [
                {"type": "image_url", "image_url": {"url": URL}},
                {"type": "text", "text": text},
            ]
        form = {"name": "answer", "strict": True, "schema": SCHEMA}
        more: dict[str, Any] = {
            "tools": {"tools": [{"type": "function", "function": {"name": "weather", "parameters": CITY}}]},
            "schema": {"response_format": {"type": "json_schema", "json_schema": form}},
            "reasoning": {"reasoning_effort": "low"},
        }
        asked = {
            "messages": [{"role": "user", "content": content}],
            "stream_options": {"include_usage": True},
        }
        return asked | more.get(asks, {})

    def whole(self, answer: dict[str, Any]) -> Told:
        assert answer["object"] == "chat.completion"
        (choice,) = answer["choices"]
        return self._told(choice["message"], choice["finish_reason"], answer["usage"])

    def streamed(self, events: Events) -> Told:
        *chunks, last = events
        assert events.done
        assert last["choices"] == []
        choices = [choice for chunk in chunks for choice in chunk["choices"]]
        assert choices[0]["delta"]["role"] == "assistant"
        ends = [choice["finish_reason"] for choice in choices]
        assert ends.index(ends[-1]) == len(ends) - 1, "a finish reason, once, and at the end"
        message: dict[str, Any] = {"content": "", "reasoning_content": "", "tool_calls": []}
        for choice in choices:
            for name in ("content", "reasoning_content"):
                message[name] += choice["delta"].get(name) or ""
            for call in choice["delta"].get("tool_calls") or ():
                self._add(message["tool_calls"], call)
        return self._told(message, ends[-1], last["usage"])

    def piece(self, event: dict[str, Any]) -> str:
        return "".join(choice["delta"].get("content") or "" for choice in event.get("choices", ()))

    def broken(self, events: list[dict[str, Any]]) -> bool:
        finishes = [choice["finish_reason"] for event in events for choice in event.get("choices", ())]
        return "error" in events[-1] and not any(finishes)

    @staticmethod
    def _add(calls: list[dict[str, Any]], piece: dict[str, Any]) -> None:
        if piece["index"] == len(calls):
            assert piece["id"]
            calls.append({"id": piece["id"], "function": dict(piece["function"])})
        else:
            assert piece["index"] == len(calls) - 1
            calls[-1]["function"]["arguments"] += piece["function"]["arguments"]

    @staticmethod
    def _told(message: dict[str, Any], finish: str, usage: dict[str, Any]) -> Told:
        calls = message.get("tool_calls") or []
        assert len({call["id"] for call in calls}) == len(calls)
        return Told(
            finish=finish,
            text=message.get("content") or "",
            thought=message.get("reasoning_content") or "",
            calls=[(one["function"]["name"], json.loads(one["function"]["arguments"])) for one in calls],
            input=usage["prompt_tokens"],
            output=usage["completion_tokens"],
            reasoning=usage["completion_tokens_details"]["reasoning_tokens"],
        )


class Messages(Near):
    """POST /v1/messages."""

    kind, path = "messages", "/v1/messages"

    def body(self, text: str, asks: str) -> dict[str, Any]:
        content: list[dict[str, Any]] = [{"type": "text", "text": text}]
        if asks == "image":
            source = {"type": "base64", "media_type": "image/png", "data": PIXEL}
            content.insert(0, {"type": "image", "source": source})
        more: dict[str, Any] = {
            "tools": {"tools": [{"name": "weather", "input_schema": CITY}]},
            "schema": {"output_config": {"format": {"type": "json_schema", "schema": SCHEMA}}},
            "reasoning": {"thinking": {"type": "adaptive"}, "output_config": {"effort": "low"}},
        }
        return {"messages": [{"role": "user", "content": content}], "max_tokens": 1000} | more.get(asks, {})

    def whole(self, answer: dict[str, Any]) -> Told:
        assert (answer["type"], answer["role"]) == ("message", "assistant")
        return self._told(answer["content"], answer["stop_reason"], answer["usage"])

    def streamed(self, events: Events) -> Told:
        payloads = [event for event in events if event["type"] != "ping"]
        assert not events.done, "nobody says [DONE] here"
        last = payloads[-2]
        return self._told(accumulated(payloads), last["delta"]["stop_reason"], last["usage"])

    def piece(self, event: dict[str, Any]) -> str:
        return str(event.get("delta", {}).get("text", ""))

    def broken(self, events: list[dict[str, Any]]) -> bool:
        kinds = [event["type"] for event in events]
        return kinds[-1] == "error" and not {"message_delta", "message_stop"} & set(kinds)

    @staticmethod
    def _told(blocks: list[dict[str, Any]], finish: str, usage: dict[str, Any]) -> Told:
        calls = [block for block in blocks if block["type"] == "tool_use"]
        assert len({call["id"] for call in calls}) == len(calls)
        return Told(
            finish={"end_turn": "stop", "tool_use": "tool_calls"}[finish],
            text="".join(block["text"] for block in blocks if block["type"] == "text"),
            thought="".join(block["thinking"] for block in blocks if block["type"] == "thinking"),
            calls=[(call["name"], call["input"]) for call in calls],
            input=usage["input_tokens"],
            output=usage["output_tokens"],
            reasoning=(usage.get("output_tokens_details") or {}).get("thinking_tokens", 0),
        )


class Responses(Near):
    """POST /v1/responses; it has no finish reason, so that its status and items tell it."""

    kind, path = "responses", "/v1/responses"

    def body(self, text: str, asks: str) -> dict[str, Any]:
        content: list[dict[str, Any]] = [{"type": "input_text", "text": text}]
        if asks == "image":
            content.insert(0, {"type": "input_image", "image_url": URL})
        form = {"type": "json_schema", "name": "answer", "strict": True, "schema": SCHEMA}
        more: dict[str, Any] = {
            "tools": {"tools": [{"type": "function", "name": "weather", "parameters": CITY}]},
            "schema": {"text": {"format": form}},
            "reasoning": {"reasoning": {"effort": "low"}},
        }
        return {"input": [{"role": "user", "content": content}]} | more.get(asks, {})

    def whole(self, answer: dict[str, Any]) -> Told:
        assert (answer["object"], answer["status"]) == ("response", "completed")
        items = {kind: [item for item in answer["output"] if item["type"] == kind] for kind in
                 ("message", "reasoning", "function_call")}  # fmt: skip
        usage, calls = answer["usage"], items["function_call"]
        assert len({call["call_id"] for call in calls}) == len(calls)
        return Told(
            finish="tool_calls" if calls else "stop",
            text="".join(part["text"] for item in items["message"] for part in item["content"]),
            thought="".join(part["text"] for item in items["reasoning"] for part in item["summary"]),
            calls=[(call["name"], json.loads(call["arguments"])) for call in calls],
            input=usage["input_tokens"],
            output=usage["output_tokens"],
            reasoning=usage["output_tokens_details"]["reasoning_tokens"],
        )

    def streamed(self, events: Events) -> Told:
        told = list(events)
        assert [event["sequence_number"] for event in told] == list(range(len(told)))
        assert (types(told)[:2], types(told)[-1]) == (["created", "in_progress"], "completed")
        answer = told[-1]["response"]
        assert rebuilt(told) == answer["output"]
        return self.whole(answer)

    def piece(self, event: dict[str, Any]) -> str:
        return str(event["delta"]) if event["type"] == "response.output_text.delta" else ""

    def broken(self, events: list[dict[str, Any]]) -> bool:
        return types(events)[-2:] == ["error", "failed"] and "completed" not in types(events)


NEARS = (Chat(), Messages(), Responses())
