"""POST /v1/chat/completions: a body becomes a Call, and a Call becomes the body for one upstream.

Source: openai-python 3.x `CompletionCreateParams`. Fields that decide money or routing are checked here; the
rest, unknown fields included, passes to the upstream untouched.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import orjson

from proxy.bridge import Ask
from proxy.call import Call
from proxy.dialects import fields, json_body, media, reminders, thoughts
from proxy.dialects.prefill import prefilled
from proxy.errors import ApiError, invalid
from routing.snaps import EndpointSnap

MESSAGES_MAX = 10_000
TOOLS_MAX = 256
TOOLS_BYTES_MAX = 512 * 1024
OUTPUT_MAX = 10_000_000
COPIES_MAX = 128
ROLES = frozenset({"system", "developer", "user", "assistant", "tool", "function"})
# Roo and Kilo send Anthropic's thinking blocks inside OpenAI parts (api.md §1.1).
PARTS = frozenset({"text", "image_url", "input_audio", "file", "refusal", "thinking", "redacted_thinking"})
# Weighed by themselves, or no text that a model could be given.
_WEIGHED = frozenset({"model", "messages", "tools", "functions", "response_format", "stream_options"})
# Hints that other servers of this dialect may refuse; no answer is wrong without them.
_OPENAIS_OWN = frozenset({"prompt_cache_key", "safety_identifier", "verbosity"})
# OpenAI's reasoning models take their defaults only.
_SAMPLING = frozenset({"temperature", "top_p"})
_NUMBERS = {
    "temperature": (0, 2),
    "top_p": (0, 1),
    "presence_penalty": (-2, 2),
    "frequency_penalty": (-2, 2),
}


def parse(raw: bytes, inbound: Mapping[bytes, list[bytes]]) -> Call:
    """A request body as a Call. Raises ApiError 400 or 413 before anything has moved."""
    body = json_body.parse(raw)
    asked = fields.model_name(body)
    _messages(body)
    for name, (low, high) in _NUMBERS.items():
        fields.number(body, name, low, high)
    return weighed("chat", asked, body, body, _output_limit(body))


def weighed(
    kind: str, asked: str, body: dict[str, Any], chat: Mapping[str, Any], bound: tuple[str, int | None]
) -> Call:
    """The Call of a checked request of any dialect, weighed as the `chat` body that it stands for.

    bound: the name of the output bound in the request, and its tokens. Raises ApiError 400 or 413.
    """
    messages = chat["messages"]
    weight = media.weigh(messages)
    tools_bytes = _tools(chat)
    text = weight.text_bytes + tools_bytes
    overhead = 16 * len(messages) + (512 if tools_bytes else 0)
    field, limit = bound
    return Call(
        kind=kind,
        asked=asked,
        body=body,
        stream=fields.flag(chat, "stream"),
        wants_usage=_wants_usage(chat),
        copies=fields.whole(chat, "n", 1, COPIES_MAX) or 1,
        input_bound=text + overhead + weight.media_tokens_max + _elsewhere(chat),
        input_estimate=max(1, text // 4) + 4 * len(messages) + weight.media_tokens_max // 4,
        output_limit=limit,
        output_field=field,
        needs=_needs(chat, weight),
        remote_media=weight.remote,
    )


def ask(call: Call, endpoint: EndpointSnap, output_bound: int) -> Ask:
    """The request to an upstream of the same dialect. Raises bridge.Unsupported."""
    field = call.output_field or bound_name(endpoint)
    if call.said:
        call = replace(call, body=prefilled(call.body, call.said, endpoint.provider.prefill))
    body = build(call, endpoint.upstream_name, output_bound, field)
    return Ask("/chat/completions", orjson.dumps(body))


def ask_translated(call: Call, chat: dict[str, Any], endpoint: EndpointSnap, output_bound: int) -> Ask:
    """The request of a caller of another dialect, already put into OpenAI's words."""
    field = "max_completion_tokens" if "max_completion_tokens" in chat else bound_name(endpoint)
    left_out = _not_taken(endpoint)
    asked = {name: value for name, value in chat.items() if name not in left_out}
    wanted = thoughts.are_wanted(endpoint)
    asked["messages"] = [thoughts.placed(message, wanted=wanted) for message in asked["messages"]]
    if not _is_openais(endpoint):
        asked["messages"] = reminders.folded(asked["messages"])
    body = _bounded(asked, call.stream, endpoint.upstream_name, (field, output_bound))
    return Ask("/chat/completions", orjson.dumps(body))


def _not_taken(endpoint: EndpointSnap) -> frozenset[str]:
    """Fields that this model or server answers with 400 where a caller of another dialect means no harm."""
    reasons = "reasoning" in endpoint.capabilities
    left_out = frozenset() if reasons else frozenset({"reasoning_effort"})
    if not _is_openais(endpoint):
        return left_out | _OPENAIS_OWN
    return left_out | _SAMPLING if reasons else left_out


def bound_name(endpoint: EndpointSnap) -> str:
    """The name of the output bound when the caller gave none: OpenAI's own hosts refuse the old one."""
    return "max_completion_tokens" if _is_openais(endpoint) else "max_tokens"


