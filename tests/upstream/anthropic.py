"""The Messages dialect: a Plan and a request become what Anthropic would send, in its order (api.md §2.3)."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from tests.upstream import chat
from tests.upstream.plan import LIES, Plan

STOP_REASONS = {
    "stop": "end_turn",
    "length": "max_tokens",
    "tool_calls": "tool_use",
    "content_filter": "refusal",
}
ERROR_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    422: "invalid_request_error",
    429: "rate_limit_error",
    504: "timeout_error",
    529: "overloaded_error",
}
SIGNATURE = "EqQBCgIYAhIkdGVzdC1zaWduYXR1cmU="
MESSAGE_STOP = b'event: message_stop\ndata: {"type":"message_stop"}'


def wishes(body: dict[str, Any], path: str) -> dict[str, Any]:
    """The request as read_plan reads it: the last block that is a directive counts, whatever stands around.

    Tool results are a user's turn too, and reminders join it.
    """
    found = [text for text in _texts(body) if text.lstrip().startswith('{"upstream"')]
    if not found:
        return body
    return {"model": body.get("model"), "messages": [{"role": "user", "content": found[-1]}]}


def _texts(body: dict[str, Any]) -> Iterator[str]:
    for message in body.get("messages") or []:
        content = message.get("content")
        blocks = content if isinstance(content, list) else [{"text": content}]
        yield from (block["text"] for block in blocks if isinstance(block.get("text"), str))


def compose(plan: Plan, body: dict[str, Any]) -> chat.Answer:
    """The answer to one request; its finish is Anthropic's stop_reason."""
    asked = body | {"goes_on": True}
    form = (body.get("output_config") or {}).get("format")
    if form:
        asked["response_format"] = form
    answer = chat.compose(plan, asked)
    finish = STOP_REASONS.get(answer.finish, answer.finish)
    return replace(answer, id=f"msg_{answer.id.removeprefix('chatcmpl-')}", finish=finish)


def whole(plan: Plan, answer: chat.Answer, body: dict[str, Any]) -> bytes:
    """The body of an answer that is not streamed."""
    blocks = [block | filling for block, filling, _ in _blocks(plan, answer)]
    end = _end(plan, answer, body)
    message = _message(answer) | end | {"content": blocks}
    if (usage := reported_usage(plan, answer, body)) is not None or plan.lie == "null":
        message["usage"] = usage
    return _json(message)


def chunks(plan: Plan, answer: chat.Answer, body: dict[str, Any]) -> Iterator[tuple[int, bytes]]:
    """The events up to message_stop, each with the number of tokens in it."""
    usage = reported_usage(plan, answer, body)
    start = _message(answer)
    if usage is not None:
        start["usage"] = usage | ({} if plan.lie else {"output_tokens": 1})
        start["usage"].pop("output_tokens_details")
    yield 0, _json({"type": "message_start", "message": start})
    for index, (block, _, deltas) in enumerate(_blocks(plan, answer)):
        yield 0, _json({"type": "content_block_start", "index": index, "content_block": block})
        if index == 0:
            yield 0, _json({"type": "ping"})
        for tokens, delta in deltas:
            yield tokens, _json({"type": "content_block_delta", "index": index, "delta": delta})
        yield 0, _json({"type": "content_block_stop", "index": index})
    if plan.fault == "two_usages":
        early = {"type": "message_delta", "delta": {"stop_reason": None, "stop_sequence": None}}
        yield 0, _json(early | {"usage": {"output_tokens": 1}})
    end: dict[str, Any] = {"type": "message_delta", "delta": _end(plan, answer, body)}
    if usage is not None or plan.lie == "null":
        end["usage"] = usage and {
            name: usage[name] for name in usage if name not in {"cache_creation", "service_tier"}
        }
    yield 0, _json(end)


