"""POST /v1/messages: a body becomes a Call.

Source: anthropic-python 2.x `MessageCreateParams`, api.md §2.1. Fields that decide money or routing are
checked here; the rest passes: unknown fields, unknown kinds of blocks, and every `anthropic-*` header.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from proxy.call import Call
from proxy.dialects import fields, json_body, media
from proxy.dialects.openai_request import MESSAGES_MAX, OUTPUT_MAX, TOOLS_BYTES_MAX, TOOLS_MAX
from proxy.errors import invalid

KIND: Final = "messages"
ROLES: Final = ("user", "assistant", "system")
# A page of a PDF is text and an image of at most 1,600 tokens, and takes a kilobyte of the file at least.
PDF_TOKENS_PER_BYTE: Final = 3
# Nobody can know how long a document behind an address is; no window is longer than this.
REMOTE_DOCUMENT_TOKENS: Final = 1_000_000
# Weighed by themselves, or no text that a model could be given.
_WEIGHED: Final = frozenset({"model", "messages", "tools"})
_NUMBERS: Final = {"temperature": (0, 2), "top_p": (0, 1)}


@dataclass(slots=True)
class Weight:
    """What a conversation weighs so far; see media.Weight."""

    text_bytes: int = 0
    media_tokens_max: int = 0
    images: int = 0
    remote: bool = False


def parse(raw: bytes, inbound: Mapping[bytes, list[bytes]]) -> Call:
    """A request body as a Call. Raises ApiError 400 or 413 before anything has moved."""
    body = json_body.parse(raw)
    asked = fields.model_name(body)
    messages = _messages(body)
    tools_bytes = _tools(body)
    if not isinstance(body.get("system") or [], (str, list)):
        raise invalid("invalid_type", "'system' must be a string or a list of blocks.", "system")
    for name, (low, high) in _NUMBERS.items():
        fields.number(body, name, low, high)
    limit = fields.whole(body, "max_tokens", 1, OUTPUT_MAX)
    stream = fields.flag(body, "stream")
    weight = _weigh(messages)
    text = weight.text_bytes + tools_bytes + _elsewhere(body)
    overhead = 16 * len(messages) + (1024 if tools_bytes else 0)
    needs = {"tools"} if tools_bytes else set()
    return Call(
        kind=KIND,
        asked=asked,
        body=body,
        stream=stream,
        wants_usage=True,
        copies=1,
        input_bound=text + overhead + weight.media_tokens_max,
        input_estimate=max(1, text // 4) + 4 * len(messages) + weight.media_tokens_max // 4,
        output_limit=limit,
        output_field="max_tokens",
        needs=frozenset(needs | ({"vision"} if weight.images else set())),
        remote_media=weight.remote,
        headers=_headers(inbound),
    )


def blocks(content: Any) -> list[dict[str, Any]]:
    """A message's content as blocks."""
    if isinstance(content, str):
        return [{"type": "text", "text": content}] if content else []
    return [block for block in content if isinstance(block, dict)] if isinstance(content, list) else []


def _headers(inbound: Mapping[bytes, list[bytes]]) -> tuple[tuple[str, str], ...]:
    """The caller's `anthropic-*`: versions and betas are between him and the vendor (api.md §0.4)."""
    found = []
    for name, values in sorted(inbound.items()):
        value = b",".join(values).decode("latin-1")
        if name.startswith(b"anthropic-") and value.isascii() and value.isprintable():
            found.append((name.decode("latin-1"), value))
    return tuple(found)


def _messages(body: Mapping[str, Any]) -> list[dict[str, Any]]:
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages:
        raise invalid("invalid_messages", "'messages' must be a list with at least one message.", "messages")
    if len(messages) > MESSAGES_MAX:
        raise invalid("too_many_messages", f"'messages' may have {MESSAGES_MAX} items at most.", "messages")
    for index, message in enumerate(messages):
        _message(message, f"messages[{index}]")
    return messages


def _message(message: Any, where: str) -> None:
    if not isinstance(message, dict):
        raise invalid("invalid_messages", f"'{where}' must be an object.", where)
    role = message.get("role")
    if not isinstance(role, str) or role not in ROLES:
        raise invalid("invalid_value", f"'{where}.role' must be one of {list(ROLES)}.", f"{where}.role")
    content = message.get("content")
    if isinstance(content, list):
        _blocks(content, f"{where}.content")
    elif not isinstance(content, str):
        reason = "is missing" if content is None else "must be a string or a list"
        raise invalid("invalid_messages", f"'{where}.content' {reason}.", f"{where}.content")


