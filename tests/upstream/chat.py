"""The openai chat dialect: a Plan and a request become the bytes that a real provider would send."""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from tests.upstream.plan import LIES, Plan, message_text

WORDS = ("salom ", "dunyo ", "oʻzbek ", "tilida ", "javob ", "тест ", "🙂 ", "soʻm ")
FINGERPRINT = "fp_test"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What shall be said: the tokens of one choice, the tool calls, and the honest count of both sides."""

    id: str
    created: int
    model: str
    choices: int
    tokens: tuple[str, ...]
    finish: str
    prompt_tokens: int
    completion_tokens: int


def compose(plan: Plan, body: dict[str, Any]) -> Answer:
    """The answer to one request, kept under the caller's output bound unless the plan ignores it."""
    choices = int(body.get("n") or 1)
    bound = output_bound(body)
    whole = _tokens(plan, body)
    wanted = _rest(whole, going_on(body))
    room = len(wanted) if bound is None or plan.ignore_max else max(bound - plan.reasoning_tokens, 0)
    said = wanted[:room]
    finish = plan.finish or _finish(plan, cut=len(said) < len(wanted))
    spent = len(said) + plan.reasoning_tokens + sum(len(text) // 4 + 4 for _, text in plan.tool_calls)
    if plan.completion_tokens is not None and plan.text is not None:
        spent = plan.completion_tokens
    if bound is not None and not plan.ignore_max:
        spent = min(spent, bound)
    return Answer(
        id=f"chatcmpl-{uuid4().hex[:24]}",
        created=int(time.time()),
        model=str(body.get("model")),
        choices=choices,
        tokens=said,
        finish=finish,
        prompt_tokens=prompt_tokens(plan, body) + len(whole) - len(wanted),
        completion_tokens=spent * choices,
    )


def output_bound(body: dict[str, Any]) -> int | None:
    """The caller's bound of one choice in tokens, under either of its names."""
    bound = body.get("max_completion_tokens", body.get("max_tokens"))
    return bound if isinstance(bound, int) else None


def whole(plan: Plan, answer: Answer, body: dict[str, Any]) -> bytes:
    """The body of an answer that is not streamed."""
    content = "".join(answer.tokens)
    message: dict[str, Any] = {"role": "assistant", "content": content, "refusal": plan.refusal or None}
    if plan.reasoning:
        message["reasoning_content"] = plan.reasoning
    if plan.tool_calls:
        calls = [_call(index, *call) for index, call in enumerate(plan.tool_calls)]
        message |= {"content": None, "tool_calls": calls}
    message["annotations"] = []
    choice = {"message": message, "finish_reason": answer.finish, "logprobs": _logprobs(answer.tokens, body)}
    reply = _frame(answer, "chat.completion") | {
        "choices": [{"index": index, **choice} for index in range(answer.choices)],
    }
    if (usage := reported_usage(plan, answer, body)) is not None or plan.lie == "null":
        reply["usage"] = usage
    return _json(reply)


def chunks(plan: Plan, answer: Answer, body: dict[str, Any]) -> Iterator[tuple[int, bytes]]:
    """The SSE payloads of a stream up to [DONE], each with the number of tokens in it."""
    asked = bool((body.get("stream_options") or {}).get("include_usage"))
    frame = _frame(answer, "chat.completion.chunk") | ({"usage": None} if asked else {})
    for index in range(answer.choices):
        yield 0, _chunk(frame, index, {"role": "assistant", "content": "", "refusal": None})
    if plan.reasoning or plan.reasoning_tokens:
        yield plan.reasoning_tokens, _chunk(frame, 0, {"reasoning_content": plan.reasoning})
    for piece in pieces(answer.tokens, plan.chunks):
        for index in range(answer.choices):
            delta = {"content": "".join(piece)}
            yield len(piece), _chunk(frame, index, delta, logprobs=_logprobs(piece, body))
    if plan.refusal:
        yield 1, _chunk(frame, 0, {"refusal": plan.refusal})
    yield from _tool_chunks(plan, frame)
    for index in range(answer.choices):
        yield 0, _chunk(frame, index, {}, finish=answer.finish)
    if asked and plan.fault == "two_usages":
        early = honest_usage(plan, answer) | {"completion_tokens": 1}
        yield 0, _json(frame | {"choices": [], "usage": early})
    if asked and ((usage := reported_usage(plan, answer, body)) is not None or plan.lie == "null"):
        yield 0, _json(frame | {"choices": [], "usage": usage})


def honest_usage(plan: Plan, answer: Answer) -> dict[str, Any]:
    """The usage object with the true counts."""
    return {
        "prompt_tokens": answer.prompt_tokens,
        "completion_tokens": answer.completion_tokens,
        "total_tokens": answer.prompt_tokens + answer.completion_tokens,
        "prompt_tokens_details": {"cached_tokens": plan.cached_tokens, "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": plan.reasoning_tokens,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }


def reported_usage(plan: Plan, answer: Answer, body: dict[str, Any]) -> dict[str, Any] | None:
    """The usage object as this plan reports it: honest, a lie, or none."""
    if plan.fault == "no_usage" or plan.lie == "null":
        return None
    usage = honest_usage(plan, answer)
    if not plan.lie:
        return usage
    if plan.lie == "above_max":
        above = (output_bound(body) or answer.completion_tokens) * 10
        return usage | {"completion_tokens": above, "total_tokens": above + answer.prompt_tokens}
    lie = LIES[plan.lie]
    return usage | {"prompt_tokens": lie, "completion_tokens": lie, "total_tokens": lie}


def error_body(status: int, plan: Plan, message: str) -> bytes:
    """An error as OpenAI words it; the tests look for it verbatim."""
    kind = {401: "authentication_error", 429: "rate_limit_error"}.get(status)
    return _json(
        {
            "error": {
                "message": plan.message or message,
                "type": kind or ("invalid_request_error" if status < 500 else "server_error"),
                "param": "messages" if status == 400 else None,
                "code": plan.status_code or f"upstream_{status}",
            }
        }
    )


def _tokens(plan: Plan, body: dict[str, Any]) -> tuple[str, ...]:
    if plan.tool_calls or plan.refusal:
        return ()
    if plan.text is not None:
        return tuple(piece + " " for piece in plan.text.split(" ")[:-1]) + (plan.text.split(" ")[-1],)
    if (body.get("response_format") or {}).get("type") in {"json_object", "json_schema"}:
        return ('{"answer": ', '"salom"', "}")
    count = 8 if plan.completion_tokens is None else max(plan.completion_tokens - plan.reasoning_tokens, 0)
    words = (plan.word,) if plan.word else WORDS
    return tuple(words[index % len(words)] for index in range(count))


def going_on(body: dict[str, Any]) -> str:
    """What the model shall go on with: an assistant's message at the end, if it is marked as that."""
    last = (body.get("messages") or [{}])[-1]
    if not isinstance(last, dict) or last.get("role") != "assistant":
        return ""
    vllm = body.get("continue_final_message") and body.get("add_generation_prompt") is False
    marked = last.get("prefix") or last.get("partial") or vllm or body.get("goes_on")
    return message_text(last) if marked else ""


def _rest(tokens: tuple[str, ...], said: str) -> tuple[str, ...]:
    """The tokens after those that were said, with the blank that the last of them lost."""
    for count in range(1, len(tokens)):
        before = "".join(tokens[:count])
        if said and before.rstrip() == said:
            return (before[len(said) :] + tokens[count], *tokens[count + 1 :])
    return tokens


def prompt_tokens(plan: Plan, body: dict[str, Any]) -> int:
    """The honest count of the prompt, cached tokens included."""
    if plan.prompt_tokens is not None:
        return plan.prompt_tokens
    messages = [message for message in body.get("messages") or [] if isinstance(message, dict)]
    return 3 + sum(4 + len(message_text(message).split()) for message in messages)


def _finish(plan: Plan, *, cut: bool) -> str:
    if plan.tool_calls:
        return "tool_calls"
    if plan.refusal:
        return "content_filter"
    return "length" if cut else "stop"


def _frame(answer: Answer, kind: str) -> dict[str, Any]:
    return {
        "id": answer.id,
        "object": kind,
        "created": answer.created,
        "model": answer.model,
        "service_tier": "default",
        "system_fingerprint": FINGERPRINT,
    }


def _chunk(
    frame: dict[str, Any],
    index: int,
    delta: dict[str, Any],
    *,
    finish: str | None = None,
    logprobs: dict[str, Any] | None = None,
) -> bytes:
    choice = {"index": index, "delta": delta, "logprobs": logprobs, "finish_reason": finish}
    return _json(frame | {"choices": [choice]})


def _tool_chunks(plan: Plan, frame: dict[str, Any]) -> Iterator[tuple[int, bytes]]:
    for index, (name, arguments) in enumerate(plan.tool_calls):
        head = _call(index, name, "") | {"index": index}
        yield 4, _chunk(frame, 0, {"tool_calls": [head]})
        for start in range(0, len(arguments), 12):
            piece = {"index": index, "function": {"arguments": arguments[start : start + 12]}}
            yield 3, _chunk(frame, 0, {"tool_calls": [piece]})


def _call(index: int, name: str, arguments: str) -> dict[str, Any]:
    return {"id": f"call_test{index}", "type": "function", "function": {"name": name, "arguments": arguments}}


def _logprobs(tokens: tuple[str, ...], body: dict[str, Any]) -> dict[str, Any] | None:
    if not body.get("logprobs"):
        return None
    top = int(body.get("top_logprobs") or 0)
    content = [_logprob(token) | {"top_logprobs": [_logprob(token)] * top} for token in tokens]
    return {"content": content, "refusal": None}


def _logprob(token: str) -> dict[str, Any]:
    return {"token": token, "logprob": -0.25, "bytes": list(token.encode())}


def pieces(tokens: tuple[str, ...], count: int | None) -> Iterator[tuple[str, ...]]:
    """The tokens in so many pieces; None: one each."""
    if not tokens:
        return
    count = min(count or len(tokens), len(tokens))
    for index in range(count):
        yield tokens[index * len(tokens) // count : (index + 1) * len(tokens) // count]


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
