"""CloudGPT's own addresses (`/api/…`): OpenAI's dialect with the defaults that CloudGPT documents."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from proxy.call import Call
from proxy.dialects import openai_request

TEMPERATURE: Final = 0.7


def parse_chat(raw: bytes, inbound: Mapping[bytes, list[bytes]]) -> Call:
    """POST /api/chat. Raises ApiError 400 or 413."""
    call = openai_request.parse(raw, inbound)
    if call.body.get("temperature") is None:
        return replace(call, kind="api_chat", body={**call.body, "temperature": TEMPERATURE})
    return replace(call, kind="api_chat")
