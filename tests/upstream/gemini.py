"""The gemini dialect: generateContent and streamGenerateContent, in the shapes of Google's documentation.

Source: ai.google.dev/api/generate-content (GenerateContentResponse, UsageMetadata), …/docs/thinking,
…/docs/thought-signatures. A stream is a whole response per event, usage in each, and has no end mark.
"""

import base64
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from tests.upstream import chat, pictures
from tests.upstream.gemini_rules import SIGNATURE, broken_rule
from tests.upstream.plan import LIES, Plan

_PATH = re.compile(r"/v1beta/models/(?P<name>[^/]+):(generateContent|streamGenerateContent)")
STATUSES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}
# …/docs/image-generation: what a picture is counted as, and the size of the smallest by its shape.
PICTURE_TOKENS = 1290
_SIDES = {"1:1": (1024, 1024), "16:9": (1344, 768), "9:16": (768, 1344), "3:2": (1248, 832)}
_FINISH = {"stop": "STOP", "tool_calls": "STOP", "length": "MAX_TOKENS", "content_filter": "SAFETY"}


def wishes(body: dict[str, Any], path: str) -> dict[str, Any]:
    """The request as plan.read_plan reads it."""
    return {"model": _name(path), "messages": _messages(body)}


def refuses(headers: list[tuple[str, str]], body: dict[str, Any], path: str) -> tuple[int, str] | None:
    """(status, message) of the first thing that Google wouldn't take; None when there is nothing."""
    if not dict(headers).get("x-goog-api-key"):
        return 403, "Method doesn't allow unregistered callers (callers without established identity)."
    rule = broken_rule(body, _name(path))
    return (400, rule) if rule else None


def compose(plan: Plan, body: dict[str, Any]) -> chat.Answer:
    """What shall be said, as in the chat dialect."""
    config = body.get("generationConfig") or {}
    asked: dict[str, Any] = {"messages": _messages(body), "max_tokens": config.get("maxOutputTokens")}
    asked["goes_on"] = True
    if config.get("responseMimeType") == "application/json":
        asked["response_format"] = {"type": "json_object"}
    answer = chat.compose(plan, asked)
    if not _draws(body):
        return answer
    weight = PICTURE_TOKENS if plan.completion_tokens is None else plan.completion_tokens
    return replace(answer, tokens=(), finish="stop", completion_tokens=weight)


def whole(plan: Plan, answer: chat.Answer, body: dict[str, Any]) -> bytes:
    """The body of generateContent."""
    if plan.refusal:
        return _json(_blocked(plan, answer, body))
    parts = [*_thoughts(plan), *_text("".join(answer.tokens)), *_calls(plan), *_pictures(plan, body)]
    return _json(_response(plan, answer, body, parts, finish=finish(plan, answer)))


def chunks(plan: Plan, answer: chat.Answer, body: dict[str, Any]) -> Iterator[tuple[int, bytes]]:
    """The events of streamGenerateContent, each a whole response."""
    if plan.refusal:
        yield 0, _json(_blocked(plan, answer, body))
        return
    spent = 0
    for tokens, parts in _pieces(plan, answer):
        spent += tokens
        yield tokens, _json(_response(plan, answer, body, parts, spent=spent))
    last = _response(plan, answer, body, [{"text": ""}], finish=finish(plan, answer))
    if plan.fault == "two_usages":
        early = last | {"usageMetadata": _counts(plan, answer, 1)}
        yield 0, _json(early)
    yield 0, _json(last)


def finish(plan: Plan, answer: chat.Answer) -> str:
    """STOP for function calls too; a call whose arguments are no JSON object is the model's mistake."""
    if any(arguments is None for _, arguments in _parsed(plan)):
        return "MALFORMED_FUNCTION_CALL"
    return plan.finish or _FINISH[answer.finish]


def reported_usage(plan: Plan, answer: chat.Answer, body: dict[str, Any]) -> dict[str, Any] | None:
    """usageMetadata as this plan reports it at the end: honest, a lie, or none."""
    if plan.fault == "no_usage" or plan.lie == "null":
        return None
    counts = _counts(plan, answer, answer.completion_tokens)
    if not plan.lie:
        return counts
    if plan.lie == "above_max":
        bound = (body.get("generationConfig") or {}).get("maxOutputTokens")
        return counts | {"candidatesTokenCount": (bound or answer.completion_tokens) * 10}
    lie = LIES[plan.lie]
    return counts | {"promptTokenCount": lie, "candidatesTokenCount": lie}


def error_body(status: int, plan: Plan, message: str) -> bytes:
    """google.rpc.Status as JSON. `status_code`: a reason for its details, such as API_KEY_INVALID."""
    name = STATUSES.get(status, "UNKNOWN")
    error: dict[str, Any] = {"code": status, "message": plan.message or message, "status": name}
    if plan.status_code:
        kind = "type.googleapis.com/google.rpc.ErrorInfo"
        error["details"] = [{"@type": kind, "reason": plan.status_code, "domain": "googleapis.com"}]
    return _json({"error": error})


def streams(body: dict[str, Any], path: str) -> bool:
    """Whether the path is the streaming one; the gateway always asks it for server-sent events."""
    return path.endswith(":streamGenerateContent")


