"""How heavy a prompt can be: bytes of its text, and the most tokens that its images, sounds and files cost.

An upper bound that needs no tokenizer: a byte-level BPE never makes more tokens than there are UTF-8 bytes.
"""

import base64
import binascii
import ipaddress
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import orjson

from proxy.errors import ApiError, invalid

IMAGE_BYTES_MAX = 20 * 1024 * 1024
SIDE_MAX = 16_384
# OpenAI bills gpt-4o-mini 2,833 + 5,667 per 512-px tile, eight tiles at most: no vendor has a dearer image,
# unless it is so long and narrow that Gemini cuts it into more tiles than that.
IMAGE_TOKENS_MAX = 2_833 + 8 * 5_667
_GEMINI_TILE = 258
_MAGIC = {b"\x89PNG\r\n\x1a\n": b"image/png", b"\xff\xd8\xff": b"image/jpeg", b"GIF8": b"image/gif"}
# What comes last in a picture, but for a little padding.
_END = {b"image/png": b"IEND", b"image/jpeg": b"\xff\xd9"}
# IPv4 inside IPv6, where Python doesn't look: NAT64 (RFC 6052) and IPv4-compatible (RFC 4291 §2.5.5.1).
_EMBEDDING = (ipaddress.IPv6Network("64:ff9b::/96"), ipaddress.IPv6Network("::/96"))


@dataclass(frozen=True, slots=True)
class Weight:
    text_bytes: int = 0
    media_tokens_max: int = 0
    images: int = 0
    remote: bool = False


def text_bytes(value: Any) -> int:
    """UTF-8 bytes of a JSON value as it is sent."""
    return len(orjson.dumps(value))


def weigh(messages: Sequence[Mapping[str, Any]]) -> Weight:
    """The weight of a whole conversation. Raises ApiError for an image that no provider may be sent."""
    text = media = images = 0
    remote = False
    for index, message in enumerate(messages):
        content = message.get("content")
        if isinstance(content, str):
            text += len(content) if content.isascii() else len(content.encode())
            if len(message) > 2:
                text += text_bytes({name: value for name, value in message.items() if name != "content"})
            continue
        text += text_bytes({name: value for name, value in message.items() if name != "content"})
        for place, part in enumerate(content or ()):
            kind = part["type"]
            if kind == "image_url":
                remote |= _image(part, f"messages[{index}].content[{place}]")
                images += 1
                media += tokens_max(_encoded(part))
            elif kind in ("input_audio", "file"):
                # 32 tokens a second (Gemini, the dearest) at 8 kbit/s (the tightest codec); a file's text
                # can't be more tokens than its encoded bytes.
                size = text_bytes(part)
                media += size // 32 + 64 if kind == "input_audio" else size
            else:
                text += text_bytes(part)
    return Weight(text, media, images, remote)


def _image(part: Mapping[str, Any], where: str) -> bool:
    image = part.get("image_url")
    return check_image(image.get("url") if isinstance(image, dict) else image, where)


def _encoded(part: Mapping[str, Any]) -> str:
    image = part.get("image_url")
    url = image.get("url") if isinstance(image, dict) else image
    return url.partition(",")[2] if isinstance(url, str) and url.startswith("data:") else ""