def _blocks(found: list[Any], where: str) -> None:
    """Kinds that nobody here knows are left to the upstream; what has none at all is no block."""
    for index, block in enumerate(found):
        here = f"{where}[{index}]"
        if not isinstance(block, dict) or not isinstance(block.get("type"), str):
            raise invalid("invalid_value", f"'{here}' must be an object with a 'type'.", here)
        for name, needed in _NAMED.get(block["type"], ()):
            if not isinstance(block.get(name), needed):
                raise invalid("invalid_messages", f"'{here}' needs '{name}'.", f"{here}.{name}")
        if block["type"] == "tool_result" and isinstance(block.get("content"), list):
            _blocks(block["content"], f"{here}.content")


_NAMED: Final[dict[str, tuple[tuple[str, type], ...]]] = {
    "text": (("text", str),),
    "tool_use": (("id", str), ("name", str), ("input", dict)),
    "tool_result": (("tool_use_id", str),),
    "image": (("source", dict),),
    "document": (("source", dict),),
}


def _tools(body: Mapping[str, Any]) -> int:
    """Bytes of all tool schemas."""
    tools = body.get("tools")
    if tools is None:
        return 0
    if not isinstance(tools, list) or not all(isinstance(tool, dict) for tool in tools):
        raise invalid("invalid_type", "'tools' must be a list of objects.", "tools")
    size = media.text_bytes(tools) if tools else 0
    if len(tools) > TOOLS_MAX or size > TOOLS_BYTES_MAX:
        raise invalid(
            "tools_too_large", f"At most {TOOLS_MAX} tools and {TOOLS_BYTES_MAX} bytes of schemas.", "tools"
        )
    return size


def _elsewhere(body: Mapping[str, Any]) -> int:
    """Bytes of the system prompt and of whatever else an upstream may put into its prompt."""
    return sum(
        media.text_bytes(value)
        for name, value in body.items()
        if name not in _WEIGHED and isinstance(value, (str, list, dict))
    )


def _weigh(messages: Sequence[Mapping[str, Any]]) -> Weight:
    weight = Weight()
    for index, message in enumerate(messages):
        content = message["content"]
        if isinstance(content, str):
            weight.text_bytes += len(content.encode("utf-8", "surrogatepass"))
        else:
            _weigh_blocks(weight, content, f"messages[{index}].content")
        if len(message) > 2:
            weight.text_bytes += media.text_bytes({k: v for k, v in message.items() if k != "content"})
    return weight


def _weigh_blocks(weight: Weight, found: Sequence[Mapping[str, Any]], where: str) -> None:
    for index, block in enumerate(found):
        here = f"{where}[{index}]"
        kind, inner = block["type"], block.get("content")
        if kind == "image":
            weight.remote |= _image(block["source"], here)
            weight.images += 1
            weight.media_tokens_max += media.tokens_max(str(block["source"].get("data") or ""))
        elif kind == "document":
            _document(weight, block, here)
        elif kind == "tool_result" and isinstance(inner, list):
            _weigh_blocks(weight, inner, f"{here}.content")
            weight.text_bytes += media.text_bytes({k: v for k, v in block.items() if k != "content"})
        else:
            weight.text_bytes += media.text_bytes(block)


def _image(source: Mapping[str, Any], where: str) -> bool:
    """Checks one image; True when the provider itself would have to fetch it."""
    kind = source.get("type")
    if kind == "base64":
        data = source.get("data")
        if not isinstance(data, str):
            raise invalid("invalid_image", f"'{where}.source.data' must be a string.", where)
        media.check_inline(data, where, len(data))
    elif kind == "url":
        _address(source, where)
    return kind == "url"


def _address(source: Mapping[str, Any], where: str) -> None:
    url = source.get("url")
    if not isinstance(url, str):
        raise invalid("invalid_image_url", f"'{where}.source.url' must be a string.", where)
    media.check_remote(url, where)


def _document(weight: Weight, block: Mapping[str, Any], where: str) -> None:
    source = block["source"]
    kind, inner = source.get("type"), source.get("content")
    if kind == "content" and isinstance(inner, list):
        _blocks(inner, f"{where}.source.content")
        _weigh_blocks(weight, inner, f"{where}.source.content")
        return
    size = media.text_bytes(block)
    if kind in ("url", "file"):
        weight.media_tokens_max += REMOTE_DOCUMENT_TOKENS
        weight.text_bytes += size
        if kind == "url":
            _address(source, where)
            weight.remote = True
    elif kind == "base64":
        weight.media_tokens_max += PDF_TOKENS_PER_BYTE * size
    else:
        weight.text_bytes += size