def _messages(body: dict[str, Any]) -> list[dict[str, Any]]:
    """The contents as chat messages: what directives and prompt counts are read from."""
    found = []
    contents = body.get("contents")
    for content in contents if isinstance(contents, list) else ():
        parts = content.get("parts") if isinstance(content, dict) else None
        texts = [part["text"] for part in parts or () if isinstance(part, dict) and "text" in part]
        role = "assistant" if content.get("role") == "model" else "user"
        found.append({"role": role, "content": " ".join(map(str, texts))})
    return found


def _name(path: str) -> str:
    match = _PATH.fullmatch(path)
    return match["name"] if match else ""


def _parsed(plan: Plan) -> list[tuple[str, dict[str, Any] | None]]:
    calls: list[tuple[str, dict[str, Any] | None]] = []
    for name, text in plan.tool_calls:
        try:
            arguments = json.loads(text)
        except ValueError:
            arguments = None
        calls.append((name, arguments if isinstance(arguments, dict) else None))
    return calls


def _calls(plan: Plan) -> list[dict[str, Any]]:
    """One functionCall part per call; of parallel ones the first alone is signed."""
    calls = [(name, arguments) for name, arguments in _parsed(plan) if arguments is not None]
    return [
        {"functionCall": {"name": name, "args": arguments, "id": f"fc_test{place}"}}
        | ({} if place else {"thoughtSignature": SIGNATURE})
        for place, (name, arguments) in enumerate(calls)
    ]


def _draws(body: dict[str, Any]) -> bool:
    return "IMAGE" in ((body.get("generationConfig") or {}).get("responseModalities") or ())


def _pictures(plan: Plan, body: dict[str, Any]) -> list[dict[str, Any]]:
    """The picture that was asked for; none where another finish is planned."""
    if not _draws(body) or plan.finish:
        return []
    shape = (body["generationConfig"].get("imageConfig") or {}).get("aspectRatio")
    data = pictures.png(_SIDES.get(shape, (1024, 1024)), json.dumps(body["contents"]))
    return [{"inlineData": {"mimeType": "image/png", "data": base64.b64encode(data).decode()}}]


def _thoughts(plan: Plan) -> list[dict[str, Any]]:
    return [{"text": plan.reasoning, "thought": True}] if plan.reasoning else []


def _text(text: str) -> list[dict[str, Any]]:
    return [{"text": text}] if text else []


def _pieces(plan: Plan, answer: chat.Answer) -> Iterator[tuple[int, list[dict[str, Any]]]]:
    """(tokens, parts) of each content event."""
    if plan.reasoning or plan.reasoning_tokens:
        yield plan.reasoning_tokens, _thoughts(plan) or [{"text": "", "thought": True}]
    for piece in chat.pieces(answer.tokens, plan.chunks):
        yield len(piece), _text("".join(piece))
    for part in _calls(plan):
        yield len(json.dumps(part["functionCall"]["args"])) // 4 + 4, [part]


def _response(
    plan: Plan,
    answer: chat.Answer,
    body: dict[str, Any],
    parts: list[dict[str, Any]],
    *,
    finish: str = "",
    spent: int = 0,
) -> dict[str, Any]:
    candidate: dict[str, Any] = {"content": {"parts": parts, "role": "model"}, "index": 0}
    usage = reported_usage(plan, answer, body)
    if finish:
        candidate["finishReason"] = finish
    elif usage is not None and not plan.lie:
        usage = _counts(plan, answer, spent)
    if finish == "MALFORMED_FUNCTION_CALL":
        del candidate["content"]
        candidate["finishMessage"] = "Malformed function call: print(default_api.get_weather("
    return {"candidates": [candidate], **_frame(usage, answer)}


def _blocked(plan: Plan, answer: chat.Answer, body: dict[str, Any]) -> dict[str, Any]:
    """A prompt that safety filters refuse: no candidates at all."""
    usage = reported_usage(plan, answer, body)
    feedback = {"blockReason": plan.finish or "PROHIBITED_CONTENT"}
    return {"promptFeedback": feedback, **_frame(usage and _counts(plan, answer, 0), answer)}


def _frame(usage: dict[str, Any] | None, answer: chat.Answer) -> dict[str, Any]:
    frame: dict[str, Any] = {"modelVersion": "gemini-test", "responseId": answer.id}
    return frame if usage is None else {"usageMetadata": usage} | frame


def _counts(plan: Plan, answer: chat.Answer, spent: int) -> dict[str, Any]:
    """After `spent` tokens. Thoughts are beside the candidates' tokens, and a zero is left out."""
    thoughts = min(plan.reasoning_tokens, spent)
    counts = {
        "promptTokenCount": answer.prompt_tokens,
        "candidatesTokenCount": spent - thoughts,
        "totalTokenCount": answer.prompt_tokens + spent,
        "cachedContentTokenCount": plan.cached_tokens,
        "thoughtsTokenCount": thoughts,
    }
    details = [{"modality": "TEXT", "tokenCount": answer.prompt_tokens}]
    return {name: count for name, count in counts.items() if count} | {"promptTokensDetails": details}


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
