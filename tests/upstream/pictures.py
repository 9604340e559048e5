"""Pictures: OpenAI's images endpoints and Pollinations' addresses answer real PNGs of the size asked for."""

import base64
import hashlib
import json
import re
import struct
import time
import zlib
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, unquote

from python_multipart.multipart import parse_form

from tests.upstream import chat
from tests.upstream.plan import Plan
from tests.upstream.wire import Request

SIZE = (64, 64)  # where nobody asked for one
TOKENS_PER_PICTURE = 272


def read_form(request: Request) -> dict[str, Any]:
    """A form's fields, and under `files` what was sent as [field, file name, content type, size, digest]."""
    headers = {name.title(): value.encode() for name, value in request.headers}
    fields: dict[str, Any] = {}
    files: list[list[Any]] = []

    def on_field(field: Any) -> None:
        fields[field.field_name.decode()] = (field.value or b"").decode()

    def on_file(file: Any) -> None:
        file.file_object.seek(0)
        data = file.file_object.read()
        digest = hashlib.sha256(data).hexdigest()
        names = (file.field_name.decode(), file.file_name.decode(), file.content_type)
        files.append([*names, len(data), digest])

    parse_form(headers, _Whole(request.body), on_field, on_file)
    return fields | {"files": files}


class _Whole:
    """A body as the file that parse_form reads."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def read(self, size: int) -> bytes:
        data, self._body = self._body[:size], self._body[size:]
        return data


def read_address(request: Request) -> dict[str, Any]:
    """Prompt and query of /image/{prompt}."""
    path, _, query = request.target.partition("?")
    return dict(parse_qsl(query)) | {"prompt": unquote(path.rpartition("/image/")[2])}


def wishes(body: dict[str, Any], path: str) -> dict[str, Any]:
    """The prompt as a user's message."""
    prompt = str(body.get("prompt", ""))
    return {"model": body.get("model"), "messages": [{"role": "user", "content": prompt}]}


def compose(plan: Plan, body: dict[str, Any]) -> chat.Answer:
    """As many pictures as asked for; `completion_tokens` of the plan is what they are said to weigh."""
    count = int(body.get("n") or 1)
    weight = TOKENS_PER_PICTURE * count if plan.completion_tokens is None else plan.completion_tokens
    return chat.Answer(
        id="",
        created=int(time.time()),
        model=str(body.get("model")),
        choices=count,
        tokens=(),
        finish="",
        prompt_tokens=chat.prompt_tokens(plan, wishes(body, "")),
        completion_tokens=weight,
    )


def whole(plan: Plan, answer: chat.Answer, body: dict[str, Any]) -> bytes:
    """OpenAI's ImagesResponse. `text` of the plan says how many of the pictures come."""
    count = answer.choices if plan.text is None else int(plan.text)
    pictures = [_item(body, place) for place in range(count)]
    reply: dict[str, Any] = {"created": answer.created, "model": answer.model, "data": pictures}
    if (usage := reported_usage(plan, answer, body)) is not None:
        reply["usage"] = usage
    return json.dumps(reply).encode()


def _item(body: dict[str, Any], place: int) -> dict[str, Any]:
    if body.get("response_format") == "url":
        return {"url": f"https://pictures.invalid/{place}.png", "revised_prompt": 'a "model": indeed'}
    encoded = base64.b64encode(png(_size(body), f"{body.get('prompt')}{body.get('seed')}{place}")).decode()
    return {"b64_json": encoded}


def bare(plan: Plan, answer: chat.Answer, body: dict[str, Any]) -> bytes:
    """The picture itself."""
    return png(_size(body), f"{body.get('prompt')}{body.get('seed')}0")


def reported_usage(plan: Plan, answer: chat.Answer, body: dict[str, Any]) -> dict[str, Any] | None:
    """Tokens under the images endpoints' names; only gpt-image models report any."""
    usage = chat.reported_usage(plan, answer, body)
    if usage is None or "paint" in answer.model:
        return None
    return {
        "input_tokens": usage["prompt_tokens"],
        "output_tokens": usage["completion_tokens"],
        "total_tokens": usage["total_tokens"],
        "input_tokens_details": {"text_tokens": usage["prompt_tokens"], "image_tokens": 0},
    }


def no_chunks(plan: Plan, answer: chat.Answer, body: dict[str, Any]) -> Iterator[tuple[int, bytes]]:
    """Nothing here is streamed."""
    return iter(())


def png(size: tuple[int, int], seed: str) -> bytes:
    """A PNG in one colour that the seed decides (W3C PNG, colour type 3)."""
    width, height = size
    colour = hashlib.sha256(seed.encode()).digest()[:3]
    parts = (
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)),
        (b"PLTE", colour),
        (b"IDAT", zlib.compress((b"\0" * (width + 1)) * height, 1)),
        (b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*part) for part in parts)


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def _size(body: dict[str, Any]) -> tuple[int, int]:
    if body.get("width"):
        return int(body["width"]), int(body["height"])
    match = re.fullmatch(r"(\d+)x(\d+)", str(body.get("size", "")))
    return (int(match[1]), int(match[2])) if match else SIZE