def tokens_max(encoded: str) -> int:
    """Tokens that an image in base64 can't exceed at any vendor; nothing of it for one that is elsewhere."""
    width, height = pixels("," + encoded)
    # ai.google.dev/gemini-api/docs/image-understanding: tiles of two thirds of the shorter side.
    unit = max(1, min(width, height) * 2 // 3)
    return max(IMAGE_TOKENS_MAX, _GEMINI_TILE * (-(-width // unit) * -(-height // unit)))


def check_image(url: Any, where: str) -> bool:
    """True when the provider itself would have to fetch it. Raises ApiError for what none may be sent."""
    if not isinstance(url, str):
        raise invalid("invalid_image_url", f"The address of '{where}' must be a string.", where)
    if url.startswith("data:"):
        head, _, encoded = url.partition(",")
        check_inline(encoded if ";base64" in head else "", where, len(url))
        return False
    check_remote(url, where)
    return True


def check_remote(url: str, where: str) -> None:
    """Raises ApiError for an address that no provider may be asked to fetch."""
    if not _public(url):
        raise invalid(
            "invalid_image_url", f"'{where}' must be a public https:// address or a data: URL.", where
        )


def check_inline(encoded: str, where: str, size: int) -> None:
    """An image in base64. Raises ApiError 413 past 20 MB (`size` characters), 400 if it is no image."""
    if size > IMAGE_BYTES_MAX * 4 // 3:
        raise ApiError(
            413, "image_too_large", f"'{where}' is over {IMAGE_BYTES_MAX // 2**20} MB.", param=where
        )
    try:
        start = base64.b64decode(encoded[:87_384], validate=True)
    except (binascii.Error, ValueError):
        start = b""
    if _kind(start) is None:
        raise invalid("invalid_image", f"'{where}' is not a PNG, JPEG, GIF or WebP image.", where)
    if max(image_size(start)) > SIDE_MAX:
        raise invalid("invalid_image", f"'{where}' is over {SIDE_MAX} pixels on a side.", where)


def image_kind(data: bytes) -> bytes | None:
    """Content type of a picture that is here to its end; None for anything else."""
    kind = _kind(data)
    if kind is None or _END.get(kind, b"") not in data[-64:]:
        return None
    whole = kind != b"image/webp" or int.from_bytes(data[4:8], "little") + 8 <= len(data)
    return kind if whole else None


def _kind(start: bytes) -> bytes | None:
    if start.startswith(b"RIFF") and start[8:12] == b"WEBP":
        return b"image/webp"
    return next((kind for magic, kind in _MAGIC.items() if start.startswith(magic)), None)


def pixels(url: str) -> tuple[int, int]:
    """Width and height of an image in a data: URL; (0, 0) when its first bytes don't tell."""
    try:
        return image_size(base64.b64decode(url.partition(",")[2][:87_384], validate=True))
    except (binascii.Error, ValueError):
        return 0, 0


def image_size(start: bytes) -> tuple[int, int]:
    """Width and height from an image's first bytes; (0, 0) when they don't tell."""
    if start.startswith(b"\x89PNG") and len(start) >= 24:
        width, height = struct.unpack(">II", start[16:24])
        return width, height
    if start.startswith(b"GIF8") and len(start) >= 10:
        width, height = struct.unpack("<HH", start[6:10])
        return width, height
    if start.startswith(b"\xff\xd8"):
        return _jpeg_size(start)
    return _webp_size(start) if _kind(start) == b"image/webp" and len(start) >= 30 else (0, 0)


def _webp_size(start: bytes) -> tuple[int, int]:
    """RFC 9649 §2.5–2.7: extended, lossless, lossy."""
    if start[12:16] == b"VP8X":
        return int.from_bytes(start[24:27], "little") + 1, int.from_bytes(start[27:30], "little") + 1
    if start[12:16] == b"VP8L":
        packed = int.from_bytes(start[21:25], "little")
        return (packed & 0x3FFF) + 1, (packed >> 14 & 0x3FFF) + 1
    width, height = struct.unpack("<HH", start[26:30])
    return width & 0x3FFF, height & 0x3FFF


def _jpeg_size(start: bytes) -> tuple[int, int]:
    """Walks the segments to the frame header (ISO/IEC 10918-1 B.2.2)."""
    at = 2
    while at + 9 < len(start) and start[at] == 0xFF:
        marker, length = start[at + 1], int.from_bytes(start[at + 2 : at + 4])
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack(">HH", start[at + 5 : at + 9])
            return width, height
        at += 2 + max(2, length)
    return 0, 0


def _public(url: str) -> bool:
    """Whether a provider may be asked to fetch this: nothing that points into a private network.

    The gateway itself never fetches a caller's address, so no name is resolved here.
    """
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").rstrip(".").lower()
    except ValueError:
        return False
    if parts.scheme not in ("https", "http") or not host or parts.username is not None:
        return False
    try:
        return _routable(ipaddress.ip_address(host))
    except ValueError:
        pass
    # 2130706433, 0x7f.1 and 0177.0.0.1 are addresses too for the resolvers of other languages.
    last = host.rpartition(".")[2]
    if "." not in host or last.isdigit() or last.startswith("0x"):
        return False
    return not host.endswith((".localhost", ".local", ".internal", ".home.arpa", ".lan"))


def _routable(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    """Whether an address is one host's on the public internet."""
    if isinstance(address, ipaddress.IPv6Address) and any(address in network for network in _EMBEDDING):
        address = ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.is_global and not address.is_multicast
