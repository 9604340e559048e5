"""POST /v1/responses: a body becomes a Call and a chat body (api.md §4). Nothing is kept between two calls.

Source: openai-python 3.x `ResponseCreateParams`. Fields that another dialect has no word for are left out.
"""

from collections.abc import Mapping
from typing import Any, Final

from proxy.call import Call
from proxy.dialects import fields, json_body
from proxy.dialects.openai_request import OUTPUT_MAX, weighed
from proxy.dialects.responses_items import messages_of
from proxy.dialects.responses_tools import tool_fields
from proxy.errors import invalid

# What would need a memory of earlier responses, or of prompts kept at OpenAI.
_STATEFUL: Final = ("previous_response_id", "conversation", "prompt")
_SAME: Final = ("temperature", "top_p", "user", "prompt_cache_key", "safety_identifier")


def parse(raw: bytes, inbound: Mapping[bytes, list[bytes]]) -> Call:
    """A request body as a Call. Raises ApiError 400 or 413 before anything has moved."""
    body = json_body.parse(raw)
    asked = fields.model_name(body)
    for name in _STATEFUL:
        if body.get(name) is not None:
            raise invalid("unsupported_parameter", f"'{name}' is not supported: nothing is stored.", name)
    if fields.flag(body, "background"):
        raise invalid("unsupported_parameter", "'background' is not supported.", "background")
    fields.number(body, "temperature", 0, 2)
    fields.number(body, "top_p", 0, 1)
    limit = fields.whole(body, "max_output_tokens", 1, OUTPUT_MAX)
    return weighed("responses", asked, body, to_chat(body), ("max_output_tokens", limit))


def to_chat(body: Mapping[str, Any]) -> dict[str, Any]:
    """The same question as a body of /v1/chat/completions. Raises ApiError 400 or 413."""
    chat = {"model": body["model"], "messages": messages_of(body)}
    if fields.flag(body, "stream"):
        chat["stream"] = True
    fields.flag(body, "parallel_tool_calls")
    chat |= tool_fields(body)
    chat |= _text(body)
    effort = _object(body, "reasoning").get("effort")
    if isinstance(effort, str):
        chat["reasoning_effort"] = effort
    return chat | {name: body[name] for name in _SAME if body.get(name) is not None}


def _text(body: Mapping[str, Any]) -> dict[str, Any]:
    """response_format and verbosity."""
    told = _object(body, "text")
    found: dict[str, Any] = {}
    form = told.get("format") or {}
    kind = form.get("type", "text") if isinstance(form, dict) else None
    if kind == "json_object":
        found["response_format"] = {"type": "json_object"}
    elif kind == "json_schema":
        names = ("name", "description", "schema", "strict")
        schema = {name: form[name] for name in names if form.get(name) is not None}
        found["response_format"] = {"type": "json_schema", "json_schema": schema}
    elif kind != "text":
        raise invalid(
            "invalid_value", "'text.format.type' must be text, json_object or json_schema.", "text.format"
        )
    if told.get("verbosity") is not None:
        found["verbosity"] = told["verbosity"]
    return found


def _object(body: Mapping[str, Any], name: str) -> dict[str, Any]:
    value = body.get(name)
    if value is not None and not isinstance(value, dict):
        raise invalid("invalid_type", f"'{name}' must be an object.", name)
    return value or {}
