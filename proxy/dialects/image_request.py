"""POST /v1/images/generations, /v1/images/edits and CloudGPT's /api/image: a body becomes a Call.

Source: openai-python 3.x `ImageGenerateParams`, `ImageEditParams`; CloudGPT's documentation. Fields that
decide money, routing or the form of the answer are checked here; the rest passes to an upstream of the same
dialect untouched.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from proxy.call import Call, Part
from proxy.dialects import fields, form, json_body, media
from proxy.errors import ApiError, invalid

PROMPT_MAX: Final = 32_000
COPIES_MAX: Final = 10
SOURCES_MAX: Final = 16
SIDE_LEAST, SIDE_MAX, SIDE_DEFAULT = 64, 8192, 1024
# gpt-image bills a source 65 + 129 per tile, and 6,240 at most for high fidelity; Gemini 1,120.
SOURCE_TOKENS_MAX: Final = 10_000
SEED_LEAST, SEED_MAX = -1, 2**53
_WORD_MAX: Final = 64
_SIZE: Final = re.compile(r"(\d{1,5})x(\d{1,5})", re.ASCII)
_NAMED_SIZES: Final = {"1K": 1024, "2K": 2048, "4K": 4096}
# What the vendors put around a prompt, in tokens: gpt-image reports 7 and more for a single word.
_OVERHEAD: Final = 64
_WEIGHED: Final = frozenset({"model", "prompt"})

Inbound = Mapping[bytes, list[bytes]]


def parse(raw: bytes, inbound: Inbound) -> Call:
    """A request for new pictures. Raises ApiError 400 or 413 before anything has moved."""
    return _call("images", json_body.parse(raw))


def parse_edit(raw: bytes, inbound: Inbound) -> Call:
    """A form with pictures to be changed, and perhaps a mask. Raises ApiError 400 or 413."""
    found = form.parse(raw, inbound)
    typed = form.typed(found.fields, numbers=("n", "seed"), flags=("stream",))
    sources = form.files_of(found.files, "image")
    if not sources:
        raise invalid("missing_required_parameter", "The file 'image' is missing.", "image")
    if len(sources) > SOURCES_MAX:
        raise invalid("invalid_value", f"'image' may be {SOURCES_MAX} files at most.", "image")
    for part in [*sources, *form.files_of(found.files, "mask")]:
        _check_picture(part)
    return _call("image_edits", typed, sent=found.fields, files=found.files)


def parse_plain(raw: bytes, inbound: Inbound) -> Call:
    """CloudGPT's {prompt, model, width, height, seed}, put into OpenAI's words: the answer is one picture."""
    asked = json_body.parse(raw)
    sides = {name: fields.whole(asked, name, SIDE_LEAST, SIDE_MAX) or SIDE_DEFAULT for name in _SIDES}
    body: dict[str, Any] = {
        "model": asked.get("model"),
        "prompt": asked.get("prompt"),
        "n": 1,
        "size": f"{sides['width']}x{sides['height']}",
        "response_format": "b64_json",
        **{name: asked[name] for name in _KEPT if asked.get(name) is not None},
    }
    return _call("api_image", body, sides=sides)


_SIDES: Final = ("width", "height")
_KEPT: Final = ("seed", "provider", "models")  # the last two are addressed to us (proxy/wishes.py)


def size_of(body: Mapping[str, Any]) -> tuple[int, int] | None:
    """Width and height asked for, in pixels; None where that is the model's choice. Raises ApiError 400."""
    size = body.get("size")
    if size is None or size == "auto":
        return None
    if isinstance(size, str) and size in _NAMED_SIZES:
        return _NAMED_SIZES[size], _NAMED_SIZES[size]
    match = _SIZE.fullmatch(size) if isinstance(size, str) else None
    sides = (int(match[1]), int(match[2])) if match else (0, 0)
    if not SIDE_LEAST <= min(sides) <= max(sides) <= SIDE_MAX:
        message = f"'size' must be WIDTHxHEIGHT, {SIDE_LEAST} to {SIDE_MAX} pixels each, or 'auto'."
        raise invalid("invalid_value", message, "size")
    return sides


def _call(  # the one place where what all three share is checked
    kind: str,
    body: dict[str, Any],
    *,
    sent: Mapping[str, Any] | None = None,
    files: tuple[Part, ...] = (),
    sides: Mapping[str, int] | None = None,
) -> Call:
    """`sent`: the form's fields as they go on; `sides`: by the caller's own names."""
    asked = fields.model_name(body)
    prompt = fields.text(body, "prompt", PROMPT_MAX).encode()
    copies = fields.whole(body, "n", 1, COPIES_MAX) or 1
    fields.whole(body, "seed", SEED_LEAST, SEED_MAX)
    fields.choice(body, "response_format", ("url", "b64_json"), "")
    for name in ("quality", "background", "output_format", "style", "user"):
        _check_word(body, name)
    if fields.flag(body, "stream"):
        raise invalid("unsupported_parameter", "Pictures aren't streamed here; leave 'stream' out.", "stream")
    size = size_of(body)
    pictures = SOURCE_TOKENS_MAX * len(files)
    elsewhere = media.text_bytes({name: value for name, value in body.items() if name not in _WEIGHED})
    return Call(
        kind=kind,
        asked=asked,
        body=body if sent is None else sent,
        stream=False,
        wants_usage=False,
        copies=1,
        input_bound=len(prompt) + elsewhere + _OVERHEAD + pictures,
        input_estimate=max(1, len(prompt) // 4) + pictures // 8,
        output_limit=None,
        output_field="",
        needs=frozenset({"vision"}) if files else frozenset(),
        modality="image",
        produces=False,
        units={"image": copies},
        sides=({"size": max(size)} if size else {}) if sides is None else sides,
        files=files,
    )


def _check_word(body: Mapping[str, Any], name: str) -> None:
    value = body.get(name)
    if value is not None and not isinstance(value, str):
        raise invalid("invalid_type", f"'{name}' must be a string.", name)
    if isinstance(value, str) and len(value) > _WORD_MAX and name != "user":
        raise invalid("invalid_value", f"'{name}' may have {_WORD_MAX} characters at most.", name)


def _check_picture(part: Part) -> None:
    if len(part.data) > media.IMAGE_BYTES_MAX:
        message = f"'{part.of}' is over {media.IMAGE_BYTES_MAX // 2**20} MB."
        raise ApiError(413, "image_too_large", message, param=part.of)
    if media.image_kind(part.data) is None:
        raise invalid("invalid_image", f"'{part.of}' is not a PNG, JPEG, GIF or WebP image.", part.of)
    if max(media.image_size(part.data[:65_536])) > media.SIDE_MAX:
        message = f"'{part.of}' is over {media.SIDE_MAX} pixels on a side."
        raise invalid("invalid_image", message, part.of)
