"""The gemini dialect of an upstream, read into events.

Each event of a stream is a whole GenerateContentResponse, with the counts so far; the last report counts, and
nothing but the end of the connection ends it. Source: ai.google.dev/api/generate-content.
"""

from dataclasses import dataclass
from typing import Any, Final
from uuid import uuid4

import orjson

from proxy.bridge import Bounds
from proxy.dialects import chat_to_gemini, translated
from proxy.dialects.event_reader import EventReader
from proxy.dialects.events import Arguments, Event, Said, Text, Thought, ToolCall
from proxy.dialects.translated import Far
from proxy.errors import ApiError
from proxy.meter import Usage

# Finish reasons that are the model's failure and no answer: another try may succeed (api.md §3).
_FAILURES: Final = frozenset({
    "MALFORMED_FUNCTION_CALL", "UNEXPECTED_TOOL_CALL", "TOO_MANY_TOOL_CALLS", "MALFORMED_RESPONSE",
    "MISSING_THOUGHT_SIGNATURE",
})  # fmt: skip
_FINISH: Final = {
    "MAX_TOKENS": "length",
    "SAFETY": "content_filter",
    "RECITATION": "content_filter",
    "LANGUAGE": "content_filter",
    "BLOCKLIST": "content_filter",
    "PROHIBITED_CONTENT": "content_filter",
    "SPII": "content_filter",
    "IMAGE_SAFETY": "content_filter",
    "IMAGE_PROHIBITED_CONTENT": "content_filter",
    "IMAGE_RECITATION": "content_filter",
}
# Statuses of a 400 that speak of our account with Google, and the reasons in its details that do.
_OUR_STATUSES: Final = frozenset({"FAILED_PRECONDITION", "PERMISSION_DENIED", "UNAUTHENTICATED"})
_OUR_REASONS: Final = ("API_KEY", "SERVICE_DISABLED", "CONSUMER", "BILLING", "ACCESS_TOKEN")


@dataclass(slots=True)
class Reader(EventReader):
    """events.Reader of the gemini dialect."""

    _calls: int = 0

    def told(self, event: dict[str, Any]) -> list[Event]:
        """The events of one response, a part of a stream or the whole. Raises orjson.JSONEncodeError."""
        if event.get("error") is not None:
            self.error = event["error"]
            return []
        self.events += 1
        found: list[Event] = []
        match event:
            case {"candidates": [dict() as candidate, *_]}:
                found = self._candidate(candidate)
            case {"promptFeedback": {"blockReason": str()}}:
                self.finish_reason = "content_filter"
        usage = event.get("usageMetadata")
        # The first events may count the prompt alone: of a stream cut after them that is no report.
        if usage is not None and (self.finish_reason or _counts_output(usage)):
            self.usage = usage
        return found

    def _candidate(self, candidate: dict[str, Any]) -> list[Event]:
        found: list[Event] = []
        match candidate:
            case {"content": {"parts": list(parts)}}:
                for part in filter(lambda part: isinstance(part, dict), parts):
                    found += self._part(part)
        reason = candidate.get("finishReason")
        if reason in _FAILURES:
            self.error = {"message": candidate.get("finishMessage") or f"The model failed ({reason})."}
        elif isinstance(reason, str):
            self.finish_reason = _FINISH.get(reason, "stop")
        if self.finish_reason == "stop" and self._calls:
            self.finish_reason = "tool_calls"
        return found

    def _part(self, part: dict[str, Any]) -> list[Event]:
        match part:
            case {"functionCall": {"name": str(name)}}:
                return self._call(name, part["functionCall"], part.get("thoughtSignature"))
            case {"text": str(text), "thought": True} if text:
                return [Thought(text)]
            case {"text": str(text)} if text and not part.get("thought"):
                return [Text(text)]
        return []

    def _call(self, name: str, call: dict[str, Any], signature: Any) -> list[Event]:
        """A call comes whole. Its id is ours where the model gives none."""
        place, self._calls = self._calls, self._calls + 1
        id_, arguments = call.get("id"), call.get("args")
        text = orjson.dumps(arguments if isinstance(arguments, dict) else {}).decode()
        named = id_ if isinstance(id_, str) and id_ else f"call_{uuid4().hex[:24]}"
        return [
            ToolCall(place, named, name, signature if isinstance(signature, str) else ""),
            Arguments(place, text),
        ]


def _counts_output(usage: Any) -> bool:
    return isinstance(usage, dict) and ("candidatesTokenCount" in usage or "thoughtsTokenCount" in usage)


def read_whole(data: bytes) -> Said | None:
    """A whole response; None when it isn't one, or the model failed to make one."""
    reader = Reader()
    try:
        parsed = orjson.loads(data)
        events = reader.told(parsed) if isinstance(parsed, dict) else []
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):
        return None
    if not reader.complete:
        return None
    return Said(tuple(events), reader.usage, reader.finish_reason)


def read_usage(reported: Any, bounds: Bounds) -> Usage | None:
    """usageMetadata as units; None when it is missing or can't be true.

    Cached tokens are inside promptTokenCount, thoughts beside candidatesTokenCount, and a zero is left out:
    but every prompt has a token.
    """
    if not isinstance(reported, dict):
        return None
    counts = [_count(reported, name) for name in _COUNTS]
    if any(count is None for count in counts):
        return None
    prompt, tools, candidates, thoughts, cached = (count or 0 for count in counts)
    if not prompt or prompt + tools > bounds.input or candidates + thoughts > bounds.output:
        return None
    return Usage(
        input=prompt + tools,
        cached=min(cached, prompt),
        output=candidates + thoughts,
        reasoning=thoughts,
    )


_COUNTS: Final = (
    "promptTokenCount",
    "toolUsePromptTokenCount",
    "candidatesTokenCount",
    "thoughtsTokenCount",
    "cachedContentTokenCount",
)


def _count(reported: dict[str, Any], name: str) -> int | None:
    """Zero if it is left out; None if it is no count."""
    value = reported.get(name, 0)
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def refusal(status: int, words: bytes) -> ApiError | None:
    """The caller's error; None for Google's 400 about our key or account, which are no fault of theirs."""
    try:
        parsed = orjson.loads(words)
    except orjson.JSONDecodeError:
        parsed = None
    match parsed:
        case {"error": {"status": str(name)}} if name in _OUR_STATUSES:
            return None
        case {"error": {"details": list(details)}} if any(map(_is_ours, details)):
            return None
        case {"error": {"message": str(message)}} if "api key" in message.lower():
            return None
    return translated.refusal(status, words)


def _is_ours(detail: Any) -> bool:
    reason = detail.get("reason") if isinstance(detail, dict) else None
    return isinstance(reason, str) and reason.startswith(_OUR_REASONS)


FAR: Final = Far(
    ask=chat_to_gemini.ask,
    reader=Reader,
    whole=read_whole,
    usage=read_usage,
    refusal=refusal,
)
