"""Thoughts of earlier turns in a chat body: parts of the type `thinking`, from callers of other dialects.

OpenAI's chat has no place for them, so servers that want them back have made one. DeepSeek's guide "Thinking
mode" and Moonshot's: a turn with tool calls must carry its reasoning_content, or the next request is refused.
"""

from collections.abc import Mapping
from typing import Any, Final

from routing.snaps import EndpointSnap

_WANTING: Final = ("deepseek.com", "moonshot.")
# Of a turn whose thought got lost: they refuse an empty one.
_LOST: Final = " "


def are_wanted(endpoint: EndpointSnap) -> bool:
    """Whether this server takes reasoning_content in its input, and asks for it."""
    return any(host in endpoint.provider.base_url for host in _WANTING)


def placed(message: Mapping[str, Any], *, wanted: bool) -> Mapping[str, Any]:
    """The message as a server of the openai dialect may be told it."""
    if message.get("role") != "assistant":
        return message
    content = message.get("content")
    parts = content if isinstance(content, list) else []
    thought = "".join(part.get("thinking") or "" for part in parts if part.get("type") == "thinking")
    told = {**message, "content": _said(message, parts)} if parts else message
    if wanted and message.get("tool_calls"):
        return {**told, "reasoning_content": thought or _LOST}
    return told


def _said(message: Mapping[str, Any], parts: list[dict[str, Any]]) -> Any:
    """The content without its thoughts."""
    said = [part for part in parts if part.get("type") != "thinking"]
    if any(part.get("type") != "text" for part in said):
        return said
    nothing = None if message.get("tool_calls") else ""
    return "".join(part["text"] for part in said) or nothing
