"""Parts of OpenAI messages as Anthropic's content blocks: text, images, files, thinking (api.md §3)."""

import base64
import binascii
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from proxy.bridge import Unsupported

Block = dict[str, Any]

_DATA_URL: Final = re.compile(r"data:([^;,]*)[^,]*;base64,", re.IGNORECASE)
# How base64 of each kind begins. Anthropic looks at the bytes and refuses another name for them.
_BEGINNINGS: Final = {
    "iVBOR": "image/png",
    "/9j/": "image/jpeg",
    "R0lGOD": "image/gif",
    "UklGR": "image/webp",
    "JVBERi": "application/pdf",
}


def text_block(text: Any, part: Mapping[str, Any] | None = None) -> Iterator[Block]:
    """A text block; none for a blank text, which Anthropic refuses. `part`: where it stood."""
    if isinstance(text, str) and text.strip():
        yield {"type": "text", "text": text} | _cached(part or {})


def blocks_of(content: Any) -> list[Block]:
    """A message's content as blocks. Raises Unsupported for audio and for files kept elsewhere."""
    if isinstance(content, str):
        return list(text_block(content))
    parts = content if isinstance(content, list) else ()
    return [block for part in parts if isinstance(part, dict) for block in _block(part)]


def texts(blocks: Iterable[Block]) -> str:
    """All text of some blocks."""
    return "\n\n".join(block["text"] for block in blocks if block["type"] == "text")


def _block(part: Mapping[str, Any]) -> Iterator[Block]:
    match part.get("type"):
        case "text" | "input_text" | "output_text":
            yield from text_block(part.get("text"), part)
        case "refusal":
            yield from text_block(part.get("refusal"), part)
        case "image_url":
            yield from _image(part)
        case "file":
            yield from _file(part)
        case "input_audio":
            raise Unsupported("messages", "This model takes no audio.")
        case "thinking" if isinstance(part.get("signature"), str) and part["signature"]:
            thought = part.get("thinking")
            told = thought if isinstance(thought, str) else ""
            yield {"type": "thinking", "thinking": told, "signature": part["signature"]}
        case "redacted_thinking" if isinstance(part.get("data"), str):
            yield {"type": "redacted_thinking", "data": part["data"]}


def _image(part: Mapping[str, Any]) -> Iterator[Block]:
    image = part.get("image_url")
    url = image.get("url") if isinstance(image, dict) else image
    if isinstance(url, str) and url:
        yield {"type": "image", "source": _source(url)} | _cached(part)


def _file(part: Mapping[str, Any]) -> Iterator[Block]:
    """A file inside the message: a picture as an image, a text or PDF as a document."""
    file = part.get("file")
    data = file.get("file_data") if isinstance(file, dict) else None
    if not isinstance(file, dict) or not isinstance(data, str) or not data or _is_address(data):
        raise Unsupported("messages", "This model takes files only inside the message, as 'file_data'.")
    source = _source(data)
    if str(source.get("media_type", "")).startswith("image/"):
        yield {"type": "image", "source": source} | _cached(part)
        return
    if str(source.get("media_type", "")).startswith("text/"):
        source = {"type": "text", "media_type": "text/plain", "data": _decoded(source["data"])}
    name = file.get("filename")
    title = {"title": name[:500]} if isinstance(name, str) and name else {}
    yield {"type": "document", "source": source} | title | _cached(part)


def _source(url: str) -> Block:
    """Base64 with its true kind, or an address that Anthropic fetches."""
    if _is_address(url):
        return {"type": "url", "url": url}
    match = _DATA_URL.match(url)
    data = url[match.end() :] if match else url
    named = match[1].lower() if match else ""
    kind = next((kind for start, kind in _BEGINNINGS.items() if data.startswith(start)), named)
    return {"type": "base64", "media_type": kind or "application/pdf", "data": data}


def _is_address(url: str) -> bool:
    return url.lower().startswith(("https:", "http:"))


def _decoded(data: str) -> str:
    try:
        return base64.b64decode(data).decode("utf-8", "replace")
    except (binascii.Error, ValueError):
        raise Unsupported("messages", "A file's 'file_data' is not base64.") from None


def _cached(part: Mapping[str, Any]) -> Block:
    """The mark up to which the prompt shall be cached, where a client of Anthropic's habits set one."""
    mark = part.get("cache_control")
    return {"cache_control": mark} if isinstance(mark, dict) else {}