def _is_openais(endpoint: EndpointSnap) -> bool:
    url = endpoint.provider.base_url
    return "openai.com" in url or "azure.com" in url


def build(call: Call, upstream_model: str, output_bound: int, field: str) -> dict[str, Any]:
    """The body for one upstream: only model, output bound and stream_options differ, the order is kept."""
    return _bounded(call.body, call.stream, upstream_model, (field, output_bound))


def _bounded(
    asked: Mapping[str, Any], stream: bool, upstream_model: str, bound: tuple[str, int]
) -> dict[str, Any]:
    field, output_bound = bound
    body = {**asked, "model": upstream_model}
    # A null is the client's way to say "not given"; the upstream gets one bound and one name for it.
    for name in ("max_tokens", "max_completion_tokens"):
        if name != field and name in body:
            del body[name]
    body[field] = output_bound
    if stream:
        options = body.get("stream_options")
        body["stream_options"] = {**(options if isinstance(options, dict) else {}), "include_usage": True}
    return body


def _messages(body: Mapping[str, Any]) -> None:
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages:
        raise invalid("invalid_messages", "'messages' must be a list with at least one message.", "messages")
    if len(messages) > MESSAGES_MAX:
        raise invalid("too_many_messages", f"'messages' may have {MESSAGES_MAX} items at most.", "messages")
    for index, message in enumerate(messages):
        _message(message, f"messages[{index}]")


def _message(message: Any, where: str) -> None:
    if not isinstance(message, dict):
        raise invalid("invalid_messages", f"'{where}' must be an object.", where)
    role, content = message.get("role"), message.get("content")
    if role not in ROLES if isinstance(role, str) else True:
        raise invalid("invalid_value", f"'{where}.role' must be one of {sorted(ROLES)}.", f"{where}.role")
    if role == "tool" and not isinstance(message.get("tool_call_id"), str):
        raise invalid("invalid_messages", f"'{where}' needs a 'tool_call_id'.", f"{where}.tool_call_id")
    if content is None:
        spoken = ("tool_calls", "function_call", "refusal", "audio", "reasoning_content", "reasoning")
        if role != "assistant" or not any(message.get(name) for name in spoken):
            raise invalid("invalid_messages", f"'{where}.content' is missing.", f"{where}.content")
    elif isinstance(content, list):
        _parts(content, f"{where}.content")
    elif not isinstance(content, str):
        raise invalid(
            "invalid_messages", f"'{where}.content' must be a string or a list.", f"{where}.content"
        )


def _parts(parts: list[Any], where: str) -> None:
    for index, part in enumerate(parts):
        kind = part.get("type") if isinstance(part, dict) else None
        if not isinstance(kind, str) or kind not in PARTS:
            raise invalid(
                "invalid_value",
                f"'{where}[{index}].type' must be one of {sorted(PARTS)}.",
                f"{where}[{index}]",
            )


def _tools(body: Mapping[str, Any]) -> int:
    """Bytes of all schemas, of tools and of the answer."""
    size = 0
    for name in ("tools", "functions"):
        tools = body.get(name)
        if tools is None:
            continue
        if not isinstance(tools, list):
            raise invalid("invalid_type", f"'{name}' must be a list.", name)
        size += media.text_bytes(tools)
        if len(tools) > TOOLS_MAX or size > TOOLS_BYTES_MAX:
            raise invalid(
                "tools_too_large", f"At most {TOOLS_MAX} tools and {TOOLS_BYTES_MAX} bytes of schemas.", name
            )
    schema = body.get("response_format")
    return size + (media.text_bytes(schema) if isinstance(schema, dict) else 0)


def _elsewhere(body: Mapping[str, Any]) -> int:
    """Bytes of all other text: predictions, documents and whatever else an upstream puts into its prompt."""
    return sum(
        media.text_bytes(value)
        for name, value in body.items()
        if name not in _WEIGHED and isinstance(value, (str, list, dict))
    )


def _output_limit(body: Mapping[str, Any]) -> tuple[str, int | None]:
    old = fields.whole(body, "max_tokens", 1, OUTPUT_MAX)
    new = fields.whole(body, "max_completion_tokens", 1, OUTPUT_MAX)
    if old is not None and new is not None and old != new:
        raise ApiError(
            400,
            "conflicting_parameters",
            "'max_tokens' and 'max_completion_tokens' differ; give one of them.",
            param="max_completion_tokens",
        )
    if new is not None:
        return "max_completion_tokens", new
    return ("max_tokens" if old is not None else ""), old


def _wants_usage(body: Mapping[str, Any]) -> bool:
    options = body.get("stream_options")
    if options is None:
        return False
    if not isinstance(options, dict):
        raise invalid("invalid_type", "'stream_options' must be an object.", "stream_options")
    return options.get("include_usage") is True


def _needs(body: Mapping[str, Any], weight: media.Weight) -> frozenset[str]:
    needs = set()
    if body.get("tools") or body.get("functions"):
        needs.add("tools")
    if weight.images:
        needs.add("vision")
    return frozenset(needs)