def reported_usage(plan: Plan, answer: chat.Answer, body: dict[str, Any]) -> dict[str, Any] | None:
    """The usage as this plan reports it: honest, a lie, or none. input_tokens is what nobody cached."""
    if plan.fault == "no_usage" or plan.lie == "null":
        return None
    written = plan.cache_write_tokens + plan.cache_write_1h_tokens
    usage: dict[str, Any] = {
        "input_tokens": answer.prompt_tokens - plan.cached_tokens - written,
        "cache_creation_input_tokens": written,
        "cache_read_input_tokens": plan.cached_tokens,
        "cache_creation": {
            "ephemeral_5m_input_tokens": plan.cache_write_tokens,
            "ephemeral_1h_input_tokens": plan.cache_write_1h_tokens,
        },
        "output_tokens": answer.completion_tokens,
        "output_tokens_details": {"thinking_tokens": plan.reasoning_tokens},
        "server_tool_use": None,
        "service_tier": "standard",
    }
    if not plan.lie:
        return usage
    if plan.lie == "above_max":
        return usage | {"output_tokens": (body.get("max_tokens") or answer.completion_tokens) * 10}
    return usage | {"input_tokens": LIES[plan.lie], "output_tokens": LIES[plan.lie]}


def error_body(status: int, plan: Plan, message: str) -> bytes:
    """An error as Anthropic words it."""
    kind = ERROR_TYPES.get(status, "invalid_request_error" if status < 500 else "api_error")
    error = {"type": plan.status_code or kind, "message": plan.message or message}
    return _json({"type": "error", "error": error, "request_id": "req_upstream"})


def line(payload: bytes) -> bytes:
    """An event with its name."""
    kind = str(json.loads(payload)["type"]).encode()
    return b"event: " + kind + b"\ndata: " + payload


def _blocks(
    plan: Plan, answer: chat.Answer
) -> Iterator[tuple[dict[str, Any], dict[str, Any], list[tuple[int, dict[str, Any]]]]]:
    """(the empty block, what fills it, the deltas that do so), one block after the other."""
    if plan.reasoning or plan.reasoning_tokens:
        yield _thinking(plan)
    if answer.tokens:
        pieces = [(len(piece), "".join(piece)) for piece in chat.pieces(answer.tokens, plan.chunks)]
        empty = {"type": "text", "text": "", "citations": None}
        yield empty, {"text": "".join(answer.tokens)}, [(n, _text(text)) for n, text in pieces]
    for place, (name, arguments) in enumerate(plan.tool_calls):
        yield _tool_use(place, name, arguments)


def _thinking(plan: Plan) -> tuple[dict[str, Any], dict[str, Any], list[tuple[int, dict[str, Any]]]]:
    """With display "omitted" there is no text, only the signature."""
    text = plan.reasoning
    deltas = [(1, {"type": "thinking_delta", "thinking": text[i : i + 24]}) for i in range(0, len(text), 24)]
    seal = (plan.reasoning_tokens, {"type": "signature_delta", "signature": SIGNATURE})
    empty = {"type": "thinking", "thinking": "", "signature": ""}
    return empty, {"thinking": text, "signature": SIGNATURE}, [*deltas, seal]


def _tool_use(
    place: int, name: str, arguments: str
) -> tuple[dict[str, Any], dict[str, Any], list[tuple[int, dict[str, Any]]]]:
    """Its first delta is empty, as recorded."""
    pieces = ["", *(arguments[start : start + 12] for start in range(0, len(arguments), 12))]
    deltas = [(4, {"type": "input_json_delta", "partial_json": piece}) for piece in pieces]
    empty = {"type": "tool_use", "id": f"toolu_test{place}", "name": name, "input": {}}
    empty["caller"] = {"type": "direct"}
    return empty, {"input": json.loads(arguments)}, deltas


def _text(text: str) -> dict[str, Any]:
    return {"type": "text_delta", "text": text}


def _message(answer: chat.Answer) -> dict[str, Any]:
    return {
        "id": answer.id,
        "type": "message",
        "role": "assistant",
        "model": answer.model,
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "stop_details": None,
        "container": None,
    }


def _end(plan: Plan, answer: chat.Answer, body: dict[str, Any]) -> dict[str, Any]:
    sequences = body.get("stop_sequences") or [None]
    refused = {"type": "refusal", "category": "cyber", "explanation": plan.refusal or None}
    return {
        "stop_reason": answer.finish,
        "stop_sequence": sequences[0] if answer.finish == "stop_sequence" else None,
        "stop_details": refused if answer.finish == "refusal" else None,
        "container": None,
    }


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
